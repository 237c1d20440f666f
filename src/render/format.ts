/** Numbers with their units, as the text format shows them. */
import { bytes, count, duration, percent } from '../report/words.ts';

const SCALES = new Map<string, (value: number) => string>([
  ['bytes', bytes],
  ['B', bytes],
  ['ms', duration],
  ['s', (value) => duration(value * 1000)],
  ['ratio', percent],
  ['%', (value) => percent(value / 100)],
]);

/**
 * A number with its unit: bytes, times and ratios in the unit that fits (`bytes`, `B`, `ms`, `s`, `ratio`, `%`), others as
 * `19,005 fds`. With a limit: `1,019 fds (limit 1,024)`.
 */
export function amount(value: number, unit = '', limit?: number): string {
  const scale = SCALES.get(unit) ?? count;
  const shown = unit === '' || SCALES.has(unit) ? scale(value) : `${count(value)} ${unit}`;
  return limit === undefined ? shown : `${shown} (limit ${scale(limit)})`;
}
