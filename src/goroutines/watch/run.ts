/** `--watch`: counts per stack at the price of a profile each, and one full look at the end. */
import type { CommandContext } from '../../command.ts';
import type { Dump } from '../../kernel/goroutines.ts';
import { UserError } from '../../kernel/user-error.ts';
import { count, duration } from '../../report/words.ts';
import { type GoroutineGrowth, type GrownGroup, trendOf } from '../../series/index.ts';
import type { Taken } from '../source/types.ts';
import { countsOf, groupsByStack } from '../stack-key.ts';
import { spansOf } from './spans.ts';

export interface WatchOptions {
  windowMs: number;
  intervalMs: number;
}

export interface Watched {
  taken: Taken;
  growth: GoroutineGrowth;
  totals: number[];
  /** Samples that did not answer. */
  failed: number;
}

/** @param sample the cheapest dump there is; @param last the look at the end. Throws UserError when the first sample fails. */
export async function watch(
  sample: () => Promise<Taken>,
  last: () => Promise<Taken>,
  { windowMs, intervalMs }: WatchOptions,
  { evidence, signal, progress }: Pick<CommandContext, 'evidence' | 'signal' | 'progress'>,
): Promise<Watched> {
  const times: number[] = [];
  const counts: Map<string, number>[] = [];
  const totals: number[] = [];
  let failed = 0;
  const start = evidence.now();
  for (let tick = 0; ; tick++) {
    try {
      const { dump } = await sample();
      times.push(evidence.now());
      counts.push(countsOf(dump));
      totals.push(dump.total);
    } catch (error) {
      if (!(error instanceof UserError) || tick === 0) throw error;
      failed++;
    }
    const elapsed = evidence.now() - start;
    progress(`watching: ${duration(elapsed)} of ${duration(windowMs)}, ${count(totals.at(-1) ?? 0)} goroutines (at first ${count(totals[0] ?? 0)})`);
    if (elapsed >= windowMs || signal.aborted) break;
    await evidence.sleep(Math.max(1, start + Math.min((tick + 1) * intervalMs, windowMs) - evidence.now()));
    if (signal.aborted) break;
  }
  progress('');
  const taken = await last();
  return { taken, growth: growthOf(taken.dump, times, counts), totals, failed };
}

function growthOf(dump: Dump, times: readonly number[], counts: readonly ReadonlyMap<string, number>[]): GoroutineGrowth {
  const indexes = groupsByStack(dump);
  const stacks = new Set(counts.flatMap((one) => [...one.keys()]));
  const groups: GrownGroup[] = [];
  for (const stack of stacks) {
    const index = indexes.get(stack);
    if (index === undefined) continue;
    const own = counts.map((one) => one.get(stack) ?? 0);
    const { trend, because, growthPerMinute } = trendOf(stack, spansOf(own, times), times);
    if (trend !== 'growing' && trend !== 'grew') continue;
    groups.push({ group: index, before: own[0]!, after: own.at(-1)!, perMinute: growthPerMinute, trend, because });
  }
  return { windowMs: (times.at(-1) ?? 0) - (times[0] ?? 0), samples: times.length, groups: groups.sort((a, b) => b.after - b.before - (a.after - a.before)) };
}
