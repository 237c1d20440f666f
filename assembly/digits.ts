import { at, isDigit } from './memory';

const COLON: u32 = 58;
const DOT: u32 = 46;
const SPACE: u32 = 32;

/** What `clock` found, µs. */
export let time: f64 = -1;
/** What `sinceLast` found. */
export let relative: i32 = -1;

export function noTime(): void {
  time = -1;
  relative = -1;
}

/** Six digits as a number, all at once; -1 when one is none. */
export function six(p: usize): i32 {
  const digits = (load<u64>(p) & 0x0000_ffff_ffff_ffff) - 0x0000_3030_3030_3030;
  // A byte that was below 0, or is above 9.
  if (((digits | (digits + 0x0000_7676_7676_7676)) & 0x0000_8080_8080_8080) !== 0) return -1;
  // `1234` is 12 * 100 + 34, and each of these alike.
  const pairs = digits * 10 + (digits >> 8);
  return <i32>((pairs & 0xff) * 10_000 + ((pairs >> 16) & 0xff) * 100 + ((pairs >> 32) & 0xff));
}

function two(p: usize): i32 {
  const tens = at(p) - 48;
  const ones = at(p + 1) - 48;
  return tens <= 9 && ones <= 9 ? <i32>(tens * 10 + ones) : -1;
}

/** The last whole seconds that were read, as text and as a number: most lines are of the same second as the line before. */
let lastWords: u64 = 0;
let lastRest: u32 = 0;
let lastSeconds: f64 = 0;

/** `12:34:56.123456 `, `12:34:56 ` or `1790000000.123456 `: answers what is behind it, the µs in `time`; 0 when it is something else. */
export function clock(p: usize, to: usize): usize {
  if (to - p < 20) return 0;
  const isClock = at(p + 2) === COLON;
  const point = isClock ? p + 8 : p + 10;
  const isWhole = isClock && at(point) === SPACE;
  const micros = isWhole ? 0 : at(point) === DOT && at(point + 7) === SPACE ? six(point + 1) : -1;
  const words = load<u64>(p);
  const rest: u32 = isClock ? 0 : load<u16>(p + 8);
  if (words === lastWords && rest === lastRest && micros >= 0) {
    time = lastSeconds * 1_000_000 + <f64>micros;
    return isWhole ? point + 1 : point + 8;
  }
  let seconds: f64;
  if (isClock) {
    const hours = two(p);
    const minutes = two(p + 3);
    const ones = two(p + 6);
    if ((hours | minutes | ones | micros) < 0 || at(p + 5) !== COLON) return 0;
    seconds = <f64>(hours * 3600 + minutes * 60 + ones);
  } else {
    const high = six(p);
    const middle = two(p + 6);
    const low = two(p + 8);
    if ((high | middle | low | micros) < 0) return 0;
    seconds = <f64>high * 10_000 + <f64>(middle * 100 + low);
  }
  lastWords = words;
  lastRest = rest;
  lastSeconds = seconds;
  time = seconds * 1_000_000 + <f64>micros;
  return isWhole ? point + 1 : point + 8;
}

/** `0.000074 `: answers what is behind it, the µs in `relative`; 0 when it is something else, or more than a quarter of an hour. */
export function sinceLast(from: usize): usize {
  let p = from;
  let seconds: i32 = 0;
  for (let c = at(p); isDigit(c) && p - from < 4; c = at(++p)) seconds = seconds * 10 + <i32>(c - 48);
  if (p === from || seconds > 999 || at(p) !== DOT || at(p + 7) !== SPACE) return 0;
  const micros = six(p + 1);
  if (micros < 0) return 0;
  relative = seconds * 1_000_000 + micros;
  return p + 8;
}
