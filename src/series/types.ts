/** Samples of anything that is opened and closed: descriptors, handles, goroutines, watches. */

/**
 * `exact`: the identity names one opened thing and no other, as long as the watch lasts. `weak`: the same identity may
 * stand for one thing closed and another opened in its place.
 */
export type Quality = 'exact' | 'weak';

/** One thing that is open in one sample. */
export interface Member<T = unknown> {
  identity: string;
  quality: Quality;
  /** What the wing wants back with it; the newest one counts. */
  item: T;
}

/** One life: from the first sample that saw a thing to the last. Times are monotonic ms. */
export interface Life<T = unknown> {
  identity: string;
  quality: Quality;
  item: T;
  /** First seen; of those alive in the first sample, the real birth lies before. */
  bornAt: number;
  /** Alive in the first sample. */
  early: boolean;
  /** The first sample that no longer saw it; absent while it lives. */
  goneAt?: number;
}

export type Trend =
  /** Gains survivors all through the window. */
  | 'growing'
  /** Larger at the end, but not all through: a step, a plateau, a weak identity that may be churn. */
  | 'grew'
  | 'steady'
  /** Lifetimes are as long as the window: nothing can be said. */
  | 'too-short';

export interface GroupTrend {
  group: string;
  quality: Quality;
  trend: Trend;
  /** Open at the first and at the last sample. */
  atStart: number;
  atEnd: number;
  births: number;
  deaths: number;
  /** Born in the window, old enough to count, and alive at the end, less the old ones that were lost. */
  survivorsGained: number;
  /** Of survivors; births that are still young are not counted. */
  growthPerMinute: number;
  /** Lowest and highest rate of the quarters of the window, for forecasts. */
  slowestPerMinute: number;
  fastestPerMinute: number;
  /** Age from which a member counts as a survivor, ms. */
  survivorAgeMs: number;
  /** Why the trend is what it is, one sentence. */
  because: string;
}
