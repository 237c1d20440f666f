// Where things are when a dump is cut. Whoever runs this asks for the places: see the exports of stacks.ts.

/** What was found of each goroutine. */
export const ROWS: usize = 1024;
export const ROW_BYTES: usize = 48;
export const MOST_ROWS: i32 = 2048;

/** Of each line of a stack where what may differ begins. */
export const OPENS: usize = 131_072;
export const MOST_OPENS: i32 = 32_768;

/** The bytes of the dump. */
export const WINDOW: usize = 262_144;

/** Behind a window of 256 KiB: of each line of one stack which of its words is the first; one number more than lines. */
export const WORD_STARTS: usize = 528_384;
export const MOST_LINES: i32 = 4096;
/** Words, as doubles. */
export const WORDS: usize = 544_784;
export const MOST_WORDS: i32 = 8192;
