/** A stack as two hashes, byte by byte: what is equal but for arguments, offsets and ids has equal ones. */

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const PAREN = 40;
const STAR = 42;
const COLON = 58;
const PRIME_1 = 0x01000193;
const PRIME_2 = 0x5bd1e995;
const CREATED_LENGTH = 'created by '.length;
const MOST_LINES = 4096;

export const WORD = Buffer.from('goroutine ', 'latin1');
/** The block goes on behind the end of the buffer. */
export const NEEDS_MORE = -2;

export class StackScanner {
  /** Of the lines of the stack that was scanned last. */
  readonly lineStarts = new Int32Array(MOST_LINES);
  lines = 0;
  hash1 = 0;
  hash2 = 0;
  /** The last stack ran into the end of the text. */
  cutAtEnd = false;

  /**
   * Hashes the lines of a stack.
   * @param seed what else parts groups: the state, the labels
   * @param last nothing follows the buffer
   * @returns where it ends, or NEEDS_MORE
   */
  scan(buffer: Buffer, start: number, seed: number, last: boolean): number {
    const length = buffer.length;
    const starts = this.lineStarts;
    let hash1 = seed | 0;
    let hash2 = ~seed | 0;
    let lines = 0;
    let at = start;
    let ancestors = false;
    for (;;) {
      if (at >= length) {
        if (!last) return NEEDS_MORE;
        // A whole dump ends with its last line; one that was cut ends anywhere.
        this.cutAtEnd = length > 0 && buffer[length - 1] !== LF;
        break;
      }
      let c = buffer[at]!;
      if (c === LF || (c === CR && buffer[at + 1] === LF)) break;
      let i = at;
      if (c === TAB || c === SPACE) {
        for (;;) {
          if (c === COLON) {
            const digit = buffer[i + 1]!;
            hash1 = Math.imul(hash1 ^ c, PRIME_1);
            hash2 = Math.imul(hash2 ^ c, PRIME_2);
            if (digit >= 48 && digit <= 57) {
              c = digit;
              i++;
              while (c >= 48 && c <= 57) {
                hash1 = Math.imul(hash1 ^ c, PRIME_1);
                hash2 = Math.imul(hash2 ^ c, PRIME_2);
                c = buffer[++i]!;
              }
              if (c === SPACE || c === LF || c === CR || i >= length) break;
            } else c = digit;
            if (digit < 48 || digit > 57) i++;
            if (i >= length) break;
            continue;
          }
          if (c === LF) break;
          // Offsets and addresses are no part of the place; nor are tabs that became spaces.
          if (c !== TAB && c !== SPACE && c !== CR) {
            hash1 = Math.imul(hash1 ^ c, PRIME_1);
            hash2 = Math.imul(hash2 ^ c, PRIME_2);
          }
          if (++i >= length) break;
          c = buffer[i]!;
        }
      } else if (c === 99 && isCreated(buffer, at)) {
        i = at + CREATED_LENGTH;
        hash1 = Math.imul(hash1 ^ 0xfe, PRIME_1);
        c = buffer[i]!;
        while (i < length && c !== LF && c !== CR && c !== SPACE) {
          hash1 = Math.imul(hash1 ^ c, PRIME_1);
          hash2 = Math.imul(hash2 ^ c, PRIME_2);
          c = buffer[++i]!;
        }
      } else if (c === 103 && startsWithWord(buffer, at) && isHeaderStart(buffer, at)) {
        break;
      } else {
        let paren = false;
        while (i < length && c !== LF) {
          if (c === PAREN && buffer[i + 1] !== STAR) {
            paren = true;
            break;
          }
          if (c !== CR) {
            hash1 = Math.imul(hash1 ^ c, PRIME_1);
            hash2 = Math.imul(hash2 ^ c, PRIME_2);
          }
          c = buffer[++i]!;
        }
        if (!paren && !ancestors && !isBare(buffer, at, i)) {
          if (!last && i + 1 >= length) return NEEDS_MORE;
          if (i >= length) this.cutAtEnd = true;
          break;
        }
        if (buffer[at] === 91) ancestors = true;
      }
      const newline = i < length && buffer[i] === LF ? i : buffer.indexOf(LF, i);
      if (newline < 0 && !last) return NEEDS_MORE;
      if (lines < MOST_LINES) starts[lines++] = at;
      at = newline < 0 ? length : newline + 1;
    }
    this.lines = lines;
    this.hash1 = hash1 >>> 0;
    this.hash2 = hash2 >>> 0;
    return at;
  }
}

export function startsWithWord(buffer: Buffer, at: number): boolean {
  for (let i = 0; i < WORD.length; i++) if (buffer[at + i] !== WORD[i]) return false;
  return true;
}

/** A number behind the word: a stack may hold a function of that name. */
function isHeaderStart(buffer: Buffer, at: number): boolean {
  const c = buffer[at + WORD.length]!;
  return (c >= 48 && c <= 57) || c === 45;
}

function isCreated(buffer: Buffer, at: number): boolean {
  return buffer.toString('latin1', at, at + CREATED_LENGTH) === 'created by ';
}

/** A line of a stack without arguments: elided frames, ancestors, C functions, which have their place in the next line. */
function isBare(buffer: Buffer, start: number, end: number): boolean {
  if (buffer[start] === 46 && buffer[start + 1] === 46 && buffer[start + 2] === 46) return true;
  if (buffer[start] === 91) return buffer.toString('latin1', start, start + 17) === '[originating from';
  if (end + 1 >= buffer.length) return false;
  return buffer[end + 1] === TAB || (buffer[end + 1] === SPACE && buffer[end + 2] === SPACE);
}

/** Behind the parenthesis of the arguments: the first that is not that of a receiver; the end of the line without any. */
export function argumentsFrom(buffer: Buffer, start: number, end: number): number {
  for (let at = start; at < end && buffer[at] !== LF; at++) if (buffer[at] === PAREN && buffer[at + 1] !== STAR) return at + 1;
  return end;
}
