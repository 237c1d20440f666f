/** Closings that come all at once: a collector that runs now and then, a log that is rotated, a pool that is emptied. */
import type { LifeSpan } from './types.ts';

/** A closing in bulk takes at least this many, and half of what is open. */
const LEAST = 4;
const PART = 0.5;
/** Closing in bulk is how a group does it when so many of its closings are such. */
const MOSTLY = 0.9;

/**
 * When members end in bulk and hardly otherwise: the times of these. Null when they end one by one, or not at all.
 * @param sampleTimes ascending
 */
export function bulkClosings(spans: readonly LifeSpan[], sampleTimes: readonly number[]): number[] | null {
  const gone = countedBy(spans, ({ goneAt }) => goneAt);
  const born = countedBy(spans, ({ bornAt }) => bornAt);
  let alive = 0;
  let closed = 0;
  let inBulk = 0;
  const bulks: number[] = [];
  for (const at of sampleTimes) {
    const ended = gone.get(at) ?? 0;
    closed += ended;
    if (ended >= LEAST && ended >= PART * alive) {
      bulks.push(at);
      inBulk += ended;
    }
    alive += (born.get(at) ?? 0) - ended;
  }
  return closed > 0 && inBulk >= MOSTLY * closed ? bulks : null;
}

function countedBy(spans: readonly LifeSpan[], timeOf: (span: LifeSpan) => number | undefined): Map<number, number> {
  const counts = new Map<number, number>();
  for (const span of spans) {
    const at = timeOf(span);
    if (at !== undefined) counts.set(at, (counts.get(at) ?? 0) + span.count);
  }
  return counts;
}
