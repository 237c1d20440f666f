/**
 * A stack that was seen, as the bytes that do not change and the places that do: arguments, ids, addresses. Most goroutines of
 * a large dump have a stack that was seen, and comparing bytes is several times faster than hashing them.
 */

const LF = 10;
const CR = 13;
const CLOSE = 41;

/** Ends at a closing parenthesis, or at the end of the line. */
type Hole = 'arguments' | 'line';

export interface Template<T> {
  bytes: Uint8Array;
  /** Where each fixed part ends in `bytes`; behind each but the last there is a hole. */
  ends: Int32Array;
  /** 1: ends with its line. */
  holes: Uint8Array;
  /** The hole in which what it waits for stands first; -1 without. */
  objectHole: number;
  known: T;
}

/** Where the holes of the last match began. */
export const holeStarts = new Int32Array(1024);

/**
 * @param lineStarts of the block, from behind its header to `end`
 * @param objectLine whose first argument is wanted, -1 for none
 * @returns undefined for stacks with too many frames, which are seldom
 */
export function makeTemplate<T>(buffer: Buffer, lineStarts: ArrayLike<number>, lines: number, end: number, objectLine: number, known: T): Template<T> | undefined {
  if (lines === 0 || lines >= holeStarts.length) return undefined;
  const start = lineStarts[0]!;
  const parts: Buffer[] = [];
  const ends: number[] = [];
  const holes: Hole[] = [];
  let objectHole = -1;
  let from = start;
  let length = 0;
  const cut = (at: number, to: number, hole: Hole): void => {
    parts.push(buffer.subarray(from, at));
    length += at - from;
    ends.push(length);
    holes.push(hole);
    from = to;
  };
  for (let line = 0; line < lines; line++) {
    const lineStart = lineStarts[line]!;
    const newline = buffer.indexOf(LF, lineStart);
    const lineEnd = newline < 0 || newline > end ? end : newline;
    const text = buffer.toString('latin1', lineStart, lineEnd);
    const hole = holeIn(text);
    if (!hole) continue;
    if (line === objectLine) objectHole = ends.length;
    cut(lineStart + hole.at, lineStart + hole.to, hole.kind);
  }
  parts.push(buffer.subarray(from, end));
  ends.push(length + end - from);
  return { bytes: Uint8Array.from(Buffer.concat(parts)), ends: Int32Array.from(ends), holes: Uint8Array.from(holes, (hole) => (hole === 'line' ? 1 : 0)), objectHole, known };
}

function holeIn(text: string): { at: number; to: number; kind: Hole } | undefined {
  if (/^\s/.test(text)) {
    const frame = / fp=/.exec(text);
    return frame ? { at: frame.index, to: text.length, kind: 'line' } : undefined;
  }
  const parent = / in goroutine (?=\d)/.exec(text);
  if (text.startsWith('created by ')) return parent ? { at: parent.index + parent[0].length, to: text.length, kind: 'line' } : undefined;
  const open = /\((?!\*)/.exec(text);
  const close = open ? text.indexOf(')', open.index) : -1;
  return open && close > 0 ? { at: open.index + 1, to: close, kind: 'arguments' } : undefined;
}

/** Where the block ends, or -1 when it is another stack, or when the buffer ends before it does. */
export function matchTemplate(buffer: Uint8Array, start: number, { bytes, ends, holes }: Template<unknown>): number {
  const length = buffer.length;
  const parts = ends.length;
  let at = start;
  let j = 0;
  for (let part = 0; part < parts; part++) {
    const end = ends[part]!;
    if (at + end - j > length) return -1;
    for (; j < end; j++, at++) if (buffer[at] !== bytes[j]) return -1;
    if (part === parts - 1) break;
    holeStarts[part] = at;
    const stop = holes[part] === 1 ? LF : CLOSE;
    while (at < length && buffer[at] !== stop) {
      // Arguments end before their line does.
      if (buffer[at] === LF) return -1;
      at++;
    }
  }
  if (at >= length) return -1;
  return buffer[at] === LF || (buffer[at] === CR && buffer[at + 1] === LF) ? at : -1;
}
