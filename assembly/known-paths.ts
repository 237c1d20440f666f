// The paths that a log has shown so far, kept by src/strace/tables/path-table.ts, which knows what each of them stands for.
import { at, PATH_INDEX, PATH_SLOTS, RECORDS } from './memory';

/** The record behind that of the path found last: what programs do again they do in the same order. */
let next: usize = RECORDS;

/** The number of a path; below 0, from -1 downwards, the hash of one that is not among them. */
export function known(from: usize, to: usize): i32 {
  const length = <i32>(to - from);
  if (load<i32>(next) === length && isSame(next + 8, from, length)) return found(next, length);
  const hash = hashOf(from, to);
  let slot: u32 = hash;
  let entry = entryAt(slot);
  let record = load<usize>(entry, 4);
  while (record !== 0) {
    if (load<i32>(entry) === hash && load<i32>(record) === length && isSame(record + 8, from, length)) return found(record, length);
    entry = entryAt(++slot);
    record = load<usize>(entry, 4);
  }
  return ~hash;
}

/** There are none any more. */
export function forgetPaths(): void {
  next = RECORDS;
}

function found(record: usize, length: i32): i32 {
  next = record + ((11 + length) & ~3);
  return load<i32>(record, 4);
}

function entryAt(slot: u32): usize {
  return PATH_INDEX + (<usize>(slot & (PATH_SLOTS - 1)) << 3);
}

/** As src/strace/tables/path-table.ts makes it of a text. */
function hashOf(from: usize, to: usize): i32 {
  let hash: u32 = 0;
  let p = from;
  for (; p + 4 <= to; p += 4) hash = step(hash, load<u32>(p));
  let rest: u32 = 0;
  for (let shift: u32 = 0; p < to; p++, shift += 8) rest |= at(p) << shift;
  return <i32>step(hash, rest) & 0x7fff_ffff;
}

function step(hash: u32, word: u32): u32 {
  const mixed = (hash ^ word) * 0x9e37_79b1;
  return mixed ^ (mixed >> 15);
}

/** What is read behind the ends lies in memory, and is not looked at. */
function isSame(one: usize, other: usize, length: i32): bool {
  let left = length;
  for (; left >= 16; left -= 16, one += 16, other += 16) if (differing(one, other) !== 0) return false;
  return left === 0 || differing(one, other) << (32 - left) === 0;
}

/** A bit for each of 16 bytes, the first one lowest. */
function differing(one: usize, other: usize): u32 {
  return i8x16.bitmask(i8x16.ne(v128.load(one), v128.load(other)));
}
