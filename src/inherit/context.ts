/** What a process got from whoever started it, apart from descriptors: each thing by name, as text that can be compared. */
import type { Answer, ByteString, Evidence } from '../evidence/types.ts';
import { isAsLaidDown, parseEnviron } from '../kernel/proc/environ.ts';
import { parseImage } from '../kernel/proc/image.ts';
import { parseLimits } from '../kernel/proc/all-limits.ts';
import { wholeLine, wholeLines, words } from '../kernel/proc/scan.ts';
import { parseSignals, type SignalMasks, signalNames } from '../kernel/proc/signals.ts';
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
const MOST_THREADS = 256;
const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'];

export interface Context {
  items: ContextItem[];
  /** Names of variables and their values, which never leave the comparison; absent: unreadable. */
  environ?: Map<string, ByteString>;
  /** The process wrote something over its environment: names may be missing from it. */
  environWritten: boolean;
  /** errnos by what could not be read. */
  unread: Map<string, string>;
  /** See ProcImage. */
  placed: string;
}

/** What is read of class B, and what it is all together then. */
export interface ContextQuestions {
  paths: string[];
  /** See ProcImage. */
  placed: string;
  answered(answers: ReadonlyMap<string, Answer<ByteString>>): Context;
}

/** Of a process of this host, or of a tape of it: what class A tells, at once. */
export function askContext(evidence: Evidence, pid: number): ContextQuestions {
  const base = `/proc/${pid}`;
  const items: ContextItem[] = [];
  const unread = new Map<string, string>();
  const add = (aspect: Aspect, name: string, value: string | undefined, source: string, named: boolean | undefined = false): void => {
    if (value !== undefined) items.push({ aspect, name, value, source, ...(named && { named: true as const }) });
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
    masks.blocked = blockedInAll(evidence, pid, masks);
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
    if (path !== undefined) add('place', `cgroup ${controllers === '' ? '(v2)' : controllers!}`, decodeText(path).text, `${base}/cgroup`, path !== '/');
  }
  const link = (aspect: Aspect, name: string, path: string): void => {
    const { value, errno } = evidence.readlink(path);
    if (errno !== undefined && errno !== 'ENOENT') unread.set(path, errno);
    // That of a namespace is a number.
    add(aspect, name, value === undefined ? undefined : decodeText(value).text, path, value !== '/' && value?.startsWith('/'));
  };
  for (const name of NAMESPACES) {
    link('place', `${name} namespace`, `${base}/ns/${name}`);
    const host = evidence.readlink(`/proc/1/ns/${name}`).value;
    const last = items.at(-1);
    if (host !== undefined && last?.name === `${name} namespace`) last.isHost = last.value === host;
  }
  link('place', 'working directory', `${base}/cwd`);
  link('place', 'root', `${base}/root`);

  const placed = image?.placed ?? '';
  const paths = [`${base}/cmdline`, `${base}/environ`];
  const answered = (answers: ReadonlyMap<string, Answer<ByteString>>): Context => {
    const [cmdline, environ] = paths.map((path) => answers.get(path));
    for (const answer of [cmdline, environ]) if (answer?.errno !== undefined) unread.set(answer.source, answer.errno);
    if (cmdline?.value !== undefined) add('arguments', 'arguments', shapeOfArguments(cmdline.value), `${base}/cmdline`, true);
    return { items, unread, placed, environWritten: !isAsLaidDown(environ?.value ?? ''), ...(environ?.value !== undefined && { environ: parseEnviron(environ.value) }) };
  };
  return { paths, placed, answered };
}

/** A signal to a process goes to any thread that does not block it: Go, and who has a thread for signals, block them in some on purpose. */
function blockedInAll(evidence: Evidence, pid: number, { blocked }: SignalMasks): bigint {
  const tids = (evidence.list(`/proc/${pid}/task`).value ?? []).filter((tid) => tid !== String(pid)).slice(0, MOST_THREADS);
  return tids.reduce((all, tid) => {
    const masks = all === 0n ? null : parseSignals(evidence.read(`/proc/${pid}/task/${tid}/status`).value ?? '');
    return masks ? all & masks.blocked : all;
  }, blocked);
}

function compact(line: string | undefined): string | undefined {
  return line === undefined ? undefined : words(line.trim().replaceAll('\t', ' ')).join(' ');
}

/** Options by name; what stands behind them may be a secret, also in a title that was written over them. */
function shapeOfArguments(cmdline: ByteString): string {
  const [program = '', ...rest] = cmdline.split(/[\0 ]+/).filter((word) => word !== '');
  return decodeText([program, ...rest.map((word) => (/^-{1,2}[A-Za-z]/.test(word) ? word.replace(/=.*$/s, '=...') : '...'))].join(' ')).text;
}
