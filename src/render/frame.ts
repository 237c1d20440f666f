/** A full-screen page: as many lines as the terminal has, and of two pages only what differs. */
import { blockLines } from './blocks.ts';
import type { Paint } from './colour.ts';
import type { Block } from './document.ts';
import { columnsOf } from './width.ts';

export interface FrameSize {
  columns: number;
  rows: number;
}

/** Below this there is no room to say anything. */
export const LEAST: FrameSize = { columns: 40, rows: 8 };

/** A colour (SGR), which takes no room. The text between went through `visible`: it has no others. */
const SGR = /\x1b\[[\d;]*m/y;
const RESET = '\x1b[0m';

/** Exactly `rows` lines, none wider than the terminal; the last one is `status`. */
export function frameOf(body: Iterable<Block>, status: string, { columns, rows }: FrameSize, paint: Paint): string[] {
  if (columns < LEAST.columns || rows < LEAST.rows) return padded([cut(`needs a terminal of ${LEAST.columns}x${LEAST.rows} at least`, columns)], rows);
  const lines: string[] = [];
  let more = 0;
  for (const line of blockLines(body, { paint, columns })) {
    if (lines.length < rows - 2) lines.push(cut(line.replace(/\n$/, ''), columns));
    else more++;
  }
  const rest = more > 0 ? `and ${more} more ${more === 1 ? 'line' : 'lines'} than the terminal has` : '';
  return [...padded(lines, rows - 2), cut(paint('dim', rest), columns), cut(paint('dim', status), columns)];
}

function padded(lines: string[], rows: number): string[] {
  return [...lines, ...Array<string>(Math.max(0, rows - lines.length)).fill('')].slice(0, Math.max(1, rows));
}

/** What makes the one page of the other: each line that differs is written anew, and nothing is erased before it is written over. */
export function changes(before: readonly string[] | undefined, now: readonly string[]): string {
  let text = '';
  for (const [index, line] of now.entries()) if (before?.[index] !== line) text += `\x1b[${index + 1};1H${line}\x1b[K`;
  return text;
}

/** The line in so many columns; a colour that is cut off is ended. */
export function cut(line: string, columns: number): string {
  if (line.length <= columns && !line.includes('\x1b')) return columnsOf(line) <= columns ? line : cutPoints(line, columns);
  return cutPoints(line, columns);
}

function cutPoints(line: string, columns: number): string {
  let left = columns;
  let isPainted = false;
  for (let at = 0; at < line.length; ) {
    SGR.lastIndex = at;
    const colour = SGR.exec(line)?.[0];
    if (colour !== undefined) {
      isPainted = true;
      at += colour.length;
      continue;
    }
    const point = String.fromCodePoint(line.codePointAt(at)!);
    left -= columnsOf(point);
    if (left < 0) return `${line.slice(0, at)}${isPainted ? RESET : ''}`;
    at += point.length;
  }
  return line;
}
