import { count, duration } from '../report/words.ts';
import type { ChartBlock } from './document.ts';

/** A chart in one sentence: `open descriptors: 120 at first, 165 after 30 s, between 118 and 165 (limit 1,024)`. */
export function chartWords({ title, points, limit }: ChartBlock): string {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return `${title}: nothing was counted`;
  const values = points.map(({ value }) => value);
  const span = `between ${count(Math.min(...values))} and ${count(Math.max(...values))}`;
  return `${title}: ${count(first.value)} at first, ${count(last.value)} after ${duration(last.atMs - first.atMs)}, ${span}${limit === undefined ? '' : ` (limit ${count(limit)})`}`;
}
