/** Lives of the descriptors of one site in one table, by the ticks of their birth and end. */
import { type GroupTrend, type LifeSpan, trendOf } from '../../series/index.ts';
import type { Clock } from './clock.ts';

/** Window a trend is judged in at least, ms: shorter logs are stretched, because in a log every open and close is seen. */
const STRETCHED_MS = 20_000;
const SHORT_MS = 5000;
/** More than there are ticks. */
export const RADIX = 1024;
/** A leak may begin late: in the last stretch, of at least this part of the window, it must have gained so many. */
const LATE_PART = 0.25;
const LEAST_LATE = 10;
/** Nothing was opened for so many times what usually lies between: it has stopped. */
const STOPPED = 4;
const STOPPED_TICKS = 3;
/** Of what such a site opened so many were closed. */
const MOSTLY_CLOSED = 0.75;

export interface SiteTrend extends GroupTrend {
  /** How long it has been growing, to the end; 0 when nothing was opened of late, null without times. */
  steadyMs: number | null;
}

/** How many have the same birth and end: the tick of the one, times `RADIX`, and that of the other. */
export type Counts = Map<number, number>;

/** What a site brought in a table, in ticks as long as they are now. */
export interface Lives {
  opened: number;
  closed: number;
  /** Tick of the first open. */
  first: number;
  counts: Counts;
}

/** @param living ticks of birth of those that still live; @param tableFrom first tick of the table */
export function siteTrend(lives: Lives, name: string, living: readonly number[], tableFrom: number, clock: Clock): SiteTrend {
  const { first, counts } = lives;
  const tickMs = clock.timed ? clock.width / 1000 : 0;
  const isLong = (clock.now - tableFrom) * tickMs >= SHORT_MS;
  // The start of an interpreter is most of a short log, and says nothing of what came after.
  const from = isLong ? tableFrom : first;
  const steadyMs = (start: number): number | null => (clock.timed ? (hasStopped(living, clock.now) ? 0 : (clock.now - start) * tickMs) : null);
  const whole = trendFrom(counts, name, living, from, clock.now, isLong ? tickMs : 0, tickMs);
  if (whole.trend !== 'growing' && isLong && hasStopped(living, clock.now)) {
    const active = whileAtWork(lives, name, living, from, tickMs);
    if (active) return { ...active, steadyMs: steadyMs(from) };
  }
  if (whole.trend === 'growing' || !isLong || hasStopped(living, clock.now)) return { ...whole, steadyMs: steadyMs(Math.max(from, Math.min(...living))) };
  for (const start of lateStarts(living, from, clock.now)) {
    if ((clock.now - start) * tickMs < SHORT_MS) continue;
    const late = trendFrom(counts, name, living, start, clock.now, tickMs, tickMs);
    if (late.trend === 'growing' && late.survivorsGained >= LEAST_LATE) return { ...late, because: `since it began to grow ${late.because}`, steadyMs: steadyMs(start) };
  }
  return { ...whole, steadyMs: steadyMs(from) };
}

/**
 * A site that was done long before the end: what it did not close is a leak when it came all through its work, among others that were closed. Of a
 * pool that has filled most are open. Undefined when it is none.
 */
function whileAtWork({ opened, closed, counts }: Lives, name: string, living: readonly number[], from: number, tickMs: number): GroupTrend | undefined {
  if (closed < opened * MOSTLY_CLOSED) return undefined;
  let last = Math.max(...living);
  for (const key of counts.keys()) last = Math.max(last, Math.floor(key / RADIX));
  if ((last - from) * tickMs < SHORT_MS) return undefined;
  const trend = trendFrom(counts, name, living, from, last, tickMs, tickMs);
  return trend.trend === 'growing' && trend.survivorsGained >= LEAST_LATE ? { ...trend, because: `as long as it opened any ${trend.because}` } : undefined;
}

/** @param scaleMs length of a tick; 0: the window is short, and stretched */
function trendFrom(counts: Counts, name: string, living: readonly number[], from: number, now: number, scaleMs: number, tickMs: number): GroupTrend {
  const ticks = Math.max(1, now - from);
  const scale = scaleMs > 0 ? scaleMs : STRETCHED_MS / ticks;
  // What is born in the first tick would count as there before: there is a sample before it.
  const at = (tick: number): number => (tick < from ? 0 : (tick - from + 1) * scale);
  const spans: LifeSpan[] = [...counts].flatMap(([key, count]) => {
    const gone = key % RADIX;
    return gone < from ? [] : [{ bornAt: at(Math.floor(key / RADIX)), goneAt: at(gone), quality: 'exact' as const, count }];
  });
  const alive = new Map<number, number>();
  for (const tick of living) alive.set(tick, (alive.get(tick) ?? 0) + 1);
  for (const [tick, count] of alive) spans.push({ bornAt: at(tick), quality: 'exact', count });
  const trend = trendOf(name, spans, Array.from({ length: ticks + 2 }, (_, sample) => sample * scale));
  if (scaleMs > 0) return trend;
  const real = tickMs / scale;
  // Rates of stretched time mean nothing.
  const rate = (perMinute: number): number => (real > 0 ? perMinute / real : 0);
  return { ...trend, growthPerMinute: rate(trend.growthPerMinute), slowestPerMinute: rate(trend.slowestPerMinute), fastestPerMinute: rate(trend.fastestPerMinute), survivorAgeMs: trend.survivorAgeMs * real };
}

/** Where a last stretch of growth may begin: with the first that still lives, or somewhere in the middle. */
function lateStarts(living: readonly number[], from: number, now: number): number[] {
  const ticks = now - from;
  const latest = now - ticks * LATE_PART;
  return [Math.min(...living), from + Math.floor(ticks / 3), from + Math.floor(ticks / 2)].filter((start) => start > from && start <= latest);
}

/** Nothing was opened for much longer than usual before the end. */
function hasStopped(living: readonly number[], now: number): boolean {
  const first = Math.min(...living);
  const last = Math.max(...living);
  const usual = living.length > 1 ? (last - first) / (living.length - 1) : 0;
  return now - last > Math.max(STOPPED_TICKS, STOPPED * usual);
}
