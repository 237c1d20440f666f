/** The probability of at most `hits` in `tries`, each with probability `p`. */
export function binomialAtMost(hits: number, tries: number, p: number): number {
  if (hits >= tries || p <= 0) return 1;
  if (p >= 1) return 0;
  let sum = 0;
  // In logarithms: thousands of tries would underflow.
  let term = tries * Math.log1p(-p);
  for (let k = 0; k <= hits; k++) {
    sum += Math.exp(term);
    term += Math.log((tries - k) / (k + 1)) + Math.log(p) - Math.log1p(-p);
  }
  return Math.min(1, sum);
}

/** More moments than this tell no more. */
const MOST_POINTS = 200;
/** Halvings until a bound is as good as its best. */
const HALVINGS = 40;

/**
 * A bound of the probability that of the pauses which so many random moments leave in a stretch (before, between and after them) the longest
 * make up at least `part` of it, taken together. Pauses are distributed like exponential variables by their sum; those in order are sums of
 * independent ones (Renyi), so that Chernoff's bound can be had for any number of them.
 * @param longest how many pauses are taken together; @param points how many moments there are
 */
export function longestPausesMakeUp(part: number, longest: number, points: number): number {
  if (part >= 1) return 0;
  const weights = Array.from({ length: Math.min(points, MOST_POINTS) + 1 }, (_, index) => Math.min(1, longest / (index + 1)) - part);
  if (weights.reduce((sum, weight) => sum + weight, 0) >= 0) return 1;
  let low = 0;
  let high = 1 / (1 - part);
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (weights.reduce((sum, weight) => sum + weight / (1 - middle * weight), 0) < 0) low = middle;
    else high = middle;
  }
  return Math.exp(-weights.reduce((sum, weight) => sum + Math.log1p(-low * weight), 0));
}
