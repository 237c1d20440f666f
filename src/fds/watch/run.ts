import type { CommandContext, Outcome } from '../../command.ts';
import { type Evidence, NOT_RECORDED } from '../../evidence/types.ts';
import { type CoverageLog, errnoWords } from '../../kernel/coverage.ts';
import { type LookContext, lookAt, type TargetOptions, targetOf } from '../../kernel/look-at.ts';
import { readProcess } from '../../kernel/process.ts';
import { lookFromSamples } from '../../kernel/snapshot/from-samples.ts';
import type { ResolvedTarget } from '../../kernel/targets/index.ts';
import type { Snapshot } from '../../kernel/types.ts';
import { UserError } from '../../kernel/user-error.ts';
import { runRules } from '../../report/index.ts';
import { count, duration } from '../../report/words.ts';
import { LEAST_SAMPLES, type TrendsEvent, type WatchedGroup, type WatchedProcess } from '../../series/index.ts';
import { buildData } from '../data.ts';
import type { ListOptions } from '../list-options.ts';
import { readThreads, type ThreadOptions } from '../threads.ts';
import { viewOf } from '../view.ts';
import { noteWatch } from './coverage.ts';
import { withTrends } from './data.ts';
import { liveBlocks } from './live.ts';
import type { WatchOptions } from './options.ts';
import { type Watched, watch } from './sampler.ts';
import { trendsOf } from './trends.ts';
import { trendBlocks } from './view.ts';

/** `fds --watch`: samples first, then one full look at the end for everything else. */
export async function runWatch(spec: string | undefined, options: ThreadOptions, watching: WatchOptions, list: ListOptions, context: CommandContext): Promise<Outcome> {
  const target = targetOf(spec, options.tree, context, 'fds');
  const renew = isFollowed(target, options.tree) && !context.tapeHeader ? (): readonly number[] => pidsNow(target, options.tree, context) : undefined;
  const watched = await watchTarget(target, renew, watching, context);
  const { snapshot, coverage, pids } = await lookAtEnd(spec, options, watched, target, context);
  const threads = options.threads ? readThreads(context.evidence, snapshot, coverage) : undefined;
  const trends = trendsOf(watched.lives);
  const event = eventOf(snapshot, watched, trends.groups);
  noteWatch(watched, watching, trends.groups, context, coverage);
  const findings = runRules(context.rules, event ? [event, snapshot] : [snapshot]);
  const data = withTrends(buildData(snapshot, list, threads), watched, watching, trends, list.groupBy.length > 0);
  return {
    kind: 'report',
    target: { spec: target.spec, label: snapshot.label, pids: [...pids] },
    findings,
    coverage: coverage.list(),
    data,
    body: () => [...trendBlocks(data), ...viewOf(snapshot, data, list, context.rerun)],
  };
}

/**
 * Samples the processes of a target. Throws UserError when there is none to be seen.
 * @param renew who belongs to it now; undefined to stay with those of the beginning
 */
export async function watchTarget(
  target: ResolvedTarget,
  renew: (() => readonly number[]) | undefined,
  watching: WatchOptions,
  { evidence, signal, progress, live }: Pick<CommandContext, 'evidence' | 'signal' | 'progress' | 'live'>,
): Promise<Watched> {
  const found = target.pids.map((pid) => readProcess(evidence, pid)).filter((process) => process !== null);
  if (found.length === 0) throw new UserError(whyNone(evidence, target.pids), { exitCode: 3 });
  // A zombie has nothing to be watched; the look at the end says so.
  const processes = found.filter(({ state }) => state !== 'Z');
  const watched = await watch(evidence, processes, renew, watching, signal, ({ elapsedMs, open, atStart, soFar, limit }) => {
    if (live) return live(() => liveBlocks(target.spec, soFar, watching, limit));
    const change = open - atStart;
    progress(`watching ${target.spec}: ${duration(elapsedMs)} of ${duration(watching.windowMs)}, ${count(open)} open (${change < 0 ? '' : '+'}${count(change)})`);
  });
  progress('');
  return watched;
}

/** A pid alone names one process; everything else may stand for others later. */
function isFollowed({ spec }: ResolvedTarget, tree: boolean): boolean {
  return tree || !/^\d+$/.test(spec);
}

function pidsNow(target: ResolvedTarget, tree: boolean, context: LookContext): readonly number[] {
  try {
    return targetOf(target.spec, tree, context, 'fds').pids;
  } catch (error) {
    // Nobody, or nobody alone, for the moment: those we know are still meant, as long as they are there.
    if (error instanceof UserError) return [];
    throw error;
  }
}

function whyNone(evidence: Evidence, pids: readonly number[]): string {
  const { errno } = evidence.read(`/proc/${pids[0]}/stat`);
  return errno === NOT_RECORDED ? `process ${pids.join(', ')}: ${errnoWords(errno)}` : `no such process: ${pids.join(', ')}`;
}

interface LookAtEnd {
  snapshot: Snapshot;
  coverage: CoverageLog;
  pids: readonly number[];
}

/** Everything else is looked at once, at the end. Where nobody is left to look at, or no time, the last sample is what there is. */
async function lookAtEnd(spec: string | undefined, options: TargetOptions, watched: Watched, target: ResolvedTarget, context: CommandContext): Promise<LookAtEnd> {
  const endedAlone = watched.gone.length > 0 && watched.last.every(({ process }) => watched.gone.some(({ pid }) => pid === process.pid));
  if (!endedAlone && !watched.stopped) {
    const { snapshot, coverage, target: now } = await lookAt(spec, options, context, 'fds');
    // Who comes and goes while others stay, as workers do, leaves no gap: `data` and the text tell of it.
    if (!isFollowed(target, options.tree)) noteGone(watched.gone, coverage);
    return { snapshot, coverage, pids: now.pids };
  }
  return { ...lookFromSamples(watched.last, target.name, endedAlone ? watched.gone : []), pids: target.pids };
}

function noteGone(gone: Watched['gone'], coverage: CoverageLog): void {
  for (const { pid, how } of gone) {
    const detail = how === 'gone' ? `process ${pid} ended while it was watched` : `pid ${pid} was used again while it was watched: it is another process now`;
    coverage.note({ source: 'processes', status: 'absent', seen: 0, total: 1, detail, needed: true });
  }
}

function eventOf(snapshot: Snapshot, watched: Watched, groups: WatchedGroup[]): TrendsEvent | null {
  const processes = snapshot.tables.map(({ process, fds }): WatchedProcess => ({ pid: process.pid, startTime: process.startTime, open: fds.length, limit: process.limit }));
  const [nearest] = processes.sort((a, b) => b.open / (b.limit.soft ?? Infinity) - a.open / (a.limit.soft ?? Infinity));
  if (!nearest || watched.lives.sampleTimes.length < LEAST_SAMPLES) return null;
  return {
    type: 'trends',
    label: snapshot.label,
    processes,
    windowMs: watched.windowMs,
    samples: watched.lives.sampleTimes.length,
    groups,
    source: `/proc/${nearest.pid}/fd`,
  };
}
