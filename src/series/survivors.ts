/** Who counts as a survivor, and when survivors were gained and lost. */
import type { LifeSpan } from './types.ts';

/** A survivor is older than usual lives by this factor, */
const LIFETIME_FACTOR = 1.25;
/** usual being what so many stay below, where some live on for long. */
const USUAL = 0.95;
const NEARLY_ALL = 0.98;
/** Survivors older than this part of the window say nothing of what was born after the first half of it. */
export const OLDEST_PART = 0.32;
/** Where fewer than this part of those born have ended, to end is the exception: a survivor is whoever was born. */
const FEW_END = 0.1;
/** Those of the first sample are older than anybody saw. So much older than the others in sight, and they are of another sort. */
const OF_ANOTHER_SORT = 1.5;

export interface Window {
  from: number;
  to: number;
}

/** A change of the number of survivors: above 0 when some come of age, below when some that are of age are lost. */
export interface Change {
  at: number;
  by: number;
}

interface Aged {
  age: number;
  count: number;
}

/** As old as members of the group usually become, and some. 0 where they do not end: then everything that was born has survived. */
export function ageOfSurvivors(spans: readonly LifeSpan[], window: Window): number {
  const most = OLDEST_PART * (window.to - window.from);
  const ended = spans.flatMap(({ bornAt, goneAt, count }) => (goneAt === undefined ? [] : { age: goneAt - bornAt, count, early: bornAt === window.from }));
  const whole = ended.filter(({ early }) => !early).sort((a, b) => a.age - b.age);
  const longestWhole = whole.at(-1)?.age ?? 0;
  const longest = ended.reduce((sum, { age }) => (age <= OF_ANOTHER_SORT * longestWhole ? Math.max(sum, age) : sum), longestWhole);
  // Who outlives them all is a survivor without a doubt.
  if (longest <= most) return Math.max(longest, Math.min(LIFETIME_FACTOR * longest, most));
  const born = total(spans.filter(({ bornAt }) => bornAt > window.from));
  if (total(whole) < FEW_END * born) return 0;
  return Math.max(most, quantile(whole, total(whole) * USUAL) * LIFETIME_FACTOR);
}

/** As old as nearly all members become. Who is older is no survivor yet, but mostly will be. */
export function usualAge(spans: readonly LifeSpan[], window: Window): number {
  const whole = spans.flatMap(({ bornAt, goneAt, count }) => (goneAt === undefined || bornAt === window.from ? [] : { age: goneAt - bornAt, count }));
  whole.sort((a, b) => a.age - b.age);
  return quantile(whole, total(whole) * NEARLY_ALL);
}

function total(parts: readonly { count: number }[]): number {
  return parts.reduce((sum, { count }) => sum + count, 0);
}

function quantile(ages: readonly Aged[], rank: number): number {
  let passed = 0;
  for (const { age, count } of ages) {
    passed += count;
    if (passed > rank) return age;
  }
  return ages.at(-1)?.age ?? 0;
}

/** In the order of time. Who came of age and was lost again within the window changed nothing. */
export function changesOf(spans: readonly LifeSpan[], window: Window, age: number): Change[] {
  const changes: Change[] = [];
  for (const { bornAt, goneAt, count } of spans) {
    const ofAge = bornAt + age;
    if (bornAt > window.from) {
      if (goneAt === undefined && ofAge <= window.to) changes.push({ at: ofAge, by: count });
    } else if (goneAt !== undefined && goneAt > ofAge) {
      // How old the early ones really are is not known: they come of age together, when counting begins, and are a possible loss only.
      changes.push({ at: goneAt, by: -count });
    }
  }
  return changes.sort((a, b) => a.at - b.at);
}

/** What a part of the window brought, gains less losses. */
export function netBetween(changes: readonly Change[], from: number, to: number): number {
  return changes.reduce((sum, { at, by }) => sum + (at > from && at <= to ? by : 0), 0);
}

/** How long survivors were in sight, ms in all, and how many were lost. */
export interface Exposure {
  ms: number;
  lost: number;
}

/** Of survivors born in the window, and of those there before it. */
export function exposures(spans: readonly LifeSpan[], window: Window, age: number): { born: Exposure; early: Exposure } {
  const result = { born: { ms: 0, lost: 0 }, early: { ms: 0, lost: 0 } };
  for (const { bornAt, goneAt, count } of spans) {
    const until = goneAt ?? window.to;
    const lived = until - (bornAt + age);
    if (lived <= 0) continue;
    const own = bornAt === window.from ? result.early : result.born;
    own.ms += lived * count;
    if (goneAt !== undefined) own.lost += count;
  }
  return result;
}
