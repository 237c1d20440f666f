/** Who counts as a survivor, and when survivors were gained and lost. */
import type { LifeSpan } from './types.ts';

/** A survivor is older than usual lives by this factor, */
const LIFETIME_FACTOR = 1.25;
/** usual being what so many stay below, where some live on for long. */
const USUAL = 0.95;
/** Where every life that ended was shorter than this part of the window, a survivor has to outlive them all, */
const SHORT_PART = 0.5;
/** and by the factor as long as that costs no more than this part of the window. */
const CHEAP_PART = 0.25;
/** Where fewer than this part of those born have ended, to end is the exception: a survivor is whoever was born. */
const FEW_END = 0.1;

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
  const length = window.to - window.from;
  const ended = spans.flatMap(({ bornAt, goneAt, count }) => (goneAt === undefined ? [] : { age: goneAt - bornAt, count, early: bornAt === window.from }));
  // Those of the first sample are older than anybody saw: at least so old may a life become.
  const longest = ended.reduce((most, { age }) => Math.max(most, age), 0);
  if (longest < SHORT_PART * length) return Math.max(longest, Math.min(LIFETIME_FACTOR * longest, CHEAP_PART * length));
  const whole = ended.filter(({ early }) => !early).sort((a, b) => a.age - b.age);
  const born = total(spans.filter(({ bornAt }) => bornAt > window.from));
  return total(whole) < FEW_END * born ? 0 : quantile(whole, total(whole) * USUAL) * LIFETIME_FACTOR;
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

/** In the order of time. */
export function changesOf(spans: readonly LifeSpan[], window: Window, age: number): Change[] {
  const changes: Change[] = [];
  for (const { bornAt, goneAt, count } of spans) {
    const ofAge = bornAt + age;
    // Never came of age: too young still, or gone before. (How old the early ones really are is not known; they count from the first sample.)
    if (ofAge > window.to || (goneAt !== undefined && goneAt <= ofAge)) continue;
    // Early ones come of age together, when counting begins: they are no gain, only a possible loss.
    if (bornAt > window.from) changes.push({ at: ofAge, by: count });
    if (goneAt !== undefined) changes.push({ at: goneAt, by: -count });
  }
  return changes.sort((a, b) => a.at - b.at);
}

/** What a part of the window brought, gains less losses. */
export function netBetween(changes: readonly Change[], from: number, to: number): number {
  return changes.reduce((sum, { at, by }) => sum + (at > from && at <= to ? by : 0), 0);
}
