import { bulkClosings } from './bulk.ts';
import { binomialAtMost } from './chance.ts';
import { areSteps, goesOnAtEnd, hasNoPause, independentGains, isEverywhere } from './spread.ts';
import { type Change, changesOf, exposures, OLDEST_PART, usualAge, type Window } from './survivors.ts';
import type { LifeSpan, Quality, Trend } from './types.ts';

/** Fewer samples than this show nothing. */
export const LEAST_SAMPLES = 8;
/** In a shorter window everything that starts looks like growth. */
export const LEAST_WINDOW_MS = 5000;
/** Gains below this many are chance. */
const LEAST_GAIN = 4;
/** Without a leak a group that loses one gains so many more so rarely. The more it loses, the rarer must be what it gains. */
const LUCK = 0.006;
/** A group that has far more old members than it gained, by this factor, may have lost none by luck, with this probability. */
const STOCK = 3;
const LOST_NONE = 0.02;
/** Gains that come in fewer bursts than this are steps. */
const LEAST_BURSTS = 3.5;
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

/** The verdict on one group, and why. Each reason not to call it growing is tried before it is called so. */
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
  if (losses === 0 && binomialAtMost(0, c.net, 0.5) > LOST_NONE && oldMembers(c) > STOCK * c.net) {
    return { trend: 'grew', because: 'it gained few, and has so many old members that it may have lost none by luck' };
  }
  if (losses === 0 && !isSpread(c)) return { trend: 'grew', because: 'it grew in one part of the window and not in the others: a step or a pool that fills' };
  if (losses > 0) {
    // Without a leak each change is as likely a gain as a loss.
    if (binomialAtMost(losses, c.net + 2 * losses, 0.5) > LUCK / losses) return { trend: 'grew', because: 'the gain does not stand out of the coming and going' };
    if (!isEverywhere(c.changes, c.counted) || inSteps(c, independentOf(c))) return { trend: 'grew', because: 'it gained survivors in one part of the window and not in the others' };
  }
  if (!goesOn(c)) return { trend: 'grew', because: 'it gained survivors, but hardly any of late: a pool that has filled' };
  const lifetime = shortestLifetime(c);
  if (lifetime !== undefined) return tooShort(livesLong(lifetime));
  const because = losses === 0
    ? 'what was opened all through the window is still open, and none of the old ones was closed'
    : 'it gained survivors all through the window, far more than it lost';
  return { trend: 'growing', because };
}

function oldMembers({ spans, window }: Case): number {
  return spans.reduce((sum, { bornAt, goneAt, count }) => sum + (bornAt === window.from && goneAt === undefined ? count : 0), 0);
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

/** Are the gains spread over the window? */
function isSpread(c: Case): boolean {
  const independent = independentOf(c);
  return independent >= LEAST_BURSTS && hasNoPause(c.changes, c.counted, seenAt(c), independent) && !inSteps(c, independent);
}

function independentOf({ changes, counted, sampleTimes, survivorAgeMs }: Case): number {
  const gains = new Map<number, number>();
  for (const { at, by } of changes) if (by > 0) gains.set(at, (gains.get(at) ?? 0) + by);
  if (gains.size < LEAST_GAIN) return 0;
  return independentGains(gains, sampleTimes.slice(1).map((at) => at + survivorAgeMs).filter((at) => at <= counted.to));
}

function inSteps(c: Case, independent: number): boolean {
  return areSteps(c.changes, c.counted, seenAt(c), independent, LEAST_BURSTS);
}

/** When who was born at a sample is of age. */
function seenAt({ counted, sampleTimes, survivorAgeMs }: Case): number[] {
  return sampleTimes.map((at) => at + survivorAgeMs).filter((at) => at <= counted.to);
}

/** Does it still gain in what survivors are too old for to tell? Most of what is younger than they and older than nearly all others stays. */
function goesOn({ spans, window, survivorAgeMs }: Case): boolean {
  const age = usualAge(spans, window);
  if (age >= survivorAgeMs) return true;
  const changes = changesOf(spans, window, age);
  return goesOnAtEnd(changes, { from: window.from + age, to: window.to });
}

function seconds(ms: number): string {
  return ms >= 90_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
