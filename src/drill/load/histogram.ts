/** How long many things took, in bounded memory: buckets that are 5 % wide, from 10 us to some minutes. */
const GROWTH = Math.log(1.05);
const LEAST_MS = 0.01;
const BUCKETS = 360;

export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS);
  count = 0;
  max = 0;

  add(ms: number): void {
    const bucket = ms <= LEAST_MS ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / LEAST_MS) / GROWTH));
    this.#counts[bucket]!++;
    this.count++;
    if (ms > this.max) this.max = ms;
  }

  /** The time that `part` (0 to 1) of them do not exceed, at most 5 % too high; null when there is none. */
  quantile(part: number): number | null {
    if (this.count === 0) return null;
    let left = Math.max(1, Math.ceil(part * this.count));
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket]!;
      if (left <= 0) return Math.min(this.max, LEAST_MS * Math.exp(bucket * GROWTH));
    }
    return this.max;
  }

  /** p50, p99 and the highest, ms; nulls when there is none. */
  summary(): LatencySummary {
    return { p50Ms: rounded(this.quantile(0.5)), p99Ms: rounded(this.quantile(0.99)), maxMs: this.count === 0 ? null : rounded(this.max) };
  }
}

export interface LatencySummary {
  p50Ms: number | null;
  p99Ms: number | null;
  maxMs: number | null;
}

function rounded(ms: number | null): number | null {
  return ms === null ? null : Number(ms.toFixed(2));
}
