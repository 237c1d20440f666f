// Where things are. Whoever runs this asks for the places: see the exports of lexer.ts.

/** Known calls, by the hash of their name: hash, length and traits, number. */
export const NAMES: usize = 1024;
export const SLOTS: u32 = 8192;
export const NAME_BYTES: usize = 12;

/** What was found of each line. */
export const ROWS: usize = 131_072;
export const ROW_BYTES: usize = 88;
/** Rows of one go. */
export const MOST_ROWS: i32 = 512;

/** The bytes of the log. */
export const WINDOW: usize = ROWS + ROW_BYTES * 2048;

/** Paths, behind a window of at most 1 MiB: 32,768 pairs of a hash and a place, then at these places length, number and bytes, one record behind the other. */
export const PATH_INDEX: usize = 1_441_792;
export const PATH_SLOTS: u32 = 32_768;
export const RECORDS: usize = PATH_INDEX + 8 * 32_768;

// A row: offsets in bytes. Places in the log are counted from the beginning of the window.
export const KIND: usize = 0;
export const FROM: usize = 4;
export const TO: usize = 8;
export const PID: usize = 12;
export const NAME: usize = 16;
export const ARGS_FROM: usize = 20;
export const ARGS_TO: usize = 24;
export const VALUE: usize = 28;
export const RESULT_FROM: usize = 32;
export const RESULT_TO: usize = 36;
/** 1: an error. */
export const FAILED: usize = 40;
/** In the call, µs; -1 when the log does not tell. */
export const MICROS: usize = 44;
/** The number that the arguments begin with; -1 without. */
export const FD: usize = 48;
export const PATH_FROM: usize = 52;
export const PATH_TO: usize = 56;
/** Its number, or what is told of one that is not known; see known-paths.ts. */
export const PATH_ID: usize = 60;
/** When, µs, as a double; -1 when the line does not tell. */
export const TIME: usize = 64;
/** Since the line before (-r), µs; -1 when the line does not tell. */
export const RELATIVE: usize = 76;
/** Of `3</srv/a>`, where the path is asked for; from 0 when it is decorated with something else, or not. */
export const TARGET_FROM: usize = 72;
export const TARGET_ID: usize = 80;
/** 1: behind the path stands O_CLOEXEC, or another word with XE. */
export const CLOEXEC: usize = 84;

// Kinds. Lines that are not in the form nearly all have are OTHER.
export const OTHER: i32 = 0;
export const FRAME: i32 = 1;
export const UNFINISHED: i32 = 2;
export const CALL: i32 = 3;
export const RESUMED: i32 = 4;

/** The value of results that are addresses or flags: `0x7f12`. */
export const HEX: i32 = 0x7fff_ffff;

/** Of a name: its calls have a path that is asked for. */
export const HAS_PATH: i32 = 1;

export function at(p: usize): u32 {
  return load<u8>(p);
}

export function isDigit(c: u32): bool {
  return c - 48 <= 9;
}

export function place(p: usize): i32 {
  return <i32>(p - WINDOW);
}
