/** Texts in quotes with escapes, as JSON and logfmt have them. */

export interface Member {
  from: number;
  /** Where its quote is; the length of the line where it has none. */
  to: number;
  /** How long it is, an escape counted as one. */
  bytes: number;
  isClosed: boolean;
}

/** @param from behind the opening quote */
export function memberAt(line: string, from: number): Member {
  let to = from;
  let escapes = 0;
  for (let c = line.charCodeAt(to); to < line.length && c !== QUOTE; c = line.charCodeAt(to)) {
    if (c !== BACKSLASH) {
      to++;
      continue;
    }
    const length = line.charCodeAt(to + 1) === LETTER_U ? 6 : 2;
    escapes += length - 1;
    to += length;
  }
  return { from, to: Math.min(to, line.length), bytes: to - from - escapes, isClosed: to < line.length };
}

const QUOTE = 34;
const BACKSLASH = 92;
const LETTER_U = 117;
