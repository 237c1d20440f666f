/** How many inotify watches the kernel would still give a user: only it knows what is used where we may not look. */
import { closeSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { errnoOf } from '../errno.ts';
import { check, type Libc } from './libc.ts';
import { callNumber } from './numbers.ts';

const CLOEXEC = 0o2000000;
/** IN_DELETE_SELF | IN_DONT_FOLLOW: what is watched here is not deleted, so that no event comes. */
const QUIET = 0x400 | 0x2000000;
/** Made by the kernel, or where programs lie: on this host, or nothing would run. */
const ROOTS = ['/proc/sys', '/sys', '/usr', '/etc'];
/** The same things are watched by each of them: a watch counts once per instance. */
const MOST_INSTANCES = 8;

/**
 * Makes instances of our own, adds watches until there are `wanted` or the kernel refuses, and closes them: returns how many there were.
 * 2 us each; the inodes stay in memory meanwhile.
 *
 * @param as makes the instance as that user, who is charged for its watches: see asUser
 * Throws ENOTSUP when something else ran out first: instances, our own descriptors, things to watch.
 */
export function tryWatches(libc: Libc, wanted: number, as: <T>(action: () => T) => T): number {
  const instances: number[] = [];
  const open = (): number => {
    const fd = as(() => Number(libc.syscall(callNumber('inotifyInit1'), CLOEXEC)));
    if (fd < 0) throw notSupported();
    instances.push(fd);
    return fd;
  };
  try {
    let made = 0;
    const paths: Buffer[] = [];
    let fd = open();
    let wds = new Set<number>();
    /** False when the kernel refuses. */
    const add = (path: Buffer): boolean => {
      try {
        wds.add(check(libc, 'inotify_add_watch', libc.syscall(callNumber('inotifyAddWatch'), fd, path, QUIET)));
        return true;
      } catch (error) {
        return errnoOf(error) !== 'ENOSPC';
      }
    };
    for (const path of things()) {
      if (made + wds.size >= wanted) return wanted;
      const bytes = Buffer.from(`${path}\0`);
      if (!add(bytes)) return wds.size;
      paths.push(bytes);
    }
    while (instances.length < MOST_INSTANCES) {
      made += wds.size;
      wds = new Set();
      fd = open();
      for (const path of paths) {
        if (made + wds.size >= wanted) return wanted;
        if (!add(path)) return made + wds.size;
      }
    }
    if (made + wds.size >= wanted) return wanted;
    throw notSupported();
  } finally {
    for (const fd of instances) closeSync(fd);
  }
}

function notSupported(): Error {
  return Object.assign(new Error('something else ran out'), { code: 'ENOTSUP' });
}

/** Files and directories, never through links nor into what is mounted below, which may be of another host. */
function* things(): Generator<string> {
  const mounted = new Set(readFileSync('/proc/self/mountinfo', 'latin1').split('\n').map((line) => line.split(' ')[4]));
  const todo = ROOTS.filter((path) => isOwn(path));
  for (let at = 0; at < todo.length; at++) {
    const directory = todo[at]!;
    let entries: ReturnType<typeof list>;
    try {
      entries = list(directory);
    } catch {
      continue;
    }
    yield directory;
    for (const entry of entries) {
      const path = `${directory}/${entry.name}`;
      if (mounted.has(path) || entry.isSymbolicLink()) continue;
      if (entry.isDirectory()) todo.push(path);
      else yield path;
    }
  }
}

function list(directory: string) {
  return readdirSync(directory, { withFileTypes: true });
}

function isOwn(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
