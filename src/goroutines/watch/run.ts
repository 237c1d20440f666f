/** `--watch`: counts per stack at the price of a profile each, and full looks in the middle and at the end, whose ids tell who stays. */
import type { CommandContext } from '../../command.ts';
import type { Dump } from '../../kernel/goroutines.ts';
import { UserError } from '../../kernel/user-error.ts';
import { count, duration } from '../../report/words.ts';
import { type GoroutineGrowth, type GrownGroup, trendOf } from '../../series/index.ts';
import type { Taken } from '../source/types.ts';
import { countsOf, groupsByStack } from '../stack-key.ts';
import { type IdsByStack, idsByStack } from './ids.ts';
import { spansOf } from './spans.ts';

export interface WatchOptions {
  windowMs: number;
  intervalMs: number;
}

export interface Looks {
  /** The cheapest dump there is. */
  sample(): Promise<Taken>;
  /** One with ids, where there are few enough goroutines for it; undefined where there are too many. */
  middle(goroutines: number): Promise<Taken | undefined>;
  /** The look at the end, with ids where there are few enough. */
  last(goroutines: number): Promise<Taken>;
}

export interface Watched {
  taken: Taken;
  growth: GoroutineGrowth;
  totals: number[];
  /** Samples that did not answer. */
  failed: number;
}

/** Looking takes a fifth of the time at most, whoever's time it is. */
const REST = 4;
/** Of so many that were there in the middle nearly all must be there at the end. */
const NEARLY_ALL = 0.9;

/** Throws UserError when the first sample fails. */
export async function watch(looks: Looks, { windowMs, intervalMs }: WatchOptions, { evidence, signal, progress }: Pick<CommandContext, 'evidence' | 'signal' | 'progress'>): Promise<Watched> {
  const times: number[] = [];
  const counts: Map<string, number>[] = [];
  const totals: number[] = [];
  let middle: IdsByStack | undefined;
  let latest: Taken | undefined;
  let failed = 0;
  let start = evidence.now();
  for (let tick = 0; ; tick++) {
    const asked = evidence.now();
    try {
      latest = await looks.sample();
      const { dump } = latest;
      times.push(evidence.now());
      // The first answer may take longer than the last one: what was watched lies between the two.
      if (tick === 0) start = times[0]!;
      counts.push(countsOf(dump));
      totals.push(dump.total);
      if (!middle && evidence.now() - start >= windowMs / 2) middle = idsByStack((await looks.middle(dump.total))?.dump) ?? new Map();
    } catch (error) {
      if (!(error instanceof UserError) || tick === 0) throw error;
      failed++;
    }
    const elapsed = evidence.now() - start;
    progress(`watching: ${duration(elapsed)} of ${duration(windowMs)}, ${count(totals.at(-1) ?? 0)} goroutines (at first ${count(totals[0] ?? 0)})`);
    if (elapsed >= windowMs || signal.aborted) break;
    const now = evidence.now();
    const rest = Math.max(start + (tick + 1) * intervalMs - now, (now - asked) * REST);
    await evidence.sleep(Math.max(1, Math.min(rest, start + windowMs - now)));
    if (signal.aborted) break;
  }
  progress('');
  const taken = await lastLook(looks, totals.at(-1) ?? 0, latest, signal);
  return { taken, growth: growthOf(taken.dump, times, counts, middle), totals, failed };
}

/** Who stops us, or a program that dies while it is watched, must not cost what was seen: then the last sample is the end. */
async function lastLook(looks: Looks, goroutines: number, latest: Taken | undefined, signal: AbortSignal): Promise<Taken> {
  if (signal.aborted && latest) return interrupted(latest, 'the watch was stopped');
  try {
    return await looks.last(goroutines);
  } catch (error) {
    if (!(error instanceof UserError) || !latest) throw error;
    return interrupted(latest, `at the end it did not answer (${error.message})`);
  }
}

function interrupted(taken: Taken, detail: string): Taken {
  return { ...taken, coverage: [...taken.coverage, { source: 'the look at the end', status: 'partial', detail: `${detail}: the last sample is judged`, needed: true }] };
}

function growthOf(dump: Dump, times: readonly number[], counts: readonly ReadonlyMap<string, number>[], middle: IdsByStack | undefined): GoroutineGrowth {
  const indexes = groupsByStack(dump);
  const now = idsByStack(dump);
  const stacks = new Set(counts.flatMap((one) => [...one.keys()]));
  const groups: GrownGroup[] = [];
  for (const stack of stacks) {
    const index = indexes.get(stack);
    if (index === undefined) continue;
    const own = counts.map((one) => one.get(stack) ?? 0);
    const { trend, because, growthPerMinute } = trendOf(stack, spansOf(own, times), times);
    if (trend !== 'growing' && trend !== 'grew') continue;
    const grown: GrownGroup = { group: index, before: own[0]!, after: own.at(-1)!, perMinute: growthPerMinute, trend, because };
    groups.push(now ? withIds(grown, middle?.get(stack), now.get(stack)) : grown);
  }
  return { windowMs: (times.at(-1) ?? 0) - (times[0] ?? 0), samples: times.length, groups: groups.sort((a, b) => b.after - b.before - (a.after - a.before)) };
}

/** Counts cannot tell a leak from others that take the place of those that end: ids can. */
function withIds(grown: GrownGroup, before: ReadonlySet<string> | undefined, after: ReadonlySet<string> | undefined): GrownGroup {
  if (grown.trend !== 'growing' || !before || before.size === 0 || !after) return grown;
  const stayed = [...before].filter((id) => after.has(id)).length;
  if (stayed >= before.size * NEARLY_ALL) {
    return { ...grown, stayed, because: `it gained in every quarter of the window and lost none, and of ${before.size} that were there in the middle ${stayed} are there at the end, by their ids` };
  }
  return { ...grown, trend: 'grew', because: `of ${before.size} that were there in the middle of the window only ${stayed} are there at the end: they come and go, and more do` };
}
