/** Exact intervals for so many failures of so many trials (Clopper and Pearson 1934), and how many trials a claim needs. */

/** 95 %, two-sided. */
const TAIL = 0.025;
/** A claim is one-sided: "at least so good", 95 %. */
const CLAIM_TAIL = 0.05;

export interface Interval {
  low: number;
  high: number;
}

/** The 95 % interval of the rate behind `failed` of `total`; everything is possible where there was no trial. */
export function exactInterval(failed: number, total: number): Interval {
  if (total === 0) return { low: 0, high: 1 };
  return {
    low: failed === 0 ? 0 : betaQuantile(TAIL, failed, total - failed + 1),
    high: failed === total ? 1 : betaQuantile(1 - TAIL, failed + 1, total - failed),
  };
}

/** How many trials in all claim, with 95 % confidence, that at least `share` (0.9999) succeed, when `failed` of them fail. */
export function trialsFor(share: number, failed: number): number {
  const isEnough = (total: number): boolean => (failed >= total ? 1 : betaQuantile(1 - CLAIM_TAIL, failed + 1, total - failed)) <= 1 - share;
  let high = 1;
  while (!isEnough(high)) high *= 2;
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** By halving: the distribution function rises. */
function betaQuantile(probability: number, a: number, b: number): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (betaBelow(middle, a, b) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The regularised incomplete beta function I_x(a, b), by its continued fraction on the side where that is short. */
function betaBelow(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? (front * fraction(x, a, b)) / a : 1 - (front * fraction(1 - x, b, a)) / b;
}

/** The method of Lentz. */
function fraction(x: number, a: number, b: number): number {
  const least = 1e-300;
  const away = (value: number): number => (Math.abs(value) < least ? least : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const step = d * c;
    result *= step;
    if (Math.abs(step - 1) < 1e-14) break;
  }
  return result;
}

/** The series of Stirling, after the argument was raised to where that is exact. */
function logGamma(value: number): number {
  let z = value;
  let shift = 0;
  while (z < 15) shift += Math.log(z++);
  const inverse = 1 / (z * z);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / z;
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - shift;
}
