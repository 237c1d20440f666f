/**
 * Is a group growing? Not by the slope of its count, which rises with load and falls with luck, but by its survivors:
 * members that have lived much longer than members of this group usually do. A leak adds survivors all through the
 * window; churn, a pool that fills, a step and a sawtooth do not.
 */
import type { GroupTrend, Life, Quality, Trend } from './types.ts';

/** Fewer samples than this show nothing. */
export const LEAST_SAMPLES = 8;
/** Gains below this many are chance. */
const LEAST_GAIN = 4;
const PARTS = 4;
/** Each quarter of the window must bring at least this part of an even share of the gain: a pool that fills brings little in the last one. */
const LEAST_SHARE = 0.25;
/** A survivor is older than 95 of 100 completed lives by this factor. */
const LIFETIME_FACTOR = 1.25;
/** With losses, the net gain must stand out of the coming and going by this many standard deviations. */
const SIGMAS = 3;

interface Window {
  from: number;
  to: number;
}

/** A change of the number of survivors: +1 when a member comes of age, -1 when one that is of age is lost. */
interface Change {
  at: number;
  by: 1 | -1;
}

/** @param lives all of one group; @param sampleTimes monotonic ms, ascending */
export function trendOf(group: string, lives: readonly Life[], sampleTimes: readonly number[]): GroupTrend {
  const window = { from: sampleTimes[0] ?? 0, to: sampleTimes.at(-1) ?? 0 };
  const quality: Quality = lives.some((life) => life.quality === 'weak') ? 'weak' : 'exact';
  const survivorAgeMs = ageOfSurvivors(lives);
  const changes = changesOf(lives, window, survivorAgeMs);
  const gains = changes.filter(({ by }) => by > 0).length;
  const net = gains - (changes.length - gains);
  const counted: Window = { from: window.from + survivorAgeMs, to: window.to };
  const perPart = partsOf(changes, counted);
  const minutes = Math.max(counted.to - counted.from, 1) / 60_000;
  const rates = perPart.map((gain) => (gain / minutes) * PARTS);
  const { trend, because } = judge({ quality, lives, window, counted, survivorAgeMs, changes, net, perPart, samples: sampleTimes.length });
  return {
    group,
    quality,
    trend,
    atStart: lives.filter((life) => life.early).length,
    atEnd: lives.filter((life) => life.goneAt === undefined).length,
    births: lives.filter((life) => !life.early).length,
    deaths: lives.filter((life) => life.goneAt !== undefined).length,
    survivorsGained: net,
    growthPerMinute: counted.to > counted.from ? net / minutes : 0,
    slowestPerMinute: Math.min(...rates),
    fastestPerMinute: Math.max(...rates),
    survivorAgeMs,
    because,
  };
}

/** As old as members of the group usually become. 0 where none was seen to end: then everything that was born has survived. */
function ageOfSurvivors(lives: readonly Life[]): number {
  const completed = lives.filter((life) => !life.early && life.goneAt !== undefined).map((life) => life.goneAt! - life.bornAt);
  completed.sort((a, b) => a - b);
  const usual = completed[Math.min(completed.length - 1, Math.floor(completed.length * 0.95))] ?? 0;
  return usual * LIFETIME_FACTOR;
}

function changesOf(lives: readonly Life[], window: Window, age: number): Change[] {
  const changes: Change[] = [];
  for (const life of lives) {
    const ofAge = life.bornAt + age;
    // Never came of age: too young still, or gone before. (How old the early ones really are is not known; they count from the first sample.)
    if (ofAge > window.to || (life.goneAt !== undefined && life.goneAt <= ofAge)) continue;
    // Early ones come of age together, when counting begins: they are no gain, only a possible loss.
    if (!life.early) changes.push({ at: ofAge, by: 1 });
    if (life.goneAt !== undefined) changes.push({ at: life.goneAt, by: -1 });
  }
  return changes.sort((a, b) => a.at - b.at);
}

function partsOf(changes: readonly Change[], counted: Window): number[] {
  const parts = new Array<number>(PARTS).fill(0);
  const length = Math.max(counted.to - counted.from, 1);
  for (const { at, by } of changes) {
    const part = Math.min(PARTS - 1, Math.max(0, Math.floor(((at - counted.from) / length) * PARTS)));
    parts[part]! += by;
  }
  return parts;
}

interface Case {
  quality: Quality;
  lives: readonly Life[];
  window: Window;
  counted: Window;
  survivorAgeMs: number;
  changes: readonly Change[];
  net: number;
  perPart: readonly number[];
  samples: number;
}

function judge(c: Case): { trend: Trend; because: string } {
  if (c.samples < LEAST_SAMPLES) return { trend: 'too-short', because: `${c.samples} samples, and fewer than ${LEAST_SAMPLES} show nothing` };
  const losses = c.changes.filter(({ by }) => by < 0).length;
  const length = c.window.to - c.window.from;
  if (c.survivorAgeMs > length / 2 && c.net > 0) {
    return { trend: 'too-short', because: `its members usually live ${seconds(c.survivorAgeMs / LIFETIME_FACTOR)}: a window of ${seconds(4 * c.survivorAgeMs)} or more could tell` };
  }
  if (c.net < LEAST_GAIN) return { trend: 'steady', because: c.net > 0 ? `${c.net} more survivors are chance` : 'no more survivors at the end than at the start' };
  if (c.quality === 'weak') return judgeWeak(c);
  if (losses === 0) {
    return isSpread(c)
      ? { trend: 'growing', because: 'what was opened all through the window is still open, and none of the old ones was closed' }
      : { trend: 'grew', because: 'it grew in one part of the window and not in the others: a step or a pool that fills' };
  }
  // Without a leak, gains would be as many as losses: their difference then has a variance of twice the losses.
  const standsOut = c.net >= SIGMAS * Math.sqrt(2 * losses + 1);
  const everywhere = c.perPart.every((gain) => gain >= Math.max(1, (LEAST_SHARE * c.net) / PARTS));
  if (standsOut && everywhere) return { trend: 'growing', because: 'it gained survivors in every quarter of the window, far more than it lost' };
  return { trend: 'grew', because: everywhere ? 'the gain does not stand out of the coming and going' : 'it did not gain in every quarter of the window' };
}

/** A weak identity may be churn at the same number: only a group that lost nothing at all and gained everywhere counts. */
function judgeWeak(c: Case): { trend: Trend; because: string } {
  const lost = c.lives.some((life) => life.goneAt !== undefined);
  if (!lost && isSpread(c) && c.perPart.every((gain) => gain > 0)) {
    return { trend: 'growing', because: 'it gained in every quarter of the window and lost none, but one of its members cannot be told from another' };
  }
  return { trend: 'grew', because: 'its members cannot be told from one another, and some were closed: this may be churn under rising load' };
}

/** Are the gains spread over the window? No pause is as long as half of it, and it does not end with a long one. */
function isSpread({ changes, counted }: Case): boolean {
  const gains = changes.filter(({ by }) => by > 0).map(({ at }) => at);
  const length = counted.to - counted.from;
  // One sample that brings many is one step, however many it brings.
  if (new Set(gains).size < LEAST_GAIN || counted.to - gains.at(-1)! >= length / PARTS) return false;
  return gains.every((at, index) => at - (gains[index - 1] ?? counted.from) < length / 2);
}

function seconds(ms: number): string {
  return ms >= 90_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
