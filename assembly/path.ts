import { known } from './known-paths';
import { at, CLOEXEC, PATH_FROM, PATH_ID, PATH_TO, place, TARGET_FROM, TARGET_ID, WINDOW } from './memory';

const QUOTE: u32 = 34;
const BACKSLASH: u32 = 92;
const CLOSE: u32 = 41;
const SLASH: u32 = 47;
const LESS: u32 = 60;
const GREATER: u32 = 62;
const UPPER_E: u32 = 69;
const UPPER_X: u32 = 88;

/** The first text among the arguments; from 0 to 0 when there is none, or one with escapes. */
export function path(row: usize, from: usize, to: usize): void {
  store<i32>(row, 0, PATH_FROM);
  const start = endOf(from, to, QUOTE, QUOTE) + 1;
  if (start > to) return;
  const end = endOf(start, to, QUOTE, BACKSLASH);
  if (end >= to || at(end) === BACKSLASH) return;
  store<i32>(row, place(start), PATH_FROM);
  store<i32>(row, place(end), PATH_TO);
  // Nobody asks for one that is relative: of what?
  store<i32>(row, at(start) === SLASH ? known(start, end) : -1, PATH_ID);
  let flag = endOf(end, to, UPPER_X, UPPER_X);
  while (flag < to && at(flag + 1) !== UPPER_E) flag = endOf(flag + 1, to, UPPER_X, UPPER_X);
  store<i32>(row, flag < to ? 1 : 0, CLOEXEC);
}

/** Where the first of two bytes stands; `to` without. */
function endOf(from: usize, to: usize, one: u32, other: u32): usize {
  const ones = i8x16.splat(<i8>one);
  const others = i8x16.splat(<i8>other);
  let p = from;
  // What is read behind the end lies in memory, and is not looked at.
  for (; p < to; p += 16) {
    const bytes = v128.load(p);
    const found = i8x16.bitmask(v128.or(i8x16.eq(bytes, ones), i8x16.eq(bytes, others)));
    if (found !== 0) return min(p + ctz(found), to);
  }
  return to;
}

/** What the result `3</srv/a>` is decorated with, when it is a path. @param hasPath the path of the arguments is in the row */
export function target(row: usize, from: usize, end: usize, hasPath: bool): void {
  store<i32>(row, 0, TARGET_FROM);
  if (at(end - 1) !== GREATER) return;
  const start = endOf(from, end, LESS, LESS) + 1;
  const to = end - 1;
  // </dev/null<char 1:3>>, </srv/a (deleted)>
  if (start >= to || at(start) !== SLASH || at(to - 1) === GREATER || at(to - 1) === CLOSE || endOf(start, to, LESS, LESS) < to) return;
  store<i32>(row, place(start), TARGET_FROM);
  const other = WINDOW + load<i32>(row, PATH_FROM);
  const length = to - start;
  const isSameAs = hasPath && other !== WINDOW && <usize>(load<i32>(row, PATH_TO) - load<i32>(row, PATH_FROM)) === length && isSame(start, other, length);
  store<i32>(row, isSameAs ? load<i32>(row, PATH_ID) : known(start, to), TARGET_ID);
}

function isSame(one: usize, other: usize, length: usize): bool {
  let i: usize = 0;
  for (; i + 8 <= length; i += 8) if (load<u64>(one + i) !== load<u64>(other + i)) return false;
  for (; i < length; i++) if (at(one + i) !== at(other + i)) return false;
  return true;
}
