import { at, PATH_FROM, PATH_HASH, PATH_TO, place, SAME_PATH } from './memory';

const QUOTE: u32 = 34;
const BACKSLASH: u32 = 92;
const LESS: u32 = 60;

/** The first text among the arguments; from 0 to 0 when there is none, or one with escapes. */
export function path(row: usize, from: usize, to: usize): void {
  store<i32>(row, 0, PATH_FROM);
  let p = from;
  while (p < to && at(p) != QUOTE) p++;
  const start = ++p;
  let hash: i32 = 0;
  for (; p < to; p++) {
    const c = at(p);
    if (c == QUOTE) {
      store<i32>(row, place(start), PATH_FROM);
      store<i32>(row, place(p), PATH_TO);
      store<i32>(row, hash, PATH_HASH);
      return;
    }
    if (c == BACKSLASH) return;
    hash = hash * 31 + <i32>c;
  }
}

/** Is the path of the row what stands behind the < of `3</srv/a>`? */
export function comparePath(row: usize, result: usize, end: usize, window: usize): void {
  let p = result;
  while (p < end && at(p) != LESS) p++;
  p++;
  const from = window + load<i32>(row, PATH_FROM);
  const to = window + load<i32>(row, PATH_TO);
  const length = to - from;
  let isSame = end - 1 - p == length;
  for (let i: usize = 0; isSame && i < length; i++) isSame = at(p + i) == at(from + i);
  store<i32>(row, isSame ? 1 : 0, SAME_PATH);
}
