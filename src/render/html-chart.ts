/** A line over time as SVG, drawn here: the page needs no script. */
import { count, duration } from '../report/words.ts';
import { chartWords } from './chart-words.ts';
import type { ChartBlock } from './document.ts';
import { htmlText } from './html-text.ts';

const WIDTH = 720;
const HEIGHT = 200;
const LEFT = 64;
const RIGHT = 16;
const TOP = 12;
const BOTTOM = 28;
/** More points than pixels show nothing more. */
const MOST_POINTS = 600;

/** Lowest and highest of each stretch, so that a peak is not lost. */
function thinned(points: ChartBlock['points']): ChartBlock['points'] {
  if (points.length <= MOST_POINTS) return points;
  const size = Math.ceil(points.length / (MOST_POINTS / 2));
  const kept: ChartBlock['points'][number][] = [];
  for (let from = 0; from < points.length; from += size) {
    const stretch = points.slice(from, from + size);
    const lowest = stretch.reduce((a, b) => (b.value < a.value ? b : a));
    const highest = stretch.reduce((a, b) => (b.value > a.value ? b : a));
    kept.push(...(lowest.atMs <= highest.atMs ? [lowest, highest] : [highest, lowest]));
  }
  return [points[0]!, ...kept, points.at(-1)!];
}

/** 1, 2 or 5 times a power of ten, so that there are about four lines. */
function stepOf(span: number): number {
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
  return Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough) ?? power * 10);
}

/** The limit is in the picture when what was counted comes near it: else the line would be flat at the bottom. */
const NEAR = 0.5;

export function chartSvg(block: ChartBlock): string {
  const { points, limit, unit } = block;
  const values = points.map(({ value }) => value);
  const [lowest, highest] = [Math.min(...values), Math.max(...values)];
  const shown = limit !== undefined && highest >= limit * NEAR ? limit : undefined;
  const step = stepOf(Math.max(highest, shown ?? 0) - Math.min(lowest, highest * NEAR));
  const bottom = Math.max(0, Math.floor(Math.min(lowest, highest) / step - 1) * step);
  const top = Math.max(bottom + step, Math.ceil(Math.max(highest, shown ?? 0) / step) * step);
  const [from, to] = [points[0]!.atMs, Math.max(points.at(-1)!.atMs, points[0]!.atMs + 1)];
  const x = (atMs: number): string => (LEFT + ((atMs - from) / (to - from)) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (value: number): string => (TOP + (1 - (value - bottom) / (top - bottom)) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const lines: string[] = [];
  for (let value = bottom; value <= top; value += step) {
    lines.push(`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}"/><text class="axis" x="${LEFT - 8}" y="${y(value)}" text-anchor="end" dominant-baseline="middle">${count(value)}</text>`);
  }
  for (const part of [0, 0.5, 1]) {
    const anchor = part === 0 ? 'start' : part === 1 ? 'end' : 'middle';
    lines.push(`<text class="axis" x="${x(from + (to - from) * part)}" y="${HEIGHT - 8}" text-anchor="${anchor}">${part === 0 ? '0' : duration((to - from) * part)}</text>`);
  }
  if (shown !== undefined) lines.push(`<line class="limit" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(shown)}" y2="${y(shown)}"/><text class="limit-word" x="${WIDTH - RIGHT}" y="${(Number(y(shown)) + 14).toFixed(1)}" text-anchor="end">limit ${count(shown)}</text>`);
  const path = thinned(points).map(({ atMs, value }) => `${x(atMs)},${y(value)}`).join(' ');
  return `<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${htmlText(chartWords(block))}"><title>${htmlText(chartWords(block))}</title>${lines.join('')}<polyline class="series" points="${path}"/><text class="axis" x="${LEFT}" y="${TOP - 2}">${htmlText(unit)}</text></svg>`;
}
