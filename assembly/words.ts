// The arguments of calls that may be addresses, as Words in src/goroutines/parse/words.ts has them.
import { MOST_LINES, MOST_WORDS, OPENS, WINDOW, WORD_STARTS, WORDS } from './dump';
import { at } from './memory';

/** Less are lengths, flags and descriptors; more are no addresses. */
const LEAST_DIGITS: usize = 6;
const MOST_DIGITS: usize = 13;
const NEWLINE: u32 = 10;
const OPEN: u32 = 40;
const QUESTION: u32 = 63;
const ZERO: u32 = 48;
const LETTER_X: u32 = 120;

/** Of a stack that was cut by `lex`, `lines` of it from the open numbered `first` on. How many there are; -1: there is no room for them. */
export function readWords(first: i32, lines: i32): i32 {
  if (lines > MOST_LINES) return -1;
  let count = 0;
  for (let line = 0; line < lines; line++) {
    store<i32>(WORD_STARTS + (<usize>line << 2), count);
    const open = load<i32>(OPENS + (<usize>(first + line) << 2));
    // Places and creators have none.
    if (open < 0 || at(WINDOW + open - 1) !== OPEN) continue;
    count = inLine(WINDOW + open, count);
    if (count < 0) return -1;
  }
  store<i32>(WORD_STARTS + (<usize>lines << 2), count);
  return count;
}

/** Those with a `?` may be long out of date and are left out. The line ends with a newline: `lex` has seen it. */
function inLine(from: usize, before: i32): i32 {
  let count = before;
  let p = from;
  for (let c = at(p); c !== NEWLINE; c = at(p)) {
    if (c !== ZERO || at(p + 1) !== LETTER_X) {
      p++;
      continue;
    }
    p += 2;
    const start = p;
    let value: u64 = 0;
    for (let digit = digitOf(at(p)); digit < 16; digit = digitOf(at(++p))) value = (value << 4) | digit;
    const digits = p - start;
    if (digits < LEAST_DIGITS || digits > MOST_DIGITS || at(p) === QUESTION) continue;
    if (count >= MOST_WORDS) return -1;
    store<f64>(WORDS + (<usize>count << 3), <f64>value);
    count++;
  }
  return count;
}

function digitOf(c: u32): u32 {
  if (c - 48 <= 9) return c - 48;
  return c - 97 <= 5 ? c - 87 : 16;
}
