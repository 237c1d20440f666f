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
import { count, duration, plural } from '../../report/words.ts';
import { LEAST_SAMPLES, LEAST_WINDOW_MS, type TrendsEvent, type WatchedGroup } from '../../series/index.ts';
import { buildData } from '../data.ts';
import type { ListOptions } from '../list-options.ts';
import { viewOf } from '../view.ts';
import { withTrends } from './data.ts';
import type { WatchOptions } from './options.ts';
import { type Watched, watch } from './sampler.ts';
import { trendsOf } from './trends.ts';
import { trendBlocks } from './view.ts';

/** `fds --watch`: samples first, then one full look at the end for everything else. */
export async function runWatch(spec: string | undefined, options: TargetOptions, watching: WatchOptions, list: ListOptions, context: CommandContext): Promise<Outcome> {
  const target = targetOf(spec, options.tree, context, 'fds');
  const watched = await watchTarget(context.evidence, target, watching, context);
  const { snapshot, coverage } = await lookAtEnd(spec, options, watched, target, context);
  const groups = trendsOf(watched.lives);
  const event = eventOf(snapshot, watched, groups);
  noteWatch(watched, watching, groups, coverage);
  const findings = runRules(context.rules, event ? [event, snapshot] : [snapshot]);
  const data = withTrends(buildData(snapshot, list, undefined), watched, watching, groups);
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

function noteWatch(watched: Watched, watching: WatchOptions, groups: readonly WatchedGroup[], coverage: CoverageLog): void {
  const samples = watched.lives.sampleTimes.length;
  const tooShort = groups.filter((group) => group.trend === 'too-short');
  const source = 'growth over time';
  if (samples < LEAST_SAMPLES || watched.windowMs < LEAST_WINDOW_MS) {
    const fix = `watch for ${duration(Math.max(LEAST_WINDOW_MS, LEAST_SAMPLES * watching.intervalMs))} or more`;
    const detail = `the window is too short to judge: ${plural('sample', samples)} in ${duration(watched.windowMs)}`;
    coverage.note({ source, status: 'partial', seen: samples, total: Math.max(samples, LEAST_SAMPLES), detail, fix, needed: true });
  } else if (tooShort.length > 0) {
    const [first] = tooShort;
    coverage.note({ source, status: 'partial', seen: groups.length - tooShort.length, total: groups.length, detail: `too short to judge ${first!.kind} ${first!.key}: ${first!.because}`, needed: false });
  } else {
    coverage.note({ source, status: 'ok', seen: groups.length, total: groups.length, needed: true });
  }
  if (watched.late > samples / 4) {
    coverage.note({ source: 'sampling', status: 'partial', seen: samples - watched.late, total: samples, detail: 'samples took longer than the interval', fix: 'a longer --interval', needed: false });
  }
  for (const { pid, from, to } of watched.limitChanges) {
    const words = `the limit of process ${pid} changed while watching, from ${from.soft ?? 'unlimited'} to ${to.soft ?? 'unlimited'} (soft); forecasts use the new one`;
    coverage.note({ source: `limit of process ${pid}`, status: 'ok', detail: words, needed: false });
  }
}
