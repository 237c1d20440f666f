/** What a process got from whoever started it, apart from descriptors: each thing by name, as text that can be compared. */
import type { ByteString, Evidence } from '../evidence/types.ts';
import { parseEnviron } from '../kernel/proc/environ.ts';
import { parseImage } from '../kernel/proc/image.ts';
import { parseLimits } from '../kernel/proc/all-limits.ts';
import { wholeLine, wholeLines, words } from '../kernel/proc/scan.ts';
import { parseSignals, signalNames } from '../kernel/proc/signals.ts';
import { decodeText } from '../kernel/text.ts';
import type { Aspect, ContextItem } from './model.ts';

/** Lines of /proc/PID/status that are compared as they are. */
const STATUS: readonly (readonly [label: string, name: string, aspect: Aspect])[] = [
  ['Umask:', 'umask', 'files'],
  ['Uid:', 'uid', 'rights'],
  ['Gid:', 'gid', 'rights'],
  ['Groups:', 'groups', 'rights'],
  ['CapInh:', 'inheritable capabilities', 'rights'],
  ['CapPrm:', 'permitted capabilities', 'rights'],
  ['CapEff:', 'effective capabilities', 'rights'],
  ['CapBnd:', 'capability bounding set', 'rights'],
  ['CapAmb:', 'ambient capabilities', 'rights'],
  ['NoNewPrivs:', 'no_new_privs', 'rights'],
  ['Seccomp:', 'seccomp mode', 'rights'],
  ['Seccomp_filters:', 'seccomp filters', 'rights'],
  ['Cpus_allowed_list:', 'cpu affinity', 'scheduling'],
  ['Mems_allowed_list:', 'memory nodes', 'scheduling'],
];
const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'];

export interface Context {
  items: ContextItem[];
  /** Names of variables and their values, which never leave the comparison; absent: unreadable. */
  environ?: Map<string, ByteString>;
  /** errnos by what could not be read. */
  unread: Map<string, string>;
  /** See ProcImage. */
  placed: string;
}

/** Of a process of this host, or of a tape of it. */
export async function readContext(evidence: Evidence, pid: number): Promise<Context> {
  const base = `/proc/${pid}`;
  const items: ContextItem[] = [];
  const unread = new Map<string, string>();
  const add = (aspect: Aspect, name: string, value: string | undefined, source: string): void => {
    if (value !== undefined) items.push({ aspect, name, value, source });
  };
  const text = (path: string): ByteString => {
    const { value, errno } = evidence.read(path);
    if (errno !== undefined) unread.set(path, errno);
    return value ?? '';
  };

  const status = text(`${base}/status`);
  for (const [label, name, aspect] of STATUS) add(aspect, name, compact(wholeLine(status, label)), `${base}/status`);
  const masks = parseSignals(status);
  if (masks) {
    add('signals', 'ignored signals', signalNames(masks.ignored).join(' '), `${base}/status`);
    add('signals', 'blocked signals', signalNames(masks.blocked).join(' '), `${base}/status`);
    add('signals', 'caught signals', signalNames(masks.caught).join(' '), `${base}/status`);
  }
  const image = parseImage(text(`${base}/stat`));
  add('scheduling', 'nice', image?.nice.toString(), `${base}/stat`);
  add('scheduling', 'oom_score_adj', compact(text(`${base}/oom_score_adj`)) || undefined, `${base}/oom_score_adj`);
  for (const [name, { soft, hard }] of parseLimits(text(`${base}/limits`))) {
    add('limits', name.replace('Max ', 'limit of '), `${soft ?? 'unlimited'}:${hard ?? 'unlimited'}`, `${base}/limits`);
  }
  for (const line of wholeLines(text(`${base}/cgroup`))) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/s.exec(line) ?? [];
    if (path !== undefined) add('place', `cgroup ${controllers === '' ? '(v2)' : controllers!}`, decodeText(path).text, `${base}/cgroup`);
  }
  const link = (aspect: Aspect, name: string, path: string): void => {
    const { value, errno } = evidence.readlink(path);
    if (errno !== undefined && errno !== 'ENOENT') unread.set(path, errno);
    add(aspect, name, value === undefined ? undefined : decodeText(value).text, path);
  };
  for (const name of NAMESPACES) link('place', `${name} namespace`, `${base}/ns/${name}`);
  link('place', 'working directory', `${base}/cwd`);
  link('place', 'root', `${base}/root`);

  const [cmdline, environ] = await evidence.readSlow([`${base}/cmdline`, `${base}/environ`]);
  for (const { source, errno } of [cmdline!, environ!]) if (errno !== undefined) unread.set(source, errno);
  if (cmdline?.value !== undefined) add('arguments', 'arguments', shapeOfArguments(cmdline.value), `${base}/cmdline`);
  return { items, unread, placed: image?.placed ?? '', ...(environ?.value !== undefined && { environ: parseEnviron(environ.value) }) };
}

function compact(line: string | undefined): string | undefined {
  return line === undefined ? undefined : words(line.trim().replaceAll('\t', ' ')).join(' ');
}

/** Options by name; what stands behind them may be a secret, also in a title that was written over them. */
function shapeOfArguments(cmdline: ByteString): string {
  const [program = '', ...rest] = cmdline.split(/[\0 ]+/).filter((word) => word !== '');
  return decodeText([program, ...rest.map((word) => (/^-{1,2}[A-Za-z]/.test(word) ? word.replace(/=.*$/s, '=...') : '...'))].join(' ')).text;
}
