import { six } from './digits';
import { ARGS_TO, at, FAILED, HEX, isDigit, MICROS, place, RESULT_FROM, RESULT_TO, VALUE } from './memory';

const SPACE: u32 = 32;
const CLOSE: u32 = 41;
const MINUS: u32 = 45;
const DOT: u32 = 46;
const EQUALS: u32 = 61;
const LESS: u32 = 60;
const GREATER: u32 = 62;
const MOST_DIGITS: usize = 9;

/** `args <unfinished ...>`: answers where the arguments end; 0 when it is something else. */
export function unfinished(row: usize, from: usize, to: usize): usize {
  let end = to - 16;
  if (at(end) !== LESS || at(end + 1) !== 117 || at(to - 5) !== SPACE || at(to - 6) !== 100 || end < from) return 0;
  while (end > from && at(end - 1) === SPACE) end--;
  store<i32>(row, place(end), ARGS_TO);
  return end;
}

/** `) = 3</srv/a> <0.000012>` and the like, from its end: answers where the arguments end; 0 when it is something else. */
export function result(row: usize, from: usize, to: usize): usize {
  let end = to;
  let micros: i32 = -1;
  if (at(to - 1) === GREATER && at(to - 11) === SPACE && at(to - 10) === LESS && at(to - 8) === DOT) {
    const whole = at(to - 9) - 48;
    micros = six(to - 7);
    if (micros < 0 || whole > 9) return 0;
    micros += <i32>whole * 1_000_000;
    end = to - 11;
  }
  // Blanks at the end are none of strace's: the slow way passes over them.
  if (at(end - 1) === SPACE) return 0;
  store<i32>(row, micros, MICROS);
  store<i32>(row, place(end), RESULT_TO);
  store<i32>(row, 0, FAILED);
  let p = end - 1;
  let c = at(p);
  // 3</srv/a>: what stands in the brackets is for those whom it concerns.
  if (c === GREATER) {
    const open = bracketBefore(from, p);
    if (open === 0 || at(open) !== LESS) return 0;
    p = open - 1;
    c = at(p);
  }
  const last = p;
  let value: i32 = 0;
  let unit: i32 = 1;
  while (isDigit(c) && p > from && last - p < MOST_DIGITS) {
    value += <i32>(c - 48) * unit;
    unit *= 10;
    c = at(--p);
  }
  let sign = p - 1;
  if (p === last || c !== SPACE || at(sign) !== EQUALS || at(p - 2) !== SPACE) {
    sign = rare(row, from, end);
    if (sign === 0) return 0;
  } else {
    store<i32>(row, value, VALUE);
    store<i32>(row, place(p + 1), RESULT_FROM);
  }
  let argsTo = sign - 2;
  while (argsTo > from && at(argsTo) === SPACE) argsTo--;
  if (at(argsTo) !== CLOSE || argsTo < from) return 0;
  store<i32>(row, place(argsTo), ARGS_TO);
  return argsTo;
}

/** `= -1 EAGAIN (Resource temporarily unavailable)`, `= 0x7f12`, `= 1 ([{fd=3, revents=POLLIN}])`: answers where its = is; 0 when it is something else. */
function rare(row: usize, from: usize, end: usize): usize {
  // 3</srv/a>(deleted), 3<char 1:3>
  if (at(end - 1) === GREATER || (at(end - 1) === CLOSE && at(end - 2) === 100 && at(end - 10) === GREATER)) return 0;
  const sign = lastSign(from, end - 1);
  if (sign === 0) return 0;
  let p = sign + 2;
  store<i32>(row, place(p), RESULT_FROM);
  if (at(p) === MINUS) return failure(row, p + 1) ? sign : 0;
  if (at(p) === 48 && at(p + 1) === 120) {
    store<i32>(row, HEX, VALUE);
    return sign;
  }
  const start = p;
  let value: i32 = 0;
  for (let c = at(p); isDigit(c) && p < end && p - start < MOST_DIGITS; c = at(++p)) value = value * 10 + <i32>(c - 48);
  if (p === start || isDigit(at(p))) return 0;
  store<i32>(row, value, VALUE);
  return sign;
}

/** Where the last `) = ` before `end` has its =; 0 without. Sixteen bytes at once: texts of errors are long. */
function lastSign(from: usize, end: usize): usize {
  const signs = i8x16.splat(<i8>EQUALS);
  for (let p = end; p > from; p -= 16) {
    // What is read before the arguments lies in memory, and is not looked at.
    let found = <u32>i8x16.bitmask(i8x16.eq(v128.load(p - 16), signs));
    while (found !== 0) {
      const bit = 31 - clz(found);
      found ^= 1 << bit;
      const sign = p - 16 + bit;
      if (sign <= from) return 0;
      if (at(sign - 1) === SPACE && at(sign + 1) === SPACE && closes(sign - 2, from)) return sign;
    }
  }
  return 0;
}

/** Where the last < or > before `end` stands; 0 without. Sixteen bytes at once: paths are long. */
function bracketBefore(from: usize, end: usize): usize {
  const ones = i8x16.splat(<i8>LESS);
  const others = i8x16.splat(<i8>GREATER);
  for (let p = end; p > from; p -= 16) {
    // What is read before the arguments lies in memory, and is not looked at.
    const bytes = v128.load(p - 16);
    const found = <u32>i8x16.bitmask(v128.or(i8x16.eq(bytes, ones), i8x16.eq(bytes, others)));
    if (found !== 0) {
      const bracket = p - 16 + (31 - clz(found));
      return bracket >= from ? bracket : 0;
    }
  }
  return 0;
}

function closes(before: usize, from: usize): bool {
  let p = before;
  while (p > from && at(p) === SPACE) p--;
  return at(p) === CLOSE;
}

/** `1 ENOENT`. EBADF, EMFILE and ENFILE say more of tables than the quick way knows. */
function failure(row: usize, from: usize): bool {
  if (at(from) !== 49 || at(from + 1) !== SPACE || at(from + 2) !== 69) return false;
  const c = at(from + 3);
  if (c === 66 || c === 77 || (c === 78 && at(from + 4) === 70)) return false;
  store<i32>(row, -1, VALUE);
  store<i32>(row, 1, FAILED);
  return true;
}
