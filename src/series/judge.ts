import { bulkClosings } from './bulk.ts';
import { binomialAtMost } from './chance.ts';
import { type Change, exposures, netBetween, OLDEST_PART, type Window } from './survivors.ts';
import type { LifeSpan, Quality, Trend } from './types.ts';

/** Fewer samples than this show nothing. */
export const LEAST_SAMPLES = 8;
/** In a shorter window everything that starts looks like growth. */
export const LEAST_WINDOW_MS = 5000;
/** Gains below this many are chance. */
const LEAST_GAIN = 4;
/** With losses, the net gain must stand out of the coming and going by this many standard deviations. */
const SIGMAS = 3.5;
/** How long a leak may seem to pause at the end of the window, as parts of it: a pool that fills pauses there. */
const SHORTEST_PAUSE = 0.15;
const LONGEST_PAUSE = 0.37;
/** Before, and in between. */
const OTHER_PAUSE = 0.5;
/** A random leak of N gains pauses longer than allowed with this probability. */
const CHANCE = 0.01;
/** With losses: the part of the window at each end that must bring something, and what, as part of an even share of the gain. */
const END_PART = 0.4;
const LEAST_SHARE = 0.35;
/** With losses, quarters that should bring as many as this are looked at one by one. */
const MANY = 6;
const LEAST_QUARTER = 0.25;
/** Survivors that live so many windows hardly end. */
const WINDOWS = 2;
/** What was born in the window ends less often than the rest when chance would do it so rarely. */
const RARELY = 0.01;

export interface Case {
  quality: Quality;
  spans: readonly LifeSpan[];
  sampleTimes: readonly number[];
  window: Window;
  /** The part of the window in which what was born in it can be of age. */
  counted: Window;
  survivorAgeMs: number;
  changes: readonly Change[];
  net: number;
  perPart: readonly number[];
}

export interface Judgement {
  trend: Trend;
  because: string;
}

export function judge(c: Case): Judgement {
  const length = c.window.to - c.window.from;
  if (c.sampleTimes.length < LEAST_SAMPLES) return tooShort(`${c.sampleTimes.length} samples, and fewer than ${LEAST_SAMPLES} show nothing`);
  if (length < LEAST_WINDOW_MS) return tooShort(`in ${seconds(length)} everything that starts looks like growth`);
  if (c.survivorAgeMs > OLDEST_PART * length) return tooShort(livesLong(c.survivorAgeMs));
  if (c.net < LEAST_GAIN) return { trend: 'steady', because: c.net > 0 ? `${c.net} more survivors are chance` : 'no more survivors at the end than at the start' };
  if (c.quality === 'weak') return judgeWeak(c);
  if (bulkClosings(c.spans, c.sampleTimes)?.length === 1) return tooShort('it closes many at once, and only once in this window: one that shows several such closings could tell');
  return judgeExact(c);
}

function tooShort(because: string): Judgement {
  return { trend: 'too-short', because };
}

function livesLong(ms: number): string {
  return `its members may live ${seconds(ms)}: a window of ${seconds(4 * ms)} or more could tell`;
}

function judgeExact(c: Case): Judgement {
  const losses = c.changes.reduce((sum, { by }) => sum - Math.min(by, 0), 0);
  if (losses === 0 && !isSpread(c)) return { trend: 'grew', because: 'it grew in one part of the window and not in the others: a step or a pool that fills' };
  if (losses > 0) {
    // Without a leak each change is as likely a gain as a loss: their difference then has a variance of their sum.
    if (c.net < SIGMAS * Math.sqrt(c.net + 2 * losses)) return { trend: 'grew', because: 'the gain does not stand out of the coming and going' };
    if (!isEverywhere(c)) return { trend: 'grew', because: 'it gained survivors in one part of the window and not in the others' };
  }
  const lifetime = shortestLifetime(c);
  if (lifetime !== undefined) return tooShort(livesLong(lifetime));
  const because = losses === 0
    ? 'what was opened all through the window is still open, and none of the old ones was closed'
    : 'it gained survivors all through the window, far more than it lost';
  return { trend: 'growing', because };
}

/**
 * More of what lives long is what rising load brings, too: how long survivors live, ms, where that may be so. Where they hardly end,
 * or the new ones do not as the old ones do, it is a leak: undefined.
 */
function shortestLifetime({ spans, window, survivorAgeMs }: Case): number | undefined {
  const { born, early } = exposures(spans, window, survivorAgeMs);
  const lost = born.lost + early.lost;
  const inSight = born.ms + early.ms;
  if (inSight >= lost * WINDOWS * (window.to - window.from)) return undefined;
  return binomialAtMost(born.lost, lost, born.ms / inSight) > RARELY ? inSight / lost : undefined;
}

/** A weak identity may be churn at the same number: only a group that lost nothing at all and gained everywhere counts. */
function judgeWeak(c: Case): Judgement {
  const lost = c.spans.some(({ goneAt }) => goneAt !== undefined);
  if (!lost && isSpread(c) && c.perPart.every((gain) => gain > 0)) {
    return { trend: 'growing', because: 'it gained in every quarter of the window and lost none, but one of its members cannot be told from another' };
  }
  const because = lost
    ? 'its members cannot be told from one another, and some were closed: this may be churn under rising load'
    : 'its members cannot be told from one another, and it did not gain in every quarter of the window';
  return { trend: 'grew', because };
}

/** Are the gains spread over the window? What comes with one sample is one gain here, however many it brings. */
function isSpread({ changes, counted }: Case): boolean {
  const times = [...new Set(changes.map(({ at }) => at))];
  if (times.length < LEAST_GAIN) return false;
  const length = counted.to - counted.from;
  const pause = Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, 1 - CHANCE ** (1 / times.length)));
  if (counted.to - times.at(-1)! > pause * length) return false;
  return times.every((at, index) => at - (times[index - 1] ?? counted.from) < OTHER_PAUSE * length);
}

function isEverywhere({ changes, counted, net, perPart }: Case): boolean {
  const length = counted.to - counted.from;
  const share = LEAST_SHARE * END_PART * net;
  const atBegin = netBetween(changes, -Infinity, counted.from + END_PART * length);
  const atEnd = netBetween(changes, counted.to - END_PART * length, Infinity);
  if (atBegin < share || atEnd < share) return false;
  const even = net / perPart.length;
  return even < MANY || perPart.every((gain) => gain >= LEAST_QUARTER * even);
}

function seconds(ms: number): string {
  return ms >= 90_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
