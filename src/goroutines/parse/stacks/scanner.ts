/** A stack as two hashes: what is equal but for arguments, offsets and ids has equal ones. Knows every form; nearly all is read by StackLexer. */
import { Hash } from './hash.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const PAREN = 40;
const CLOSE = 41;
const STAR = 42;
const DOT = 46;
const COLON = 58;
const BRACKET = 91;
const LETTER_C = 99;
const LETTER_G = 103;
const CREATED = Buffer.from('created by ', 'latin1');
const CREATED_MARK = 0xfe;
const MOST_LINES = 4096;

export const WORD = Buffer.from('goroutine ', 'latin1');
/** The block goes on behind the end of the buffer. */
export const NEEDS_MORE = -2;

export class StackScanner {
  /** Of each line of the stack that was scanned last where what may differ begins: behind the parenthesis of a call; -1 without. */
  readonly opens = new Int32Array(MOST_LINES);
  lines = 0;
  readonly hash = new Hash();
  /** Lines within the stack that was scanned last that are none of it: where each begins and ends, its newline included. */
  readonly foreign: number[] = [];
  /** The last stack ran into the end of the text. */
  cutAtEnd = false;

  /**
   * @param last nothing follows the buffer
   * @returns where it ends, or NEEDS_MORE
   */
  scan(buffer: Buffer, start: number, last: boolean): number {
    const length = buffer.length;
    this.hash.clear();
    this.lines = 0;
    this.foreign.length = 0;
    let at = start;
    let ancestors = false;
    // The last line was that of a call, whose place is to follow.
    let awaits = false;
    for (;;) {
      if (at >= length) {
        if (!last) return NEEDS_MORE;
        // A whole dump ends with its last line; one that was cut ends anywhere.
        this.cutAtEnd = length > 0 && buffer[length - 1] !== LF;
        return at;
      }
      const c = buffer[at]!;
      if (c === LF || (c === CR && buffer[at + 1] === LF)) return at;
      const newline = buffer.indexOf(LF, at);
      if (newline < 0 && !last) return NEEDS_MORE;
      const next = newline < 0 ? length : newline;
      const to = buffer[next - 1] === CR ? next - 1 : next;
      let open: number;
      if (c === TAB || c === SPACE) open = this.place(buffer, at, to);
      else if (c === LETTER_C && startsWith(buffer, CREATED, at)) open = this.creator(buffer, at + CREATED.length, to);
      else if (c === LETTER_G && startsWith(buffer, WORD, at) && isHeaderStart(buffer, at)) return at;
      else {
        const paren = parenIn(buffer, at, to);
        if (!ancestors && !isCall(buffer, at, paren, to) && !isMark(buffer, at) && (awaits || !isBare(buffer, next))) {
          if (!last && next + 1 >= length) return NEEDS_MORE;
          const more = newline < 0 ? -1 : goesOnAt(buffer, newline + 1, awaits, last);
          if (more === NEEDS_MORE) return NEEDS_MORE;
          if (more < 0) {
            if (newline < 0) this.cutAtEnd = true;
            return at;
          }
          this.foreign.push(at, more);
          at = more;
          continue;
        }
        this.hash.mix(buffer, at, paren < 0 ? to : paren);
        open = paren < 0 ? -1 : paren + 1;
        if (c === BRACKET) ancestors = true;
      }
      awaits = c !== TAB && c !== SPACE && c !== BRACKET;
      if (this.lines < MOST_LINES) this.opens[this.lines++] = open;
      at = newline < 0 ? length : newline + 1;
    }
  }

  /** Offsets and addresses are no part of it; nor are tabs that became spaces. */
  private place(buffer: Buffer, at: number, to: number): number {
    let from = at;
    while (from < to && (buffer[from] === TAB || buffer[from] === SPACE)) from++;
    let end = buffer.indexOf(SPACE, from);
    while (end >= 0 && end < to && !isNumbered(buffer, from, end)) end = buffer.indexOf(SPACE, end + 1);
    if (end < 0 || end > to) end = to;
    this.hash.mix(buffer, from, end);
    return end;
  }

