/**
 * The prefixes of a line, in the order of strace's printleader(): pid, security context, time, time since the line before,
 * number of the call, instruction pointer. Which of them are there differs from log to log, and the pid from line to line.
 */
import type { Line } from './line.ts';

const SPACE = 32;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const DOT = 46;
const OPEN = 91;
const CLOSE = 93;

/** pid_max is 4194304. */
const PID_DIGITS = 7;
/** Seconds since the epoch have had ten digits since 2001. */
const EPOCH_DIGITS = 10;
/** An instruction pointer, a number of a call, a security context. */
const LONGEST_BRACKET = 256;
const POWERS = [1_000_000, 100_000, 10_000, 1000, 100, 10, 1];

const isDigit = (c: number | undefined): boolean => c !== undefined && c >= ZERO && c <= NINE;

/** Fills pid, time, relative and body. */
export function readHead(line: Line, buf: Uint8Array, from: number, to: number): void {
  line.pid = 0;
  line.time = NaN;
  line.relative = NaN;
  let i = readPid(line, buf, from, to);
  if (readUsual(line, buf, i, to)) return;
  // Each of the others at most once.
  for (let part = 0; part < 5 && i < to; part++) {
    const next = readPart(line, buf, i, to);
    if (next === i) break;
    i = next;
  }
  line.body = i;
}

/** What is there most often, without loops: nothing more, `12:34:56.123456 ` or `1790000000.123456 `, and then the call. */
function readUsual(line: Line, buf: Uint8Array, i: number, to: number): boolean {
  const c = buf[i]!;
  if (c >= 97 && c <= 122) {
    line.body = i;
    return true;
  }
  if (to - i < 20) return false;
  const isClock = buf[i + 2] === COLON;
  const point = isClock ? i + 8 : i + 10;
  const end = point + 7;
  if (buf[point] !== DOT || buf[end] !== SPACE) return false;
  const next = buf[end + 1]!;
  // [, ( and blanks begin further prefixes.
  if (next === OPEN || next === 40 || next === SPACE || (next >= ZERO && next <= NINE)) return false;
  const micros = six(buf, point + 1);
  if (isClock) line.time = (two(buf, i) * 3600 + two(buf, i + 3) * 60 + two(buf, i + 6)) * 1_000_000 + micros;
  else line.time = (six(buf, i) * 10_000 + two(buf, i + 6) * 100 + two(buf, i + 8)) * 1_000_000 + micros;
  // Anything but digits makes numbers that no clock shows.
  if (!(line.time >= 0)) {
    line.time = NaN;
    return false;
  }
  line.body = end + 1;
  return true;
}

function two(buf: Uint8Array, i: number): number {
  const tens = buf[i]! - ZERO;
  const ones = buf[i + 1]! - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}

function six(buf: Uint8Array, i: number): number {
  return two(buf, i) * 10_000 + two(buf, i + 2) * 100 + two(buf, i + 4);
}

function readPid(line: Line, buf: Uint8Array, from: number, to: number): number {
  let i = from;
  const bracketed = buf[i] === OPEN;
  if (bracketed) {
    // [pid 12345]
    if (buf[i + 1] !== 112 || buf[i + 2] !== 105 || buf[i + 3] !== 100 || buf[i + 4] !== SPACE) return from;
    i += 5;
    while (buf[i] === SPACE) i++;
  }
  const start = i;
  let pid = 0;
  for (let c = buf[i]!; i < to && c >= ZERO && c <= NINE; c = buf[++i]!) pid = pid * 10 + (c - ZERO);
  if (i === start || i - start > PID_DIGITS) return from;
  if (buf[i] === 60) {
    // -Y: <comm>, where < and > are escaped
    i++;
    while (i < to && buf[i] !== 62) i++;
    i++;
  }
  if (bracketed) {
    if (buf[i] !== CLOSE) return from;
    i++;
  } else if (buf[i] !== SPACE) return from;
  while (i < to && buf[i] === SPACE) i++;
  line.pid = pid;
  return i;
}

/** One part after the pid; `i` when there is none. */
function readPart(line: Line, buf: Uint8Array, i: number, to: number): number {
  const c = buf[i]!;
  if (c >= ZERO && c <= NINE) return readTime(line, buf, i, to);
  if (c === OPEN) return skipBracket(buf, i, to);
  if (c === 40 && buf[i + 1] === 43) return readRelative(line, buf, i + 2, to, i, true);
  if (c === SPACE) return readRelative(line, buf, i, to, i, false);
  return i;
}

function readTime(line: Line, buf: Uint8Array, from: number, to: number): number {
  let i = from;
  let whole = 0;
  for (let c = buf[i]!; i < to && c >= ZERO && c <= NINE; c = buf[++i]!) whole = whole * 10 + (c - ZERO);
  if (i - from === 2 && buf[i] === COLON && buf[i + 3] === COLON && isDigit(buf[i + 4])) {
    const minutes = (buf[i + 1]! - ZERO) * 10 + (buf[i + 2]! - ZERO);
    const seconds = (buf[i + 4]! - ZERO) * 10 + (buf[i + 5]! - ZERO);
    i += 6;
    whole = whole * 3600 + minutes * 60 + seconds;
  } else if (i - from < EPOCH_DIGITS) {
    // A wide number of seconds since the line before.
    return buf[i] === DOT ? readRelative(line, buf, from, to, from, false) : from;
  }
  let micros = whole * 1_000_000;
  if (buf[i] === DOT) {
    const start = ++i;
    let fraction = 0;
    for (let c = buf[i]!; i < to && c >= ZERO && c <= NINE; c = buf[++i]!) fraction = fraction * 10 + (c - ZERO);
    micros += scaled(fraction, i - start);
  }
  if (i < to && buf[i] !== SPACE) return from;
  line.time = micros;
  return i + 1;
}

/** `     0.000074 `, or with brackets `(+     0.000074) `. */
function readRelative(line: Line, buf: Uint8Array, from: number, to: number, none: number, bracketed: boolean): number {
  let i = from;
  while (i < to && buf[i] === SPACE) i++;
  const start = i;
  let whole = 0;
  for (let c = buf[i]!; i < to && c >= ZERO && c <= NINE; c = buf[++i]!) whole = whole * 10 + (c - ZERO);
  if (i === start) return none;
  let micros = whole * 1_000_000;
  if (buf[i] === DOT) {
    const point = ++i;
    let fraction = 0;
    for (let c = buf[i]!; i < to && c >= ZERO && c <= NINE; c = buf[++i]!) fraction = fraction * 10 + (c - ZERO);
    micros += scaled(fraction, i - point);
  } else if (!bracketed) return none;
  if (bracketed && buf[i++] !== 41) return none;
  if (buf[i] !== SPACE) return none;
  line.relative = micros;
  return i + 1;
}

function scaled(fraction: number, digits: number): number {
  return digits <= 6 ? fraction * POWERS[digits]! : fraction / 10 ** (digits - 6);
}

/** `[   3] `, `[00007f6b59e609f0] `, `[unconfined_u:unconfined_r] `. */
function skipBracket(buf: Uint8Array, from: number, to: number): number {
  const end = Math.min(to, from + LONGEST_BRACKET);
  // "[ Process PID=5 runs in 32 bit mode. ]" is a message.
  if (buf[from + 1] === SPACE && buf[from + 2] === 80) return from;
  for (let i = from + 1; i < end; i++) if (buf[i] === CLOSE) return buf[i + 1] === SPACE ? i + 2 : from;
  return from;
}
