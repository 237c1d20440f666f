import type { Column } from './document.ts';

/** Spaces between two columns. */
export const GAP = 2;
const FLEX_MIN = 12;
/** Off a terminal a cell is never cut, but one very long name must not pad every other row to its length. */
const WIDEST_PADDING = 200;

/** Takes `excess` from the widest columns, none below its floor; answers what could not be taken. */
function shrink(widths: number[], floors: readonly number[], excess: number): number {
  let left = excess;
  while (left > 0) {
    let widest = -1;
    widths.forEach((width, i) => {
      if (width > (floors[i] ?? 0) && width > (widths[widest] ?? -1)) widest = i;
    });
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    left--;
  }
  return left;
}

/**
 * Column widths for a table whose cells want `natural` columns each, in `room` columns (indent taken off already).
 * Flex columns give way first, down to their `min`; then all, down to theirs; then all, down to one. When there are more
 * columns than room the last ones are left out: the result may be shorter than `columns`. Without `room`: as wanted.
 */
export function columnWidths(columns: readonly Column[], natural: readonly number[], room?: number): number[] {
  if (room === undefined) return natural.map((width) => Math.min(width, WIDEST_PADDING));
  const shown = Math.max(1, Math.min(columns.length, Math.floor((room + GAP) / (1 + GAP))));
  const available = Math.max(1, room - GAP * (shown - 1));
  const widths = natural.slice(0, shown).map((width) => Math.max(1, Math.min(width, available)));
  const spare = (): number => available - widths.reduce((sum, width) => sum + width, 0);
  const floors = [
    widths.map((width, i) => (columns[i]?.flex ? (columns[i]?.min ?? FLEX_MIN) : width)),
    widths.map((width, i) => columns[i]?.min ?? (columns[i]?.flex ? FLEX_MIN : width)),
    widths.map(() => 1),
  ];
  for (const floor of floors) shrink(widths, floor, -spare());
  const last = columns[shown - 1];
  if (last?.flex && last.align !== 'right') widths[shown - 1] = (widths[shown - 1] ?? 0) + Math.max(0, spare());
  return widths;
}
