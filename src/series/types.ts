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
  /** It was there before its owner was first looked at: it counts as one of the first sample, no gain and maybe a loss. */
  early?: boolean;
}

/** Lives that no sample can tell apart: begun at the same one, ended at the same one. Times are monotonic ms. */
export interface LifeSpan {
  /** The first sample that saw them; of those in the very first one, the real birth lies before. */
  bornAt: number;
  /** The first sample that no longer saw them; absent while they live. */
  goneAt?: number;
  quality: Quality;
  count: number;
}

/** All lives of things that are of one sort. */
export interface Sort<T = unknown> {
  /** One, or two that differ: enough to name the sort by. */
  examples: readonly T[];
  /** Those that still live. */
  living: readonly T[];
  /** Those of them that no first look saw. */
  livingNew: readonly T[];
  spans: readonly LifeSpan[];
}

export type Trend =
  /** Gains survivors all through the window. */
  | 'growing'
  /** Larger at the end, but not all through: a step, a plateau, a weak identity that may be churn. */
  | 'grew'
  | 'steady'
  /** Nothing can be said: the window, or what is left of it after the usual life, is too short. */
  | 'too-short';

export interface GroupTrend {
  group: string;
  quality: Quality;
  trend: Trend;
  /** Open at the first sample (of its process, where that came later), and at the last. */
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