  private creator(buffer: Buffer, from: number, to: number): number {
    let end = from;
    while (end < to && buffer[end]! > SPACE) end++;
    this.hash.word(CREATED_MARK);
    this.hash.mix(buffer, from, end);
    return end;
  }
}

export function startsWithWord(buffer: Uint8Array, at: number): boolean {
  return startsWith(buffer, WORD, at);
}

function startsWith(buffer: Uint8Array, word: Uint8Array, at: number): boolean {
  for (let i = 0; i < word.length; i++) if (buffer[at + i] !== word[i]) return false;
  return true;
}

/** Does `:24` stand before? */
function isNumbered(buffer: Buffer, from: number, to: number): boolean {
  let at = to - 1;
  while (at > from && buffer[at]! >= 48 && buffer[at]! <= 57) at--;
  return at < to - 1 && buffer[at] === COLON;
}

/** The first parenthesis that is not that of a receiver; -1 without. */
function parenIn(buffer: Buffer, from: number, to: number): number {
  for (let at = from; at < to; at++) if (buffer[at] === PAREN && buffer[at + 1] !== STAR) return at;
  return -1;
}

/** A number behind the word: a stack may hold a function of that name. */
function isHeaderStart(buffer: Buffer, at: number): boolean {
  const c = buffer[at + WORD.length]!;
  return (c >= 48 && c <= 57) || c === 45;
}

/** `main.(*T).work(0x1, ...)`: a name without blanks, and what ends with its arguments. */
function isCall(buffer: Buffer, from: number, paren: number, to: number): boolean {
  if (paren <= from) return false;
  let end = to;
  while (end > paren && (buffer[end - 1] === SPACE || buffer[end - 1] === TAB)) end--;
  if (buffer[end - 1] !== CLOSE) return false;
  for (let at = from; at < paren; at++) if (buffer[at] === SPACE) return false;
  return true;
}

/** So many lines of other text may stand within a stack, one behind the other. */
const MOST_FOREIGN = 16;

/**
 * Where a stack goes on behind text that is none of it, as threads that share one stderr make it: at the place of the call before, at another
 * call, or at who created it. -1 when it does not.
 */
function goesOnAt(buffer: Buffer, from: number, awaits: boolean, last: boolean): number {
  let at = from;
  for (let line = 0; line < MOST_FOREIGN; line++) {
    const newline = buffer.indexOf(LF, at);
    if (newline < 0 && !last) return NEEDS_MORE;
    const to = newline < 0 ? buffer.length : newline;
    const c = buffer[at];
    if (at >= to || c === CR || (c === LETTER_G && startsWith(buffer, WORD, at) && isHeaderStart(buffer, at))) return -1;
    if (c === TAB || c === SPACE) {
      if (isNumberedPlace(buffer, at, to)) return awaits ? at : -1;
    } else if (c === LETTER_C && startsWith(buffer, CREATED, at)) return at;
    else {
      const paren = parenIn(buffer, at, to);
      // A word of a log has no dot in its name.
      const dot = buffer.indexOf(DOT, at);
      if (dot >= 0 && dot < paren && isCall(buffer, at, paren, buffer[to - 1] === CR ? to - 1 : to)) return at;
    }
    if (newline < 0) return -1;
    at = newline + 1;
  }
  return -1;
}

const PLACE = /^[\t ]+\S.*:\d+(?: \+0x[\da-f]+.*)?\r?$/;

function isNumberedPlace(buffer: Buffer, from: number, to: number): boolean {
  return PLACE.test(buffer.toString('latin1', from, Math.min(to, from + LONGEST_PLACE)));
}

const LONGEST_PLACE = 4096;

/** Elided frames, ancestors. */
function isMark(buffer: Buffer, start: number): boolean {
  if (buffer[start] === DOT && buffer[start + 1] === DOT && buffer[start + 2] === DOT) return true;
  return buffer[start] === BRACKET && buffer.toString('latin1', start, start + 17) === '[originating from';
}

/** A C function has no arguments, but its place in the next line. */
function isBare(buffer: Buffer, end: number): boolean {
  if (end + 1 >= buffer.length) return false;
  return buffer[end + 1] === TAB || (buffer[end + 1] === SPACE && buffer[end + 2] === SPACE);
}
