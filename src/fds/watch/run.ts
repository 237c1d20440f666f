import type { CommandContext, Outcome } from '../../command.ts';
import { type Evidence, NOT_RECORDED } from '../../evidence/types.ts';
import { type CoverageLog, errnoWords } from '../../kernel/coverage.ts';
import { lookAt, type TargetOptions, targetOf } from '../../kernel/look-at.ts';
import { readProcess } from '../../kernel/process.ts';
import { lookFromSamples } from '../../kernel/snapshot/from-samples.ts';
import type { ResolvedTarget } from '../../kernel/targets/index.ts';
import type { Process, Snapshot } from '../../kernel/types.ts';
import { UserError } from '../../kernel/user-error.ts';
import { runRules } from '../../report/index.ts';
import { count, duration } from '../../report/words.ts';
import { LEAST_SAMPLES, type TrendsEvent, type WatchedGroup } from '../../series/index.ts';
import { buildData } from '../data.ts';
import type { ListOptions } from '../list-options.ts';
import { viewOf } from '../view.ts';
import { withTrends } from './data.ts';
import type { WatchOptions } from './options.ts';
import { noteWatch } from './coverage.ts';
import { type Watched, watch } from './sampler.ts';
import { trendsOf } from './trends.ts';
import { trendBlocks } from './view.ts';

/** `fds --watch`: samples first, then one full look at the end for everything else. */
export async function runWatch(spec: string | undefined, options: TargetOptions, watching: WatchOptions, list: ListOptions, context: CommandContext): Promise<Outcome> {
  const target = targetOf(spec, options.tree, context, 'fds');
  const watched = await watchTarget(context.evidence, target, watching, context);
  const { snapshot, coverage } = await lookAtEnd(spec, options, watched, target, context);
  const trends = trendsOf(watched.lives);
  const event = eventOf(snapshot, watched, trends.groups);
  noteWatch(watched, watching, trends.groups, coverage);
  const findings = runRules(context.rules, event ? [event, snapshot] : [snapshot]);
  const data = withTrends(buildData(snapshot, list, undefined), watched, watching, trends, list.groupBy.length > 0);
  return {
    kind: 'report',
    target: { spec: target.spec, label: snapshot.label, pids: target.pids },
    findings,
    coverage: coverage.list(),
    data,
    body: () => [...trendBlocks(data), ...viewOf(snapshot, data, list, context.rerun)],
  };
}

/** Samples the processes of a target. Throws UserError when there is none to be seen. */
export async function watchTarget(
  evidence: Evidence,
  target: ResolvedTarget,
  watching: WatchOptions,
  { signal, progress }: Pick<CommandContext, 'signal' | 'progress'>,
): Promise<Watched> {
  const processes = target.pids.map((pid) => readProcess(evidence, pid)).filter((process) => process !== null);
  if (processes.length === 0) throw new UserError(whyNone(evidence, target.pids), { exitCode: 3 });
  const watched = await watch(evidence, processes, watching, signal, ({ elapsedMs, open, atStart }) => {
    const change = open - atStart;
    progress(`watching ${target.spec}: ${duration(elapsedMs)} of ${duration(watching.windowMs)}, ${count(open)} open (${change < 0 ? '' : '+'}${count(change)})`);
  });
  progress('');
  return watched;
}

function whyNone(evidence: Evidence, pids: readonly number[]): string {
  const { errno } = evidence.read(`/proc/${pids[0]}/stat`);
  return errno === NOT_RECORDED ? `process ${pids.join(', ')}: ${errnoWords(errno)}` : `no such process: ${pids.join(', ')}`;
}

/** Everything else is looked at once, at the end. Where that is not possible any more, the last sample is what there is. */
async function lookAtEnd(spec: string | undefined, options: TargetOptions, watched: Watched, target: ResolvedTarget, context: CommandContext): Promise<{ snapshot: Snapshot; coverage: CoverageLog }> {
  if (watched.gone.length === 0 && !watched.stopped) return lookAt(spec, options, context, 'fds');
  return lookFromSamples(watched.last, target.name, watched.gone);
}

function eventOf(snapshot: Snapshot, watched: Watched, groups: WatchedGroup[]): TrendsEvent | null {
  const nearest = nearestLimit(snapshot);
  if (!nearest || watched.lives.sampleTimes.length < LEAST_SAMPLES) return null;
  const { process, open } = nearest;
  return {
    type: 'trends',
    label: snapshot.label,
    process: { pid: process.pid, startTime: process.startTime, open, limit: process.limit },
    windowMs: watched.windowMs,
    samples: watched.lives.sampleTimes.length,
    groups,
    source: `/proc/${process.pid}/fd`,
  };
}

function nearestLimit(snapshot: Snapshot): { process: Process; open: number } | undefined {
  const rows = snapshot.tables.map(({ process, fds }) => ({ process, open: fds.length }));
  return rows.sort((a, b) => b.open / (b.process.limit.soft ?? Infinity) - a.open / (a.process.limit.soft ?? Infinity))[0];
}
