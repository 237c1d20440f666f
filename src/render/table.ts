import type { Paint } from './colour.ts';
import type { Cell, Column, TableBlock } from './document.ts';
import { visible } from './escape.ts';
import { columnWidths, GAP } from './layout.ts';
import { columnsOf, shorten } from './width.ts';

/** Rows looked at for the widths before the first line is written; the others are never held. */
const SAMPLE = 1000;

export interface TableStyle {
  paint: Paint;
  /** Width of the terminal; absent: nothing is cut. */
  columns?: number | undefined;
}

function textOf(cell: Cell | undefined): string {
  if (cell === undefined) return '';
  if (typeof cell === 'number') return String(cell);
  return visible(typeof cell === 'string' ? cell : cell.text);
}

function widen(widths: number[], row: readonly Cell[]): void {
  for (let i = 0; i < widths.length; i++) {
    const width = columnsOf(textOf(row[i]));
    if (width > (widths[i] ?? 0)) widths[i] = width;
  }
}

function line(row: readonly Cell[], columns: readonly Column[], widths: readonly number[], indent: number, style: TableStyle): string {
  let text = '';
  // Spaces owed before the next text: written only when there is one, so that no line ends in blanks.
  let owed = indent;
  for (let i = 0; i < widths.length; i++) {
    const cell = row[i];
    const room = widths[i] ?? 0;
    const whole = textOf(cell);
    const shown = style.columns === undefined ? whole : shorten(whole, room);
    const padding = Math.max(0, room - columnsOf(shown));
    if (shown === '') {
      owed += room + GAP;
      continue;
    }
    const right = columns[i]?.align === 'right';
    text += ' '.repeat(right ? owed + padding : owed);
    text += typeof cell === 'object' ? style.paint(cell.tone, shown) : shown;
    owed = right ? GAP : padding + GAP;
  }
  return `${text}\n`;
}

/**
 * A table as lines, each with its newline: aligned columns, a dim header unless all titles are empty. Widths come from the
 * first 1,000 rows; a later, longer cell is cut on a terminal and shifts its row elsewhere. With `style.columns` no line is
 * wider than that; without it nothing is cut.
 */
export function* tableLines(table: TableBlock, style: TableStyle): Generator<string> {
  const { columns } = table;
  const header: Cell[] = columns.map((column) => ({ text: column.title, tone: 'dim' }));
  const natural = columns.map(() => 0);
  widen(natural, header);
  const titled = natural.some((width) => width > 0);
  const wanted = table.indent ?? 0;
  const indent = style.columns !== undefined && wanted >= style.columns ? 0 : wanted;

  let sample: (readonly Cell[])[] | undefined = [];
  let widths: number[] = [];
  function* sampled(rows: readonly (readonly Cell[])[]): Generator<string> {
    for (const row of rows) widen(natural, row);
    widths = columnWidths(columns, natural, style.columns === undefined ? undefined : style.columns - indent);
    if (titled) yield line(header, columns, widths, indent, style);
    for (const row of rows) yield line(row, columns, widths, indent, style);
  }
  for (const row of table.rows) {
    if (sample === undefined) {
      yield line(row, columns, widths, indent, style);
    } else if (sample.push(row) === SAMPLE) {
      yield* sampled(sample);
      sample = undefined;
    }
  }
  if (sample !== undefined) yield* sampled(sample);
}
