/** What differs between goroutines with the same stack, in one of its lines. */

const LF = 10;
const CLOSE = 41;
const OPEN = 40;
const STAR = 42;
const TAB = 9;
const SPACE = 32;

export interface Hole {
  at: number;
  to: number;
  /** The byte that ends it. */
  stop: number;
}

const FRAME = Buffer.from(' fp=');
const PARENT = Buffer.from(' in goroutine ');
const CREATED = Buffer.from('created by ');

/** Of a function its arguments, of its place what SIGQUIT adds (fp, sp, pc), of the creator its id. */
export function holeIn(buffer: Buffer, start: number, next: number): Hole | undefined {
  const lineEnd = next - 1;
  if (buffer[lineEnd] !== LF) return undefined;
  const c = buffer[start];
  if (c === TAB || c === SPACE) return toEnd(buffer, FRAME, 0, start, lineEnd);
  if (startsWith(buffer, CREATED, start)) return toEnd(buffer, PARENT, PARENT.length, start, lineEnd);
  for (let at = start; at < lineEnd; at++) {
    if (buffer[at] !== OPEN || buffer[at + 1] === STAR) continue;
    for (let to = at + 1; to < lineEnd; to++) if (buffer[to] === CLOSE) return { at: at + 1, to, stop: CLOSE };
    return undefined;
  }
  return undefined;
}

function toEnd(buffer: Buffer, word: Buffer, skip: number, start: number, lineEnd: number): Hole | undefined {
  const first = word[0];
  for (let at = start; at + word.length <= lineEnd; at++) {
    if (buffer[at] === first && startsWith(buffer, word, at)) return { at: at + skip, to: lineEnd, stop: LF };
  }
  return undefined;
}

function startsWith(buffer: Buffer, word: Buffer, at: number): boolean {
  for (let i = 0; i < word.length; i++) if (buffer[at + i] !== word[i]) return false;
  return true;
}

/** No byte of 0, and none above 127. */
export function isPlain(buffer: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (buffer[at]! === 0 || buffer[at]! > 127) return false;
  return true;
}
