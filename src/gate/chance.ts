/** Would so many failures be a surprise if no more than the allowed share of requests failed? */

/** Exact: the chance of `failures` or more among `requests` independent ones that fail with chance `share`. */
export function chanceOf(failures: number, requests: number, share: number): number {
  if (failures <= 0) return 1;
  if (failures > requests || share <= 0) return 0;
  if (share >= 1) return 1;
  let sum = 0;
  // Logarithms: the single chances are too small for a double.
  let log = logChoose(requests, failures) + failures * Math.log(share) + (requests - failures) * Math.log1p(-share);
  for (let count = failures; count <= requests; count++) {
    const term = Math.exp(log);
    sum += term;
    if (count > requests * share && term < sum * 1e-12) break;
    log += Math.log((requests - count) / (count + 1)) + Math.log(share) - Math.log1p(-share);
  }
  return Math.min(1, sum);
}

function logChoose(n: number, k: number): number {
  let log = 0;
  const least = Math.min(k, n - k);
  for (let i = 1; i <= least; i++) log += Math.log((n - least + i) / i);
  return log;
}
