// Cuts a window of a dump into goroutines, and tells of each where its parts are and two hashes of its stack: what is equal but for arguments,
// offsets and ids has equal ones. Compiled by scripts/build-lexer.mjs to src/goroutines/parse/stacks/compiled.ts. The hashes are those of
// src/goroutines/parse/stacks/hash.ts; what it is not sure of it leaves to StackScanner there.
import { MOST_OPENS, MOST_ROWS, OPENS, ROW_BYTES, ROWS, WINDOW, WORD_STARTS, WORDS } from './dump';
import { at, isDigit } from './memory';
import { readWords } from './words';


// A row: offsets in bytes.
const ID_FROM: usize = 0;
const ID_TO: usize = 4;
const HEADER_TO: usize = 8;
const TO: usize = 12;
const HASH_1: usize = 16;
const HASH_2: usize = 20;
const HEADER_1: usize = 24;
const HEADER_2: usize = 28;
const FIRST_OPEN: usize = 32;
const LINES: usize = 36;
/** A double. */
const ID: usize = 40;

const TAB: u32 = 9;
const NEWLINE: u32 = 10;
const SPACE: u32 = 32;
const OPEN: u32 = 40;
const CLOSE: u32 = 41;
const STAR: u32 = 42;
const DOT: u32 = 46;
const COLON: u32 = 58;
const LETTER_C: u32 = 99;
const LETTER_G: u32 = 103;
/** `goroutin`, `e `, `created `, `by `. */
const WORD_1: u64 = (0x6e69_7475 << 32) | 0x6f72_6f67;
const WORD_2: u16 = 0x2065;
const CREATED_1: u64 = (0x2064_6574 << 32) | 0x6165_7263;
const CREATED_2: u32 = 0x0020_7962;
const CREATED_BYTES: usize = 11;
const CREATED_MARK: u32 = 0xfe;
const PRIME_1: u32 = 0x0100_0193;
const PRIME_2: u32 = 0x5bd1_e995;
const MOST_ID_DIGITS: usize = 15;

let next: usize = WINDOW;
let opens: i32 = 0;
let hash1: u32 = 0;
let hash2: u32 = 0;
let cut: bool = false;

export function windowAt(): i32 {
  return <i32>WINDOW;
}

export function rowsAt(): i32 {
  return <i32>ROWS;
}

export function opensAt(): i32 {
  return <i32>OPENS;
}

export function wordStartsAt(): i32 {
  return <i32>WORD_STARTS;
}

export function wordsAt(): i32 {
  return <i32>WORDS;
}

/** See readWords. */
export function words(first: i32, lines: i32): i32 {
  return readWords(first, lines);
}

/** Where the next goroutine begins, or what is none. */
export function nextAt(): i32 {
  return <i32>(next - WINDOW);
}

/** The goroutine that begins there goes on behind the window, as far as one can see. */
export function isCut(): bool {
  return cut;
}

/** Goroutines from `from` on, a row for each, until there is something else, or room for no more. */
export function lex(from: i32, end: i32): i32 {
  const stop = WINDOW + end;
  let p = WINDOW + from;
  let row = ROWS;
  let count = 0;
  opens = 0;
  cut = false;
  while (count < MOST_ROWS) {
    while (p < stop && at(p) === NEWLINE) p++;
    next = p;
    const to = goroutine(row, p, stop);
    if (to === 0) break;
    p = to;
    next = p;
    row += ROW_BYTES;
    count++;
  }
  return count;
}

/** Answers where it ends, at an empty line; 0 when it is none, or not sure. */
function goroutine(row: usize, from: usize, stop: usize): usize {
  if (load<u64>(from) !== WORD_1 || load<u16>(from, 8) !== WORD_2) return 0;
  let p = from + 10;
  let id: f64 = 0;
  store<i32>(row, <i32>(p - WINDOW), ID_FROM);
  const digits = p;
  for (let c = at(p); isDigit(c); c = at(++p)) id = id * 10 + <f64>(c - 48);
  if (p === digits || p - digits > MOST_ID_DIGITS || id === 0 || at(p) !== SPACE) return 0;
  store<f64>(row, id, ID);
  store<i32>(row, <i32>(p - WINDOW), ID_TO);
  const headerTo = newline(p, stop);
  if (headerTo === 0) return 0;
  hash1 = 0;
  hash2 = 0;
  mix(p, headerTo);
  store<u32>(row, hash1, HEADER_1);
  store<u32>(row, hash2, HEADER_2);
  store<i32>(row, <i32>(headerTo - WINDOW), HEADER_TO);
  const first = opens;
  const to = stack(headerTo + 1, stop);
  if (to === 0) {
    opens = first;
    return 0;
  }
  store<i32>(row, <i32>(to - WINDOW), TO);
  store<u32>(row, hash1, HASH_1);
  store<u32>(row, hash2, HASH_2);
  store<i32>(row, first, FIRST_OPEN);
  store<i32>(row, opens - first, LINES);
  return to;
}

