/** The end of a line, read from the right: `) = 3</tmp/a>`, ` = -1 EBADF (Bad file descriptor) <0.000012>`, ` <unfinished ...>`. */
import { type Line, RESULT } from './line.ts';

const SPACE = 32;
const ZERO = 48;
const NINE = 57;
const EQUALS = 61;
const CLOSE = 41;
const LESS = 60;
const GREATER = 62;

/** What ends the text of a call. */
export const TAIL = { result: 0, unfinished: 1, detached: 2, none: 3 } as const;

/** Fills argsTo (the closing bracket is not part of it), result, value, resultFrom, resultTo, errnoFrom and duration. `from`: the first byte of the arguments. */
export function readTail(line: Line, buf: Uint8Array, from: number, to: number): number {
  line.result = RESULT.none;
  line.value = NaN;
  line.errnoFrom = 0;
  line.duration = NaN;
  let end = to;
  while (end > from && buf[end - 1] === SPACE) end--;
  if (buf[end - 1] === GREATER) {
    if (buf[end - 2] === 46 && buf[end - 3] === 46) {
      const tail = readDots(line, buf, from, end);
      if (tail !== TAIL.none) return tail;
    }
    end = readUsualDuration(line, buf, end) ? end - 11 : readDuration(line, buf, from, end);
    while (end > from && buf[end - 1] === SPACE) end--;
  }
  return readResult(line, buf, from, end) ? TAIL.result : TAIL.none;
}

/** `<unfinished ...>`, `<detached ...>`, `<pid changed to N ...>`. */
function readDots(line: Line, buf: Uint8Array, from: number, end: number): number {
  let i = end - 4;
  const least = Math.max(from, end - 40);
  while (i >= least && buf[i] !== LESS) i--;
  if (i < least) return TAIL.none;
  const c = buf[i + 1];
  // restart_syscall(<... resuming interrupted poll ...> is an argument.
  if (c !== 117 && c !== 100 && c !== 112) return TAIL.none;
  let to = i;
  while (to > from && buf[to - 1] === SPACE) to--;
  // Nothing but blanks between the bracket and this: the arguments had been written to their end.
  line.argsTo = to;
  return c === 117 ? TAIL.unfinished : TAIL.detached;
}

/** ` <0.000012>`, by far the most: less than a second, in microseconds. */
function readUsualDuration(line: Line, buf: Uint8Array, end: number): boolean {
  if (buf[end - 8] !== 46 || buf[end - 10] !== LESS || buf[end - 11] !== SPACE) return false;
  let micros = buf[end - 9]! - ZERO;
  if (micros < 0 || micros > 9) return false;
  for (let i = end - 7; i < end - 1; i++) {
    const digit = buf[i]! - ZERO;
    if (digit < 0 || digit > 9) return false;
    micros = micros * 10 + digit;
  }
  line.duration = micros;
  return true;
}

/** ` <0.000012>`; answers where the text before it ends. */
function readDuration(line: Line, buf: Uint8Array, from: number, end: number): number {
  let i = end - 2;
  let digits = 0;
  let fraction = 0;
  let scale = 1;
  let c = buf[i]!;
  for (; i > from && c >= ZERO && c <= NINE; c = buf[--i]!) {
    fraction += (c - ZERO) * scale;
    scale *= 10;
    digits++;
  }
  if (digits === 0) return end;
  let whole = fraction;
  if (c === 46) {
    whole = 0;
    let unit = 1;
    for (c = buf[--i]!; i > from && c >= ZERO && c <= NINE; c = buf[--i]!) {
      whole += (c - ZERO) * unit;
      unit *= 10;
    }
  } else {
    fraction = 0;
    scale = 1;
  }
  if (c !== LESS || buf[i - 1] !== SPACE) return end;
  line.duration = (whole + fraction / scale) * 1_000_000;
  return i - 1;
}

/** The last `) = `, with any number of blanks before the sign. */
function readResult(line: Line, buf: Uint8Array, from: number, end: number): boolean {
  let i = end - 2;
  if (buf[end - 1] === GREATER || (buf[end - 1] === CLOSE && endsDeleted(buf, end))) i = beforeDecoration(buf, from, end);
  for (; i > from; i--) {
    if (buf[i] !== EQUALS || buf[i - 1] !== SPACE || buf[i + 1] !== SPACE) continue;
    let j = i - 2;
    while (j > from && buf[j] === SPACE) j--;
    if (buf[j] !== CLOSE) continue;
    line.argsTo = j;
    line.resultFrom = i + 2;
    line.resultTo = end;
    readValue(line, buf, i + 2, end);
    return true;
  }
  return false;
}

/** `3</a b>(deleted)` */
function endsDeleted(buf: Uint8Array, end: number): boolean {
  return buf[end - 2] === 100 && buf[end - 9] === 40 && buf[end - 10] === GREATER;
}

/** A path may hold `) = `, and < never stands in it unescaped (but in `<char 1:3>`): what is looked for is left of it. */
function beforeDecoration(buf: Uint8Array, from: number, end: number): number {
  let i = end - 2;
  let depth = buf[end - 2] === GREATER ? 2 : 1;
  for (; i > from; i--) if (buf[i] === LESS && --depth === 0) return i;
  return end - 2;
}

function readValue(line: Line, buf: Uint8Array, from: number, end: number): void {
  let i = from;
  if (buf[i] === 63) {
    line.result = RESULT.unknown;
    return;
  }
  const negative = buf[i] === 45;
  if (negative) i++;
  const start = i;
  let value = 0;
  if (buf[i] === ZERO && buf[i + 1] === 120) {
    // Addresses: which one does not matter.
    line.result = RESULT.number;
    line.value = readHex(buf, i + 2, end);
    return;
  }
  for (let c = buf[i]!; i < end && c >= ZERO && c <= NINE; c = buf[++i]!) value = value * 10 + (c - ZERO);
  if (i === start) return;
  line.result = RESULT.number;
  line.value = negative ? -value : value;
  if (negative && buf[i] === SPACE && buf[i + 1] === 69) line.errnoFrom = i + 1;
}

function readHex(buf: Uint8Array, from: number, end: number): number {
  let value = 0;
  for (let i = from; i < end; i++) {
    const c = buf[i]!;
    if (c >= ZERO && c <= NINE) value = value * 16 + (c - ZERO);
    else if (c >= 97 && c <= 102) value = value * 16 + (c - 87);
    else break;
  }
  return value;
}
