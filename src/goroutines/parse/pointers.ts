/** Numbers of a dump, read off the bytes. */

/** Less are lengths, flags and descriptors. */
const LEAST_DIGITS = 6;
const MOST_DIGITS = 13;
const ZERO = 48;
const X = 120;

function digitOf(c: number): number {
  return c >= 48 && c <= 57 ? c - 48 : c >= 97 && c <= 102 ? c - 87 : -1;
}

/** A first argument that is a pointer and sure to be right, `0xc000123450,` or `)`, less `offset`; else -1. @param at behind the parenthesis */
export function pointerAt(buffer: Uint8Array, at: number, offset: number): number {
  if (buffer[at] !== ZERO || buffer[at + 1] !== X) return -1;
  let value = 0;
  let i = at + 2;
  for (let digit = digitOf(buffer[i]!); digit >= 0; digit = digitOf(buffer[++i]!)) value = value * 16 + digit;
  const digits = i - at - 2;
  // 44 and 41: a comma, a closing parenthesis. A question mark says that it may be out of date.
  if (digits < LEAST_DIGITS || digits > MOST_DIGITS || (buffer[i] !== 44 && buffer[i] !== 41)) return -1;
  return value - offset;
}

/** A decimal number, as that of the goroutine that started another; undefined where there is none. */
export function numberAt(buffer: Buffer, at: number): string | undefined {
  let i = at;
  while (buffer[i]! >= 48 && buffer[i]! <= 57) i++;
  return i === at ? undefined : buffer.toString('latin1', at, i);
}
