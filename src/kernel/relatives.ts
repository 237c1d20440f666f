/** Who is above and below a few processes, without asking every process of the machine for its parent. */
import type { Evidence } from '../evidence/types.ts';
import { isPid } from './process.ts';
import { parseStat } from './proc/stat.ts';
import { ProcessTree } from './process-tree.ts';

/** Questions for children after which the stat of every process is the cheaper way, as below a parent of thousands of threads. */
const MOST_QUESTIONS = 200;

/**
 * Parents of `targets` and all processes below them, parents first, then nearest first: at most `most`, without init and without
 * the targets themselves.
 */
export function relativesOf(evidence: Evidence, targets: readonly { pid: number; ppid: number; threads: number }[], most: number): number[] {
  const found = new Set<number>();
  const own = new Set(targets.map(({ pid }) => pid));
  const add = (pid: number): void => {
    if (pid > 1 && !own.has(pid) && found.size < most) found.add(pid);
  };
  for (const { ppid } of targets) if (isUserProcess(evidence, ppid)) add(ppid);
  for (const pid of descendants(evidence, targets)) add(pid);
  return [...found];
}

/** All above `pid`, nearest first, without itself. */
export function ancestorsOf(evidence: Evidence, pid: number): number[] {
  // Read one after the other while pids are used again: the links may form a circle.
  const found = new Set([pid]);
  for (const below of found) {
    const stat = parseStat(evidence.read(`/proc/${below}/stat`).value ?? '');
    if (stat && stat.ppid > 0) found.add(stat.ppid);
  }
  found.delete(pid);
  return [...found];
}

/** Kernel threads hold no descriptors and are nobody's workers. */
function isUserProcess(evidence: Evidence, pid: number): boolean {
  if (pid <= 1) return false;
  const stat = parseStat(evidence.read(`/proc/${pid}/stat`).value ?? '');
  return stat !== null && !stat.kernelThread;
}

function descendants(evidence: Evidence, targets: readonly { pid: number; threads: number }[]): Iterable<number> {
  const found = new Set<number>();
  const threads = new Map(targets.map((target) => [target.pid, target.threads]));
  const queue = [...threads.keys()];
  const asked = { left: MOST_QUESTIONS };
  for (const pid of queue) {
    const children = childrenOf(evidence, pid, threads.get(pid), asked);
    if (children === undefined) return byTree(evidence, threads.keys());
    for (const child of children) {
      if (threads.has(child) || found.has(child)) continue;
      found.add(child);
      queue.push(child);
    }
  }
  return found;
}

function byTree(evidence: Evidence, pids: Iterable<number>): Iterable<number> {
  const tree = new ProcessTree(evidence);
  return [...pids].flatMap((pid) => tree.descendants(pid));
}

/**
 * /proc/PID/task/TID/children (fs/proc/array.c, since Linux 3.5 where CONFIG_PROC_CHILDREN is set) lists what this thread started
 * or was given. Undefined: this kernel has no such file, or there are too many threads to ask.
 */
function childrenOf(evidence: Evidence, pid: number, threads: number | undefined, asked: { left: number }): number[] | undefined {
  const isThere = (): boolean => evidence.read(`/proc/${pid}/stat`).errno === undefined;
  const tids = threads === 1 ? [String(pid)] : evidence.list(`/proc/${pid}/task`).value;
  if (!tids) return isThere() ? undefined : [];
  asked.left -= tids.length;
  if (asked.left < 0) return undefined;
  const children: number[] = [];
  for (const tid of tids) {
    const { value, errno } = evidence.read(`/proc/${pid}/task/${tid}/children`);
    // The first thread stays as long as the process does; others may have ended meanwhile.
    if (errno !== undefined && tid === String(pid) && isThere()) return undefined;
    for (const child of (value ?? '').split(' ')) if (isPid(child)) children.push(Number(child));
  }
  return children;
}
