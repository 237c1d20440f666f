// Cuts a window of a log into lines, and tells of those in the form that nearly all have what they say. It knows no call and no table.
// Compiled by scripts/build-lexer.mjs to src/strace/lexer/compiled.ts.
import { clock, noTime, relative, sinceLast, time } from './digits';
import {
  ARGS_FROM, at, CALL, FAILED, FD, FRAME, FROM, HAS_PATH, isDigit, KIND, MOST_ROWS, NAME, NAME_BYTES, NAMES, OTHER, PATH_INDEX, PID, place, RELATIVE, RESULT_FROM, RESULT_TO, RESUMED,
  ROW_BYTES, ROWS, SLOTS, TIME, TO, UNFINISHED, WINDOW,
} from './memory';
import { path, target } from './path';
import { result, unfinished } from './tail';

const NEWLINE: u32 = 10;
const RETURN: u32 = 13;
const SPACE: u32 = 32;
const OPEN: u32 = 40;
const DOT: u32 = 46;
const LESS: u32 = 60;
const EQUALS: u32 = 61;
const GREATER: u32 = 62;
const BRACKET: u32 = 91;
const SHORTEST: usize = 12;
/** pid_max is 4194304. */
const PID_DIGITS: usize = 8;

export { forgetPaths } from './known-paths';

let next: usize = WINDOW;
/** Of the name last found. */
let traits: i32 = 0;

export function windowAt(): i32 {
  return <i32>WINDOW;
}

export function rowsAt(): i32 {
  return <i32>ROWS;
}

export function pathsAt(): i32 {
  return <i32>PATH_INDEX;
}

/** Where the next call of `lex` goes on. */
export function nextAt(): i32 {
  return place(next);
}

/** A name whose lines shall be told. @param hash of its bytes: each times 31 */
export function learn(hash: i32, length: i32, id: i32, hasPath: i32): void {
  let slot = <u32>hash & (SLOTS - 1);
  while (load<i32>(entryAt(slot), 8) !== 0) slot = (slot + 1) & (SLOTS - 1);
  const entry = entryAt(slot);
  store<i32>(entry, hash);
  store<i32>(entry, length | (hasPath << 16), 4);
  store<i32>(entry, id, 8);
}

/** Whole lines from `from` on, a row for each, until there are no more, or rows for no more. */
export function lex(from: i32, end: i32): i32 {
  const stop = WINDOW + end;
  const newlines = i8x16.splat(<i8>NEWLINE);
  let line = WINDOW + from;
  let row = ROWS;
  let count = 0;
  while (count < MOST_ROWS) {
    let to = line;
    let found = 0;
    while (to + 16 <= stop) {
      found = i8x16.bitmask(i8x16.eq(v128.load(to), newlines));
      if (found !== 0) break;
      to += 16;
    }
    if (found !== 0) to += ctz(found);
    else {
      while (to < stop && at(to) !== NEWLINE) to++;
      if (to >= stop) break;
    }
    store<i32>(row, place(line), FROM);
    store<i32>(row, place(to), TO);
    store<i32>(row, kindOf(row, line, to), KIND);
    row += ROW_BYTES;
    count++;
    line = to + 1;
  }
  next = line;
  return count;
}

function kindOf(row: usize, from: usize, to: usize): i32 {
  if (to - from < SHORTEST || at(to - 1) === RETURN) return OTHER;
  let c = at(from);
  const isIndented = c === SPACE;
  if (isIndented && at(from + 1) === GREATER) return at(from + 2) === SPACE ? FRAME : OTHER;
  let p = c === BRACKET ? bracketed(row, from) : plain(row, from);
  if (p === 0) return OTHER;
  c = at(p);
  noTime();
  if (isDigit(c)) {
    const behind = isIndented ? 0 : clock(p, to);
    p = behind === 0 ? sinceLast(p) : behind;
    if (p === 0) return OTHER;
    c = at(p);
  } else if (isIndented) return OTHER;
  store<f64>(row, time, TIME);
  store<i32>(row, relative, RELATIVE);
  const isResumed = c === LESS;
  if (isResumed) {
    if (at(p + 1) !== DOT || at(p + 4) !== SPACE) return OTHER;
    p += 5;
    c = at(p);
  }
  const nameFrom = p;
  let hash: i32 = 0;
  // Small letters and _, most of all.
  while ((c > 94 && c < 123) || isDigit(c)) {
    hash = hash * 31 + <i32>c;
    c = at(++p);
  }
  if (c !== (isResumed ? SPACE : OPEN)) return OTHER;
  const name = find(hash, <i32>(p - nameFrom));
  if (name === 0) return OTHER;
  store<i32>(row, name, NAME);
  if (isResumed) {
    // " resumed>"
    if (at(p + 1) !== 114 || at(p + 7) !== 100 || at(p + 8) !== GREATER) return OTHER;
    p += 9;
    // Up to 4.26 there was a blank here.
    while (at(p) === SPACE) p++;
  } else p++;
  if (p > to) return OTHER;
  store<i32>(row, place(p), ARGS_FROM);
  return isResumed ? resumed(row, p, to) : called(row, p, to);
}

