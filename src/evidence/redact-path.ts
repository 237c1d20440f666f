/** Pseudonyms for paths: component by component, so that groups of paths stay the groups they were. */
import { redactCgroupPath } from './redact-cgroup.ts';
import type { Words } from './redact-words.ts';
import type { ByteString } from './types.ts';

/** Directories every system has, kept at depth 1 and 2. With digit runs as `*`: lib64 and lib7 are alike to a path template. */
const STANDARD = new Set([
  'var', 'tmp', 'usr', 'lib', 'lib*', 'log', 'run', 'home', 'opt', 'srv', 'etc', 'data', 'bin', 'sbin', 'proc', 'dev', 'sys', 'shm',
  'local', 'share', 'cache', 'spool', 'mnt', 'media', 'root',
]);

const DELETED = ' (deleted)';
/** Names the kernel gives: anon_inode:[eventpoll], socket:[1], net:[4026531833]. */
const KERNEL_NAME = /^(?:anon_inode:|[a-z_]+:\[\d+\]$)/;
const DEVICE = /^\/dev\/(?:[^/]+|(?:pts|net|input|snd|bus|cpu|dri|vfio|infiniband)\/[^/]+)$/;
/** User-named things live in these, everything else under /proc and /sys has its name from the kernel. */
const KERNEL_TREE = /^\/(?:proc|sys)(?:\/|$)(?!fs\/bpf\/)/;
const CGROUPS = '/sys/fs/cgroup/';
const NAME_IN_MEMORY = /^\/(?:memfd:|secretmem)/;
const UNREACHABLE = '(unreachable)';

/** The link in every volume that Kubernetes projects. */
const KUBERNETES_DATA = '..data';

/** What a server calls the pid file of the generation that it replaces. */
const OLD_PID_FILE = '.oldbin';

/** Letters an extension may have to be kept. Digits do not count: paths that differ in digits only stay alike. */
const EXTENSION_LETTERS = 8;

/**
 * A link target or path of the kernel's. Equal paths stay equal and different ones different; so do their templates with
 * digit runs taken out. Kept: separators, digit runs, a short extension of the last component, kernel names, devices.
 */
export function redactPath(words: Words, path: ByteString): ByteString {
  if (path.endsWith(DELETED)) return redactPath(words, path.slice(0, -DELETED.length)) + DELETED;
  if (path.startsWith(UNREACHABLE)) return UNREACHABLE + redactPath(words, path.slice(UNREACHABLE.length));
  if (path.startsWith(CGROUPS)) return CGROUPS + redactCgroupPath(words, path.slice(CGROUPS.length));
  if (KERNEL_NAME.test(path) || DEVICE.test(path) || KERNEL_TREE.test(path)) return path;
  const inMemory = NAME_IN_MEMORY.exec(path);
  if (inMemory !== null) return inMemory[0] + words.text(path.slice(inMemory[0].length));
  const absolute = path.startsWith('/');
  const components = path.split('/');
  return components
    .map((component, depth) => {
      if (component === KUBERNETES_DATA) return component;
      if (absolute && depth <= 2 && STANDARD.has(component.replace(/\d+/g, '*'))) return component;
      return depth === components.length - 1 ? redactFileName(words, component) : words.text(component);
    })
    .join('/');
}

function redactFileName(words: Words, name: string): string {
  // It is asked for by the name of the pid file, whose pseudonym is known.
  if (name.endsWith(OLD_PID_FILE)) return redactFileName(words, name.slice(0, -OLD_PID_FILE.length)) + OLD_PID_FILE;
  const dot = name.lastIndexOf('.');
  const extension = name.slice(dot + 1);
  const isExtension = dot > 0 && /^[A-Za-z0-9]+$/.test(extension) && extension.replace(/\d/g, '').length <= EXTENSION_LETTERS;
  return isExtension ? words.text(name.slice(0, dot + 1)) + extension : words.text(name);
}
