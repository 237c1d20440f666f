/** Do gains come all through a stretch of time, or only in one part of it? */
import { longestPausesMakeUp } from './chance.ts';
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
 * @param changes ascending, all above 0; @param sampleTimes what they are seen at, as for areSteps; @param independent as of independentGains
 */
export function hasNoPause(changes: readonly Change[], stretch: Window, sampleTimes: readonly number[], independent: number): boolean {
  const { from, to } = stretch;
  const length = to - from;
  const everyMs = usualInterval(stretch, sampleTimes);
  // A sample that came late saw at once what came all the while.
  const [begin = length, ...between] = seenGains(changes, stretch, sampleTimes).map(({ noneFor, within }) => noneFor + Math.min(within, everyMs));
  const last = changes.at(-1)?.at ?? from;
  if (begin > allowed(AT_BEGIN, independent, 1) * length || to - last > allowed(AT_END, independent, 1) * length) return false;
  const most = allowed(BETWEEN, independent, independent + 1) * length;
  return between.every((pause) => pause <= most);
}

/** @param pauses how many there are, of which the longest is looked at */
function allowed({ shortest, longest }: typeof AT_END, independent: number, pauses: number): number {
  return Math.min(longest, Math.max(shortest, 1 - (CHANCE / pauses) ** (1 / independent)));
}

/** After such a part of the stretch without gains a new episode of them begins, and after so many samples without. */
const EPISODE_PAUSE = 0.15;
const EPISODE_SAMPLES = 2;
/** Few episodes that fill no more of the stretch than this are steps, */
const STEPS_FILL = 0.3;
/** each of at least so many gains: fewer may have met by chance. */
const LEAST_STEP = 4;
/** One, two and three episodes must fill so much of the stretch, or they are too few to go on all through it, */
const EPISODES_FILL = [0.7, 0.6, 0.5];
/** where chance leaves the longest pauses as long as they are so rarely. */
const RARELY = 0.01;

/**
 * Are all gains in less than `least` episodes? A step that takes seconds is in several samples, and each looks like a gain by itself.
 * @param changes ascending; @param sampleTimes what gains are seen at, ascending, the first at the begin of the stretch; @param independent as of independentGains
 */
export function areSteps(changes: readonly Change[], stretch: Window, sampleTimes: readonly number[], independent: number, least: number): boolean {
  const gains = seenGains(changes, stretch, sampleTimes);
  return areShortSteps(gains, stretch, usualInterval(stretch, sampleTimes), least) || pauseTooLong(gains, stretch, independent);
}

function usualInterval({ from, to }: Window, sampleTimes: readonly number[]): number {
  return (to - from) / Math.max(1, sampleTimes.length - 1);
}

interface SeenGain {
  at: number;
  by: number;
  /** Samples saw none for so long, ms: on a busy machine it is long from one sample to the next. */
  noneFor: number;
  /** It came so long before it was seen, at most. */
  within: number;
}

function seenGains(changes: readonly Change[], { from }: Window, sampleTimes: readonly number[]): SeenGain[] {
  const gains: SeenGain[] = [];
  let sample = 0;
  let before = from;
  for (const { at, by } of changes) {
    if (by < 0) continue;
    while (sample + 1 < sampleTimes.length && sampleTimes[sample + 1]! < at) sample++;
    const last = Math.max(before, Math.min(at, sampleTimes[sample] ?? from));
    gains.push({ at, by, noneFor: last - before, within: at - last });
    before = at;
  }
  return gains;
}

/** Steps of a few samples, whose gains differ so much from one to the next that they look like a few large ones. */
function areShortSteps(gains: readonly SeenGain[], { from, to }: Window, everyMs: number, least: number): boolean {
  const pause = Math.min(EPISODE_PAUSE * (to - from), (EPISODE_SAMPLES + 0.5) * everyMs) - everyMs;
  let episodes = 0;
  let filled = 0;
  let gained = 0;
  for (const { by, noneFor, within } of gains) {
    if (episodes === 0 || noneFor > pause) episodes++;
    else filled += noneFor + within;
    gained += by;
  }
  return episodes < least && gained >= LEAST_STEP * episodes && filled < STEPS_FILL * (to - from);
}

/** Steps of many samples: gains by chance would hardly ever leave so much of the stretch to their longest pauses. */
function pauseTooLong(gains: readonly SeenGain[], { from, to }: Window, independent: number): boolean {
  const pauses = gains.map(({ noneFor, within }) => (noneFor > 0 ? noneFor + within / 2 : 0));
  pauses.push(to - (gains.at(-1)?.at ?? from));
  pauses.sort((a, b) => b - a);
  const length = to - from;
  let silent = pauses[0]! / length;
  return EPISODES_FILL.some((fill, index) => {
    silent += (pauses[index + 1] ?? 0) / length;
    return 1 - silent < fill && longestPausesMakeUp(silent, index + 2, Math.floor(independent)) < RARELY;
  });
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