/** `794   `: answers what is behind it. Without a number it is 0. */
function plain(row: usize, from: usize): usize {
  let p = from;
  let pid: i32 = 0;
  let c = at(p);
  while (isDigit(c) && p - from < PID_DIGITS) {
    pid = pid * 10 + <i32>(c - 48);
    c = at(++p);
  }
  if (c !== SPACE || p - from >= PID_DIGITS) {
    store<i32>(row, 0, PID);
    return from;
  }
  store<i32>(row, pid, PID);
  while (at(p) === SPACE) p++;
  return p;
}

/** `[pid   5] `: answers what is behind it; 0 when it is something else. */
function bracketed(row: usize, from: usize): usize {
  if (at(from + 1) !== 112 || at(from + 2) !== 105 || at(from + 3) !== 100 || at(from + 4) !== SPACE) return 0;
  let p = from + 5;
  while (at(p) === SPACE) p++;
  const start = p;
  let pid: i32 = 0;
  for (let c = at(p); isDigit(c) && p - start < PID_DIGITS; c = at(++p)) pid = pid * 10 + <i32>(c - 48);
  if (p === start || at(p) !== 93 || at(p + 1) !== SPACE) return 0;
  store<i32>(row, pid, PID);
  p += 2;
  while (at(p) === SPACE) p++;
  return p;
}

function entryAt(slot: u32): usize {
  return NAMES + <usize>slot * NAME_BYTES;
}

function find(hash: i32, length: i32): i32 {
  let slot = <u32>hash & (SLOTS - 1);
  let id = load<i32>(entryAt(slot), 8);
  while (id !== 0) {
    const entry = entryAt(slot);
    const word = load<i32>(entry, 4);
    if (load<i32>(entry) === hash && (word & 0xffff) === length) {
      traits = word >> 16;
      return id;
    }
    slot = (slot + 1) & (SLOTS - 1);
    id = load<i32>(entryAt(slot), 8);
  }
  return 0;
}

function called(row: usize, from: usize, to: usize): i32 {
  firstNumber(row, from, to);
  if (at(to - 1) === GREATER && at(to - 2) === DOT) {
    const end = unfinished(row, from, to);
    if (end === 0) return OTHER;
    if ((traits & HAS_PATH) !== 0) path(row, from, end);
    return UNFINISHED;
  }
  const end = result(row, from, to);
  if (end === 0) return OTHER;
  if ((traits & HAS_PATH) !== 0 && load<i32>(row, FAILED) === 0) {
    path(row, from, end);
    targetOf(row, true);
  }
  return CALL;
}

/** The path of its first half was told then. */
function resumed(row: usize, from: usize, to: usize): i32 {
  if (at(to - 1) === GREATER && at(to - 2) === DOT) return OTHER;
  if (result(row, from, to) === 0) return OTHER;
  if ((traits & HAS_PATH) !== 0) targetOf(row, false);
  return RESUMED;
}

function targetOf(row: usize, hasPath: bool): void {
  target(row, WINDOW + load<i32>(row, RESULT_FROM), WINDOW + load<i32>(row, RESULT_TO), hasPath);
}

/** The number an argument list starts with. */
function firstNumber(row: usize, from: usize, to: usize): void {
  let p = from;
  let c = at(p);
  // -N: fd=3
  if (c - 97 < 26) {
    while (p < to && at(p) !== EQUALS && p - from < 16) p++;
    c = at(++p);
  }
  const start = p;
  let fd: i32 = 0;
  for (; isDigit(c) && p < to && p - start < 9; c = at(++p)) fd = fd * 10 + <i32>(c - 48);
  store<i32>(row, p === start || isDigit(c) ? -1 : fd, FD);
}
