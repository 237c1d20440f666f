/** Takes the samples of a watch, on the monotonic clock, until the window ends, the process does, or the user stops it. */
import type { Evidence } from '../../evidence/types.ts';
import { isOutOfDescriptors } from '../../kernel/own-limits.ts';
import { parseOpenFilesLimit } from '../../kernel/proc/limits.ts';
import { readProcess, stillThere } from '../../kernel/process.ts';
import type { Fd, FdLimit, Process } from '../../kernel/types.ts';
import { Course, Lives, type Member } from '../../series/index.ts';
import { FdCensus } from './census.ts';
import type { WatchOptions } from './options.ts';
import { sorting } from './trends.ts';

export interface Watched {
  lives: Lives<Fd>;
  /** Descriptors of each process in its last sample: of those that are there at the end, or, when none is, of those that ended together. */
  last: { process: Process; fds: Fd[] }[];
  windowMs: number;
  /** Processes that ended, or whose pid became another's, meanwhile. */
  gone: { pid: number; how: 'gone' | 'reused' }[];
  /** Processes that belong to the target since they came, meanwhile. */
  come: number[];
  /** Soft limits that changed while watching. */
  limitChanges: { pid: number; from: FdLimit; to: FdLimit }[];
  /** Samples that took longer than the interval. */
  late: number;
  /** Samples that were refused, and why. */
  refused: { count: number; errno?: string };
  /** Connections that the other side hung up meanwhile: they ended as such, and began as hung up ones. */
  hungUp: number;
  stopped: boolean;
  /** How many were open at each sample, ms from the first. */
  course: Course;
}

export interface Progress {
  elapsedMs: number;
  open: number;
  atStart: number;
  /** What is known until now; of the processes that are there the soft limit, when there is one process. */
  soFar: Watched;
  limit: number | null;
}

/** Of the time of a watch, for each process: what remains is for the samples themselves. */
const TABLE_PART = 0.2;
/** Time spent on asking who belongs to the target is kept below this part of the watch. */
const RENEWAL_PART = 0.05;

/**
 * Never throws because of what the target does.
 * @param renew who belongs to the target now; undefined when that cannot change
 */
export async function watch(
  evidence: Evidence,
  processes: readonly Process[],
  renew: (() => readonly number[]) | undefined,
  options: WatchOptions,
  signal: AbortSignal,
  progress: (progress: Progress) => void,
): Promise<Watched> {
  const result: Watched = {
    lives: new Lives(sorting), last: [], windowMs: 0, gone: [], limitChanges: [], come: [], late: 0, refused: { count: 0 }, hungUp: 0, stopped: false, course: new Course(),
  };
  const herd = new Map(processes.map((process): [number, Watching] => [process.pid, watching(evidence, process, false)]));
  let nextRenewal = 0;
  let start: number | undefined;
  let atStart: number | undefined;
  for (let tick = 0; ; tick++) {
    if (renew && tick > 0 && evidence.now() >= nextRenewal) {
      const begun = evidence.now();
      takeIn(evidence, herd, renew(), result);
      const done = evidence.now();
      nextRenewal = done + (done - begun) / RENEWAL_PART;
    }
    const isLast = start !== undefined && evidence.now() - start >= options.windowMs;
    const members = sampleAll(evidence, herd, isLast, result);
    const [first] = herd.values();
    if (!first) break;
    const at = first.census.listedAt;
    start ??= at;
    if (members) {
      result.lives.add(at, members);
      result.windowMs = at - start;
      result.course.add(at - start, members.length);
      atStart ??= members.length;
      progress({ elapsedMs: at - start, open: members.length, atStart, soFar: result, limit: herd.size === 1 ? first.limit.soft : null });
    }
    // Who may not even begin will not be let in later.
    if (at - start >= options.windowMs || signal.aborted || atStart === undefined) break;
    const due = start + Math.min((tick + 1) * options.intervalMs, options.windowMs);
    if (evidence.now() > due) result.late++;
    // Ends early when the user stops the watch.
    const before = evidence.now();
    await evidence.sleep(Math.max(1, due - before));
    // At the end of a tape time stands still.
    if (signal.aborted || evidence.now() <= before) break;
  }
  result.stopped = signal.aborted;
  for (const { census } of herd.values()) {
    result.last.push({ process: census.process, fds: census.fds });
    result.hungUp += census.hungUp;
  }
  return result;
}

interface Watching {
  census: FdCensus;
  limit: FdLimit;
  /** It came in the window, and was not sampled yet. */
  isNew: boolean;
}

function watching(evidence: Evidence, process: Process, isNew: boolean): Watching {
  return { census: new FdCensus(evidence, process, { hungUp: true, reopened: true, tablePart: TABLE_PART }), limit: process.limit, isNew };
}

function takeIn(evidence: Evidence, herd: Map<number, Watching>, pids: readonly number[], result: Watched): void {
  for (const pid of pids) {
    if (herd.has(pid)) continue;
    const process = readProcess(evidence, pid);
    if (!process || stillThere(evidence, process) !== 'same') continue;
    herd.set(pid, watching(evidence, process, true));
    result.come.push(pid);
  }
}

/** Null when a process is there and could not be looked at: half a sample would make the rest look closed. */
function sampleAll(evidence: Evidence, herd: Map<number, Watching>, isLast: boolean, result: Watched): Member<Fd>[] | null {
  const members: Member<Fd>[] = [];
  const ended: Watched['last'] = [];
  let errno: string | undefined;
  for (const [pid, one] of herd) {
    const { census } = one;
    const sample = census.sample(isLast);
    // The pin is looked at after the sample: what was read before a pid was used again belongs to nobody we know.
    const state = stillThere(evidence, census.process);
    if (state !== 'same' && !isOutOfDescriptors(census.errno)) {
      result.gone.push({ pid, how: state });
      result.hungUp += census.hungUp;
      ended.push({ process: census.process, fds: sample ? census.fdsBefore : census.fds });
      herd.delete(pid);
      continue;
    }
    if (!sample) errno ??= census.errno ?? 'EIO';
    else for (const member of sample) members.push(one.isNew ? { ...member, early: true } : member);
    one.isNew &&= !sample;
    noteLimit(evidence, pid, one, result);
  }
  // When nobody is left, the watch ends with the sample before, and what that held is what there is to tell.
  if (herd.size === 0) result.last.push(...ended);
  // Else: descriptors of who ended were not closed one by one, so that there are no lives to learn from.
  else if (ended.length > 0) result.lives.forget((fd) => ended.some(({ process }) => process.pid === fd.pid));
  if (errno === undefined) return members;
  result.refused = { count: result.refused.count + 1, errno };
  return null;
}

function noteLimit(evidence: Evidence, pid: number, one: Watching, result: Watched): void {
  const now = parseOpenFilesLimit(evidence.read(`/proc/${pid}/limits`).value ?? '');
  const before = one.limit;
  if (!now || (now.soft === before.soft && now.hard === before.hard)) return;
  one.limit = now;
  result.limitChanges.push({ pid, from: before, to: now });
}