function stack(from: usize, stop: usize): usize {
  hash1 = 0;
  hash2 = 0;
  let line = from;
  while (opens < MOST_OPENS) {
    if (line >= stop) {
      cut = true;
      return 0;
    }
    const c = at(line);
    if (c === NEWLINE) return line;
    // An empty line is missing, or tabs became spaces.
    if (c === SPACE || (c === LETTER_G && load<u64>(line) === WORD_1)) return 0;
    const isCall = c !== TAB && !(c === LETTER_C && isCreated(line));
    const open = isCall ? call(line, stop) : c === TAB ? place(line + 1, stop) : creator(line, stop);
    if (open === 0) return 0;
    const to = newline(open, stop);
    if (to === 0) return 0;
    // Text of others may stand within a stack.
    if (isCall && at(to - 1) !== CLOSE && !isElided(line)) return 0;
    store<i32>(OPENS + (<usize>opens << 2), at(open) === NEWLINE ? -1 : <i32>(open - WINDOW));
    opens++;
    line = to + 1;
  }
  return 0;
}

/** `/src/main.go:24 +0x1d`: without what is behind the number. */
function place(from: usize, stop: usize): usize {
  const newlines = i8x16.splat(<i8>NEWLINE);
  const spaces = i8x16.splat(<i8>SPACE);
  if (at(from) <= SPACE) return 0;
  for (let p = from; p < stop; p += 16) {
    const bytes = v128.load(p);
    let found = i8x16.bitmask(v128.or(i8x16.eq(bytes, newlines), i8x16.eq(bytes, spaces)));
    while (found !== 0) {
      const to = p + ctz(found);
      if (to >= stop) break;
      // A path may hold spaces, and returns are none of ours.
      if (at(to) === SPACE ? isNumbered(from, to) : at(to - 1) !== 13) {
        mix(from, to);
        return to;
      }
      if (at(to) === NEWLINE) return 0;
      found &= found - 1;
    }
  }
  cut = true;
  return 0;
}

function isNumbered(from: usize, to: usize): bool {
  let p = to - 1;
  while (p > from && isDigit(at(p))) p--;
  return p < to - 1 && at(p) === COLON;
}

function isCreated(line: usize): bool {
  return load<u64>(line) === CREATED_1 && (load<u32>(line, 8) & 0x00ff_ffff) === CREATED_2;
}

function creator(line: usize, stop: usize): usize {
  let p = line + CREATED_BYTES;
  while (p < stop && at(p) > SPACE) p++;
  if (p >= stop) {
    cut = true;
    return 0;
  }
  if (at(p) !== SPACE && at(p) !== NEWLINE) return 0;
  word(CREATED_MARK);
  mix(line + CREATED_BYTES, p);
  return p;
}

/** Up to its arguments: the first parenthesis that is not that of a receiver. Behind it. A name holds no blanks. */
function call(line: usize, stop: usize): usize {
  const newlines = i8x16.splat(<i8>NEWLINE);
  const spaces = i8x16.splat(<i8>SPACE);
  const parentheses = i8x16.splat(<i8>OPEN);
  for (let p = line; p < stop; p += 16) {
    const bytes = v128.load(p);
    let found = i8x16.bitmask(v128.or(v128.or(i8x16.eq(bytes, newlines), i8x16.eq(bytes, spaces)), i8x16.eq(bytes, parentheses)));
    while (found !== 0) {
      const to = p + ctz(found);
      if (to + 1 >= stop) break;
      if (at(to) === SPACE) {
        if (!isElided(line)) return 0;
        found &= found - 1;
        continue;
      }
      if (at(to) === NEWLINE) {
        if (!isElided(line) || at(to - 1) === 13) return 0;
        mix(line, to);
        return to;
      }
      if (at(to + 1) !== STAR) {
        if (to === line) return 0;
        mix(line, to);
        return to + 1;
      }
      found &= found - 1;
    }
  }
  cut = true;
  return 0;
}

/** `...additional frames elided...` */
function isElided(line: usize): bool {
  return at(line) === DOT && at(line + 1) === DOT && at(line + 2) === DOT;
}

function newline(from: usize, stop: usize): usize {
  const newlines = i8x16.splat(<i8>NEWLINE);
  for (let p = from; p < stop; p += 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(p), newlines));
    if (found === 0) continue;
    const to = p + ctz(found);
    if (to < stop) return to;
    break;
  }
  cut = true;
  return 0;
}

function mix(from: usize, to: usize): void {
  let p = from;
  let a = hash1;
  let b = hash2;
  for (; p + 4 <= to; p += 4) {
    const bytes = load<u32>(p);
    a = rotl(a ^ bytes, 13) * PRIME_1;
    b = rotl(b ^ bytes, 17) * PRIME_2;
  }
  hash1 = a;
  hash2 = b;
  if (p < to) word(load<u32>(p) & ((1 << (<u32>(to - p) << 3)) - 1));
  word(<u32>(to - from));
}

function word(bytes: u32): void {
  hash1 = rotl(hash1 ^ bytes, 13) * PRIME_1;
  hash2 = rotl(hash2 ^ bytes, 17) * PRIME_2;
}
