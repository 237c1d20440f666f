/** Threads with a descriptor table of their own (unshare(CLONE_FILES)): /proc/PID/fd shows the leader's only. */
import type { Evidence } from '../../evidence/types.ts';
import type { CoverageLog } from '../coverage.ts';
import { parseStat } from '../proc/stat.ts';
import type { OwnTable, Process } from '../types.ts';
import type { SnapshotOptions } from './options.ts';

/** Asking each thread for its count is one call: cheap, but not for any number of them. */
const MOST_THREADS = 2000;
/** Numbers listed to verify a suspicion: about 100 ms. */
const MOST_LISTED = 200_000;
/** Numbers listed without any suspicion. */
const MOST_COMPARED = 5000;
/**
 * A busy process opens and closes between two reads. Were each number open half of the time, and anew by chance at each read,
 * one in 4 to the power of this would differ each time.
 */
const ROUNDS = 12;

/**
 * Finds them by their counts, which say nothing of a table that happens to be as large as the leader's; then compares the
 * numbers that are open. Call it for processes whose descriptors may be listed.
 * @param thorough compare the numbers of all threads, where these are few: finds tables of the same size, too
 */
export function findOwnTables(evidence: Evidence, process: Process, options: Pick<SnapshotOptions, 'everything' | 'rerun'>, coverage: CoverageLog, thorough = false): OwnTable[] {
  if (process.threads < 2) return [];
  const tasks = `/proc/${process.pid}/task`;
  const tids = (evidence.list(tasks).value ?? []).map(Number).filter((tid) => tid !== process.pid);
  const open = evidence.size(`/proc/${process.pid}/fd`).value;
  if (tids.length === 0 || open === undefined) return [];
  const total = tids.length + 1;
  // What record cannot be told.
  const fix = options.everything ? {} : { fix: `${options.rerun} --threads` };
  if (open === 0) {
    const detail = 'the kernel does not tell how many descriptors a thread has (it does since Linux 6.2)';
    coverage.note({ source: 'tables of threads', status: 'unsupported', seen: 0, total, detail, ...fix, needed: false });
    return [];
  }
  const asked = tids.slice(0, MOST_THREADS);
  const compared = thorough && (asked.length + 1) * open <= MOST_COMPARED;
  const suspects = compared ? asked : asked.filter((tid) => differs(evidence, process.pid, tid));
  const { own, seen } = verify(evidence, process.pid, suspects);
  const complete = asked.length === tids.length && seen === suspects.length;
  const known = 1 + asked.length - (suspects.length - seen);
  coverage.note({
    source: 'tables of threads',
    status: complete ? 'ok' : 'partial',
    seen: known,
    total,
    needed: false,
    ...(!complete && { detail: 'too many to compare them all', ...fix }),
  });
  return own;
}

function differs(evidence: Evidence, pid: number, tid: number): boolean {
  const isOther = (): boolean => {
    const own = evidence.size(`/proc/${pid}/task/${tid}/fd`).value;
    return own !== undefined && own !== evidence.size(`/proc/${pid}/fd`).value;
  };
  return isOther() && isOther();
}

/** Number that is open in one table only: as it is when it is the thread's, as its complement when it is the leader's. */
type Difference = number;

function verify(evidence: Evidence, pid: number, suspects: readonly number[]): { own: OwnTable[]; seen: number } {
  const left = new Map<number, { differences?: Set<Difference>; open: number }>(suspects.map((tid) => [tid, { open: 0 }]));
  let budget = MOST_LISTED;
  for (let round = 0; round < ROUNDS && left.size > 0; round++) {
    const order = [pid, ...left.keys()];
    // What opens and closes in step with our reading would look different each time if we always read in one order.
    if (round % 2 === 1) order.reverse();
    const open = new Map(order.map((tid) => [tid, numbersIn(evidence, tid === pid ? `/proc/${pid}/fd` : `/proc/${pid}/task/${tid}/fd`)]));
    for (const [tid, { differences: before }] of left) {
      const [leader, thread] = [open.get(pid), open.get(tid)];
      const now = leader && thread && differencesOf(leader, thread);
      const differences = now && inBoth(before ?? now, now);
      if (differences?.size && thread) left.set(tid, { differences, open: thread.size });
      else left.delete(tid);
    }
    for (const numbers of open.values()) budget -= numbers?.size ?? 0;
    if (budget < 0) return { own: [], seen: 0 };
  }
  const own = [...left].map(([tid, { open }]) => ({
    tid,
    comm: parseStat(evidence.read(`/proc/${pid}/task/${tid}/stat`).value ?? '')?.comm ?? '',
    open,
  }));
  return { own, seen: suspects.length };
}

function numbersIn(evidence: Evidence, directory: string): Set<number> | undefined {
  const listed = evidence.list(directory).value;
  return listed && new Set(listed.map(Number));
}

function differencesOf(leader: ReadonlySet<number>, thread: ReadonlySet<number>): Set<Difference> {
  const found = new Set<Difference>();
  for (const fd of thread) if (!leader.has(fd)) found.add(fd);
  for (const fd of leader) if (!thread.has(fd)) found.add(~fd);
  return found;
}

function inBoth(before: ReadonlySet<Difference>, now: ReadonlySet<Difference>): Set<Difference> {
  return new Set([...before].filter((difference) => now.has(difference)));
}
