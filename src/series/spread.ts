/** Do gains come all through a stretch of time, or only in one part of it? */
import { type Change, netBetween, type Window } from './survivors.ts';

/** A leak that comes by chance pauses longer than allowed with this probability. */
const CHANCE = 0.005;
/** How long it may pause, as parts of the stretch: always, and at most. At its end a pool that has filled pauses. */
const AT_END = { shortest: 0.15, longest: 0.45 };
const AT_BEGIN = { shortest: 0.3, longest: 0.5 };
const BETWEEN = { shortest: 0.3, longest: 0.55 };
/** With losses: each quarter must bring something of its even share, as far as that is not chance, */
const QUARTERS = 4;
const LEAST_QUARTER = 0.25;
/** and each end of the stretch more of it. */
const END_PART = 0.4;
const LEAST_SHARE = 0.35;
/** What is less than expected by so many standard deviations is no chance. */
const SIGMAS = 2;

/** Chance alone makes them jump as if so many came together. */
const NOISE = 1.4;

/**
 * How many gains came for themselves. A request that opens five is one event, however many it brings; how the number of gains
 * jumps from one sample to the next tells how many come together. (Not their variance: that has trends in it, too.)
 * @param sampleTimes of births whose gains lie in the stretch, ascending
 */
export function independentGains(gains: ReadonlyMap<number, number>, sampleTimes: readonly number[]): number {
  let total = 0;
  let jumps = 0;
  let before: number | undefined;
  for (const at of sampleTimes) {
    const count = gains.get(at) ?? 0;
    total += count;
    if (before !== undefined) jumps += (count - before) ** 2 / 2;
    before = count;
  }
  if (total === 0) return 0;
  const together = ((jumps / Math.max(1, sampleTimes.length - 1)) * sampleTimes.length) / total;
  return total / Math.max(1, together / NOISE);
}

/**
 * Gains alone, nothing lost: no pause is longer than chance makes it.
 * @param changes ascending, all above 0; @param independent as of independentGains
 */
export function hasNoPause(changes: readonly Change[], { from, to }: Window, independent: number): boolean {
  const length = to - from;
  const first = changes[0]?.at ?? to;
  const last = changes.at(-1)?.at ?? from;
  if (first - from > allowed(AT_BEGIN, independent, 1) * length || to - last > allowed(AT_END, independent, 1) * length) return false;
  const between = allowed(BETWEEN, independent, independent + 1) * length;
  return changes.every(({ at }, index) => index === 0 || at - changes[index - 1]!.at <= between);
}

/** @param pauses how many there are, of which the longest is looked at */
function allowed({ shortest, longest }: typeof AT_END, independent: number, pauses: number): number {
  return Math.min(longest, Math.max(shortest, 1 - (CHANCE / pauses) ** (1 / independent)));
}

/** Gains and losses: every part brings more than it takes. */
export function isEverywhere(changes: readonly Change[], stretch: Window): boolean {
  if (!brings(changes, stretch, 0, END_PART, LEAST_SHARE) || !goesOnAtEnd(changes, stretch)) return false;
  return Array.from({ length: QUARTERS }, (_, quarter) => quarter / QUARTERS).every((begin) => brings(changes, stretch, begin, begin + 1 / QUARTERS, LEAST_QUARTER));
}

/** The last part of the stretch brings its share, too: a pool that has filled does not. */
export function goesOnAtEnd(changes: readonly Change[], stretch: Window): boolean {
  return brings(changes, stretch, 1 - END_PART, 1, LEAST_SHARE);
}

/** Does the part from `begin` to `end` bring `share` of what is even, as far as less is not chance? */
function brings(changes: readonly Change[], { from, to }: Window, begin: number, end: number, share: number): boolean {
  const length = to - from;
  const part = end - begin;
  const expected = part * changes.reduce((sum, { by }) => sum + by, 0);
  const moved = changes.reduce((sum, { by }) => sum + Math.abs(by), 0);
  const found = netBetween(changes, begin <= 0 ? -Infinity : from + begin * length, end >= 1 ? Infinity : from + end * length);
  return found >= share * expected || found >= expected - SIGMAS * Math.sqrt(part * (1 - part) * moved);
}
