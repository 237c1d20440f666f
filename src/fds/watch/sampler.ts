/** Takes the samples of a watch, on the monotonic clock, until the window ends, the process does, or the user stops it. */
import type { Evidence } from '../../evidence/types.ts';
import { isOutOfDescriptors } from '../../kernel/own-limits.ts';
import { parseOpenFilesLimit } from '../../kernel/proc/limits.ts';
import { stillThere } from '../../kernel/process.ts';
import type { Fd, FdLimit, Process } from '../../kernel/types.ts';
import { Lives, type Member } from '../../series/index.ts';
import { FdCensus } from './census.ts';
import type { WatchOptions } from './options.ts';
import { sorting } from './trends.ts';

export interface Watched {
  lives: Lives<Fd>;
  /** Descriptors of each process in its last sample. */
  last: { process: Process; fds: Fd[] }[];
  windowMs: number;
  /** Processes that ended, or whose pid became another's, meanwhile. */
  gone: { pid: number; how: 'gone' | 'reused' }[];
  /** Soft limits that changed while watching. */
  limitChanges: { pid: number; from: FdLimit; to: FdLimit }[];
  /** Samples that took longer than the interval. */
  late: number;
  /** Samples that were refused, and why. */
  refused: { count: number; errno?: string };
  /** Connections that the other side hung up meanwhile: they ended as such, and began as hung up ones. */
  hungUp: number;
  stopped: boolean;
}

export interface Progress {
  elapsedMs: number;
  open: number;
  atStart: number;
}

export async function watch(
  evidence: Evidence,
  processes: readonly Process[],
  options: WatchOptions,
  signal: AbortSignal,
  progress: (progress: Progress) => void,
): Promise<Watched> {
  const censuses = new Map(processes.map((process) => [process.pid, new FdCensus(evidence, process, { hungUp: true })]));
  const result: Watched = {
    lives: new Lives(sorting), last: [], windowMs: 0, gone: [], limitChanges: [], late: 0, refused: { count: 0 }, hungUp: 0, stopped: false,
  };
  const limits = new Map(processes.map((process) => [process.pid, process.limit]));
  const start = evidence.now();
  let atStart: number | undefined;
  for (let tick = 0; ; tick++) {
    const members = sampleAll(evidence, censuses, limits, result);
    if (censuses.size === 0) break;
    const at = evidence.now();
    if (members) {
      result.lives.add(at, members);
      result.windowMs = at - start;
      atStart ??= members.length;
      progress({ elapsedMs: at - start, open: members.length, atStart });
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
  for (const census of censuses.values()) {
    result.last.push({ process: census.process, fds: census.fds });
    result.hungUp += census.hungUp;
  }
  return result;
}

/** Null when a process is there and could not be looked at: half a sample would make the rest look closed. */
function sampleAll(evidence: Evidence, censuses: Map<number, FdCensus>, limits: Map<number, FdLimit>, result: Watched): Member<Fd>[] | null {
  const members: Member<Fd>[] = [];
  let errno: string | undefined;
  for (const [pid, census] of censuses) {
    const sample = census.sample();
    // The pin is looked at after the sample: what was read before a pid was used again belongs to nobody we know.
    const state = stillThere(evidence, census.process);
    if (state !== 'same' && !isOutOfDescriptors(census.errno)) {
      result.gone.push({ pid, how: state });
      result.last.push({ process: census.process, fds: state === 'reused' ? [] : census.fds });
      // Its descriptors were not closed one by one: no lives to learn from.
      result.lives.forget((fd) => fd.pid === pid);
      censuses.delete(pid);
      continue;
    }
    if (!sample) errno ??= census.errno ?? 'EIO';
    else for (const member of sample) members.push(member);
    noteLimit(evidence, pid, limits, result);
  }
  if (errno === undefined) return members;
  result.refused = { count: result.refused.count + 1, errno };
  return null;
}

function noteLimit(evidence: Evidence, pid: number, limits: Map<number, FdLimit>, result: Watched): void {
  const now = parseOpenFilesLimit(evidence.read(`/proc/${pid}/limits`).value ?? '');
  const before = limits.get(pid);
  if (!now || !before || (now.soft === before.soft && now.hard === before.hard)) return;
  limits.set(pid, now);
  result.limitChanges.push({ pid, from: before, to: now });
}
