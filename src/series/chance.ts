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
