/** Two redacted tapes call the same file by different names. What is no name is equal on both, and only that can be compared. */
import { shapeOf } from '../kernel/shape.ts';

const ADDRESS = /^(?:\[[0-9a-f:.%a-z]*\]|\d+\.\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f:.]+):/i;

/** A key without names: paths as their shape, addresses as `*`, ports and states as they are. */
export function withoutNames(key: string): string {
  if (key.startsWith('/')) return shapeOf(key);
  return key
    .split(' ')
    .map((word) => (/^[/@]/.test(word) ? shapeOf(word) : word.replace(ADDRESS, '*:')))
    .join(' ');
}
