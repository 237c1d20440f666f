/**
 * Is a group growing? Not by the slope of its count, which rises with load and falls with luck, but by its survivors:
 * members that have lived much longer than members of this group usually do. A leak adds survivors all through the
 * window; churn, a pool that fills, a step and a sawtooth do not.
 */
import { type Case, judge } from './judge.ts';
import { ageOfSurvivors, changesOf, netBetween, type Window } from './survivors.ts';
import type { GroupTrend, LifeSpan, Quality } from './types.ts';

export { LEAST_SAMPLES, LEAST_WINDOW_MS } from './judge.ts';

const PARTS = 4;

/** @param spans all lives of one group; @param sampleTimes monotonic ms, ascending */
export function trendOf(group: string, spans: readonly LifeSpan[], sampleTimes: readonly number[]): GroupTrend {
  const window: Window = { from: sampleTimes[0] ?? 0, to: sampleTimes.at(-1) ?? 0 };
  const quality: Quality = spans.some((span) => span.quality === 'weak') ? 'weak' : 'exact';
  const survivorAgeMs = ageOfSurvivors(spans, window);
  const changes = changesOf(spans, window, survivorAgeMs);
  const counted: Window = { from: window.from + survivorAgeMs, to: window.to };
  const length = Math.max(counted.to - counted.from, 1);
  const net = changes.reduce((sum, { by }) => sum + by, 0);
  const edge = (part: number): number => (part === 0 ? -Infinity : counted.from + (part / PARTS) * length);
  const perPart = Array.from({ length: PARTS }, (_, part) => netBetween(changes, edge(part), edge(part + 1)));
  const rates = perPart.map((gain) => ((gain * PARTS) / length) * 60_000);
  const verdict: Case = { quality, spans, sampleTimes, window, counted, survivorAgeMs, changes, net, perPart };
  const sum = (isMeant: (span: LifeSpan) => boolean): number => spans.reduce((all, span) => all + (isMeant(span) ? span.count : 0), 0);
  return {
    group,
    quality,
    ...judge(verdict),
    atStart: sum(({ bornAt }) => bornAt === window.from),
    atEnd: sum(({ goneAt }) => goneAt === undefined),
    births: sum(({ bornAt }) => bornAt > window.from),
    deaths: sum(({ goneAt }) => goneAt !== undefined),
    survivorsGained: net,
    growthPerMinute: counted.to > counted.from ? (net / length) * 60_000 : 0,
    slowestPerMinute: Math.min(...rates),
    fastestPerMinute: Math.max(...rates),
    survivorAgeMs,
  };
}
