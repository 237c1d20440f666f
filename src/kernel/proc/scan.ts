/**
 * Numbers read in place from /proc text, without slicing: the socket tables have tens of thousands of rows.
 * Every function takes the half-open range `[from, to)` and answers -1 when it is empty or holds anything else.
 */
import type { ByteString } from '../../evidence/types.ts';

const SPACE = 0x20;
const ZERO = 0x30;

/** Value of a hexadecimal digit of either case, -1 for any other char code. */
function hexDigit(code: number): number {
  if (code >= ZERO && code <= 0x39) return code - ZERO;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Hexadecimal number; exact up to 13 digits. */
export function parseHex(text: ByteString, from: number, to: number): number {
  if (from >= to) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = hexDigit(text.charCodeAt(i));
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** Number of base 8 or 10. Above 2^53 - 1 it is clamped there: such values only occur as "no limit at all". */
export function parseNumber(text: ByteString, from = 0, to = text.length, base: 8 | 10 = 10): number {
  if (from >= to) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    // Negated so that the NaN of an index past the end is refused as well.
    if (!(digit >= 0 && digit < base)) return -1;
    value = value * base + digit;
  }
  return Math.min(value, Number.MAX_SAFE_INTEGER);
}

/** True when the range is one decimal number of any length, for identities kept as text. */
export function isDecimal(text: ByteString, from = 0, to = text.length): boolean {
  return parseNumber(text, from, to) >= 0;
}

/** Index of the first char at or after `from` that is no space, at most `to`. */
export function skipSpaces(text: ByteString, from: number, to: number): number {
  let i = from;
  while (i < to && text.charCodeAt(i) === SPACE) i++;
  return i;
}

/** Index of the first space at or after `from`, `to` when there is none. */
export function skipWord(text: ByteString, from: number, to: number): number {
  let i = from;
  while (i < to && text.charCodeAt(i) !== SPACE) i++;
  return i;
}

/** The words of a line, separated by spaces or tabs. */
export function words(line: ByteString): ByteString[] {
  return line.split(/[ \t]+/).filter((word) => word !== '');
}

/** The lines that end in a newline; a cut-off last line is left out, since a number in it may lack digits. */
export function wholeLines(text: ByteString): ByteString[] {
  const lines = text.split('\n');
  lines.pop();
  return lines;
}

/** What follows `start` on the first line that begins with it; undefined when there is none, or when it is cut off. */
export function wholeLine(text: ByteString, start: string): ByteString | undefined {
  const at = text.startsWith(start) ? 0 : text.indexOf(`\n${start}`) + 1;
  if (at === 0 && !text.startsWith(start)) return undefined;
  const end = text.indexOf('\n', at);
  return end < 0 ? undefined : text.slice(at + start.length, end);
}
