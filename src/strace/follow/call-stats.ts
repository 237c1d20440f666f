/** How often, how long: per call, in bounded memory. */
import type { TraceActor } from '../../series/index.ts';
import type { Meant } from '../calls/call.ts';
import { MOST_NAMES } from '../parse/names.ts';

/** Buckets of a histogram: four per doubling, from 1 µs to half an hour and more. */
const BUCKETS = 128;
const SLOWEST = 12;

export interface CallRow {
  call: string;
  count: number;
  errors: number;
  /** ms; null where the log has no times of calls, or shows less than a second as nothing (-t). */
  p50Ms: number | null;
  p99Ms: number | null;
  maxMs: number | null;
}

export interface SlowCall {
  name: number;
  /** As it was called then: it may have ended since. */
  actor: TraceActor;
  /** What its first argument stood for then: the number may be that of another file since. */
  on: Meant;
  micros: number;
  /** Only so many seconds at least. */
  isRough: boolean;
  line: number;
  time: number;
}

export class CallStats {
  /** By the number of the call's name. */
  readonly counts = new Uint32Array(MOST_NAMES);
  readonly errors = new Uint32Array(MOST_NAMES);
  /** Slowest first. */
  readonly slowest: SlowCall[] = [];
  /** Calls that took less than the log can tell (-t). */
  private readonly below = new Uint32Array(MOST_NAMES);
  private readonly histograms = new Uint32Array(MOST_NAMES * BUCKETS);
  private readonly longest = new Float64Array(MOST_NAMES).fill(-1);

  count(name: number, isError: boolean): void {
    this.counts[name]!++;
    if (isError) this.errors[name]!++;
  }

  took(name: number, micros: number): void {
    this.histograms[name * BUCKETS + bucketOf(micros)]!++;
    if (micros > this.longest[name]!) this.longest[name] = micros;
  }

  /** Less than a second, and nothing more is known. */
  tookLess(name: number): void {
    this.below[name]!++;
  }

  isSlow(micros: number): boolean {
    return this.slowest.length < SLOWEST || micros > this.slowest.at(-1)!.micros;
  }

  addSlow(call: SlowCall): void {
    this.slowest.push(call);
    this.slowest.sort((a, b) => b.micros - a.micros);
    if (this.slowest.length > SLOWEST) this.slowest.pop();
  }

  /** Most frequent first. */
  rows(names: readonly string[]): CallRow[] {
    const rows = names.flatMap((call, id): CallRow[] => {
      const count = this.counts[id] ?? 0;
      if (count === 0) return [];
      const maxMs = this.longest[id]! < 0 ? null : this.longest[id]! / 1000;
      return [{ call, count, errors: this.errors[id] ?? 0, p50Ms: this.quantile(id, 0.5), p99Ms: this.quantile(id, 0.99), maxMs }];
    });
    return rows.sort((a, b) => b.count - a.count || (a.call < b.call ? -1 : 1));
  }

  private quantile(name: number, part: number): number | null {
    if (this.longest[name]! < 0) return null;
    const histogram = this.histograms.subarray(name * BUCKETS, (name + 1) * BUCKETS);
    const below = this.below[name]!;
    let left = part * (below + histogram.reduce((sum, count) => sum + count, 0)) - below;
    if (left <= 0) return null;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= histogram[bucket]!;
      if (left <= 0) return Math.min(upperBound(bucket), this.longest[name]!) / 1000;
    }
    return this.longest[name]! / 1000;
  }
}

/** Two bits behind the leading one: no logarithm is taken of every call. */
function bucketOf(micros: number): number {
  const whole = micros > 2 ** 30 ? 2 ** 30 : micros | 0;
  if (whole < 4) return whole;
  const bits = 31 - Math.clz32(whole);
  return (bits - 1) * 4 + ((whole >> (bits - 2)) & 3);
}

/** First value of the next bucket, µs. */
function upperBound(bucket: number): number {
  const next = bucket + 1;
  return next < 4 ? next : (4 + (next & 3)) * 2 ** ((next >> 2) - 1);
}
