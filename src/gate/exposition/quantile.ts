/** Quantiles of histograms, as histogram_quantile() of Prometheus makes them (promql/quantile.go, bucketQuantile). */

export interface Bucket {
  /** Upper limit, seconds; the last is +Inf. */
  limit: number;
  /** How many were at most that. */
  count: number;
}

export interface Quantile {
  value: number;
  /** It lies above the largest limit, which is told in its place. */
  isLeast: boolean;
}

/** Undefined where nothing was counted, or the last limit is missing. */
export function quantileOf(quantile: number, given: readonly Bucket[]): Quantile | undefined {
  const buckets = merged(given);
  const last = buckets.at(-1);
  if (!last || last.limit !== Number.POSITIVE_INFINITY || !(last.count > 0) || buckets.length < 2) return undefined;
  const rank = quantile * last.count;
  const index = buckets.findIndex(({ count }) => count >= rank);
  if (index < 0) return undefined;
  if (index === buckets.length - 1) return { value: buckets.at(-2)!.limit, isLeast: true };
  const { limit, count } = buckets[index]!;
  const below = index === 0 ? { limit: Math.min(0, limit), count: 0 } : buckets[index - 1]!;
  if (index === 0 && limit <= 0) return { value: limit, isLeast: false };
  return { value: below.limit + ((limit - below.limit) * (rank - below.count)) / Math.max(count - below.count, Number.MIN_VALUE), isLeast: false };
}

/** In order of their limits, those of several series together; each has at least what the one before has. */
function merged(given: readonly Bucket[]): Bucket[] {
  const sums = new Map<number, number>();
  for (const { limit, count } of given) sums.set(limit, (sums.get(limit) ?? 0) + count);
  let most = 0;
  return [...sums].sort(([a], [b]) => a - b).map(([limit, count]) => ({ limit, count: (most = Math.max(most, count)) }));
}
