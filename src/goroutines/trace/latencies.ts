/** How long each of many waits was, in bounded memory: counted by lengths, of which no two in a row differ by more than 0.4 %. */
import type { Latencies } from './model.ts';

/** Lengths per power of two. */
const STEPS = 256;
const STEP_BITS = 8;
/** The longest that is told apart from longer ones: 2^50 ns are 13 days. */
const MOST_BITS = 50;

export class LatencyCounts implements Latencies {
  count = 0;
  ns = 0;
  maxNs = 0;
  private readonly counts = new Uint32Array((MOST_BITS - STEP_BITS + 1) * STEPS);

  add(ns: number): void {
    this.count++;
    this.ns += ns;
    if (ns > this.maxNs) this.maxNs = ns;
    this.counts[placeOf(ns)]!++;
  }

  /** ns than which `part` of all are shorter. */
  at(part: number): number {
    const wanted = Math.floor(this.count * part);
    let below = 0;
    for (let place = 0; place < this.counts.length; place++) {
      below += this.counts[place]!;
      if (below > wanted) return Math.min(lengthOf(place), this.maxNs);
    }
    return this.maxNs;
  }
}

/** Below 256 ns each has a place of its own. */
function placeOf(ns: number): number {
  let exponent = 0;
  let rest = ns;
  while (rest >= 2 * STEPS && exponent < MOST_BITS - STEP_BITS - 1) {
    rest /= 2;
    exponent++;
  }
  return rest < STEPS ? Math.max(0, Math.floor(rest)) : (exponent + 1) * STEPS + Math.min(STEPS - 1, Math.floor(rest) - STEPS);
}

function lengthOf(place: number): number {
  const exponent = Math.floor(place / STEPS) - 1;
  return exponent < 0 ? place : (STEPS + (place % STEPS)) * 2 ** exponent;
}
