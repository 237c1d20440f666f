/**
 * The hot path: goroutine blocks of a text dump, byte by byte, without making strings of what was seen before. A stack is
 * hashed without arguments, offsets and ids; only the first goroutines of each stack are parsed.
 */
import type { Group } from '../../kernel/goroutines.ts';
import { objectPlace, withoutOffset } from '../objects.ts';
import { isSystem } from '../names.ts';
import { isBlocking, stateOfStack } from '../states.ts';
import { argumentsAt, firstPointer, parseStack, type Stack } from './frames.ts';
import { GroupTable, MOST_SAMPLES, type Seen } from './group-table.ts';
import { type Header, parseHeader } from './header.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const PAREN = 40;
const STAR = 42;
const COLON = 58;
const PRIME_1 = 0x01000193;
const PRIME_2 = 0x5bd1e995;
const WORD = Buffer.from('goroutine ', 'latin1');
const CREATED_LENGTH = 'created by '.length;
/** A goroutine without an end is no goroutine: a stack is cut at 100 frames by the runtime. */
const MOST_BLOCK_BYTES = 8 * 1024 * 1024;
const MOST_HEADERS = 20_000;
/** From so many stacks on labels (request ids) no longer part groups. */
const MOST_LABELLED_GROUPS = 20_000;
const MOST_LINES = 4096;
/** `(0x` and 16 digits, and what ends them. */
const MOST_POINTER = 24;

interface Known {
  group: Group;
  /** Line of the block, header excluded, whose first argument is what it waits for; -1 without. */
  line: number;
  offset: number;
}

interface CachedHeader {
  header: Header;
  seed: number;
  seedUnlabelled: number;
}

export interface BlockResult {
  /** Bytes of `buffer` that were used: what follows belongs to a block that may go on. */
  used: number;
  /** The block at the end is not whole, or there is none: read on elsewhere. */
  more: boolean;
}

/** Reads goroutine blocks out of buffers. */
export class BlockReader {
  readonly table: GroupTable;
  /** Goroutines seen, those of the runtime aside. */
  total = 0;
  labelsDropped = false;
  /** The last block ran into the end of the text. */
  cutAtEnd = false;
  private readonly known = new Map<number, Known>();
  private readonly headers = new Map<string, CachedHeader>();
  private readonly states = new Map<string, number>();
  private readonly lineStarts = new Int32Array(MOST_LINES);
  private lines = 0;
  private hash1 = 0;
  private hash2 = 0;

  constructor(keepRows: boolean) {
    this.table = new GroupTable(keepRows);
  }

  /**
   * Reads blocks from `from` on as long as they follow each other.
   * @param last nothing follows the buffer
   * @returns where it stopped: at text that is no goroutine, or (`more`) at a block whose end is not here yet
   */
  read(buffer: Buffer, from: number, last: boolean): BlockResult {
    let at = from;
    for (;;) {
      while (at < buffer.length && (buffer[at] === LF || buffer[at] === CR)) at++;
      if (at >= buffer.length) return { used: at, more: true };
      if (!startsWithWord(buffer, at)) {
        // The word itself may be cut by the end of the chunk.
        return { used: at, more: !last && buffer.length - at < WORD.length && WORD.indexOf(buffer.subarray(at)) === 0 };
      }
      const end = this.block(buffer, at, last);
      if (end === NOT_ONE) return { used: at, more: false };
      if (end === NEEDS_MORE) {
        const fits = buffer.length - at < MOST_BLOCK_BYTES;
        return { used: at, more: fits };
      }
      at = end;
    }
  }

  /** One block; where it ends, or why there is none. */
  private block(buffer: Buffer, start: number, last: boolean): number {
    const headerEnd = buffer.indexOf(LF, start);
    if (headerEnd < 0 && !last) return NEEDS_MORE;
    const lineEnd = headerEnd < 0 ? buffer.length : headerEnd;
    let at = start + WORD.length;
    let c = buffer[at]!;
    let id = 0;
    const idStart = at;
    if (c === 45) c = buffer[++at]!;
    while (c >= 48 && c <= 57) {
      id = id * 10 + c - 48;
      c = buffer[++at]!;
    }
    if (at === idStart || c !== SPACE) return NOT_ONE;
    const cached = this.header(buffer.toString('latin1', at, lineEnd));
    if (!cached) return NOT_ONE;
    const end = this.scan(buffer, lineEnd + 1, cached.seed, last);
    if (end === NEEDS_MORE) return end;
    // g0 of the signalled thread: a stack, but no goroutine.
    if (id === 0) return end;
    const { header } = cached;
    if (this.labelsDropped && cached.seed !== cached.seedUnlabelled) this.scan(buffer, lineEnd + 1, cached.seedUnlabelled, last);
    const key = this.hash1 * 0x200000 + (this.hash2 & 0x1fffff);
    const known = this.known.get(key);
    const idText = buffer.toString('latin1', idStart, at);
    if (known && known.group.samples.length >= MOST_SAMPLES) {
      const object = known.line < 0 ? undefined : this.firstArgument(buffer, known, end);
      this.count(known.group, header, idText, object);
      return end;
    }
    this.sample(key, known, header, idText, this.textLines(buffer, lineEnd + 1, end));
    return end;
  }

  private header(text: string): CachedHeader | undefined {
    const known = this.headers.get(text);
    if (known) return known;
    const header = parseHeader(text);
    if (!header) return undefined;
    const seedUnlabelled = this.intern(header.state);
    const cached = { header, seedUnlabelled, seed: header.labelText === '' ? seedUnlabelled : this.intern(`${header.state}\n${header.labelText}`) };
    if (this.headers.size >= MOST_HEADERS) this.headers.clear();
    this.headers.set(text, cached);
    return cached;
  }

  private intern(text: string): number {
    let seed = 0x811c9dc5;
    for (let i = 0; i < text.length; i++) seed = Math.imul(seed ^ text.charCodeAt(i), PRIME_1);
    // Equal hashes of different states would make one group of two: the number of the state parts them.
    let number = this.states.get(text);
    if (number === undefined && this.states.size < MOST_HEADERS) this.states.set(text, (number = this.states.size + 1));
    return seed ^ Math.imul(number ?? 0, PRIME_2);
  }

  /** Hashes the lines of a stack; where it ends. */
  private scan(buffer: Buffer, start: number, seed: number, last: boolean): number {
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

  private textLines(buffer: Buffer, start: number, end: number): string[] {
    return buffer.toString('latin1', start, end).split(/\r?\n/);
  }

  /** What a goroutine waits for, of the block that was scanned last. */
  private firstArgument(buffer: Buffer, { line, offset }: Known, end: number): string | undefined {
    if (line >= this.lines) return undefined;
    let at = this.lineStarts[line]!;
    while (at < end && !(buffer[at] === PAREN && buffer[at + 1] !== STAR)) at++;
    return objectIn(buffer.toString('latin1', at, Math.min(at + MOST_POINTER, end)), offset);
  }

  private sample(key: number, known: Known | undefined, header: Header, id: string, lines: string[]): void {
    const stack = parseStack(lines);
    const found = known ?? this.newGroup(key, header, stack, lines);
    const { waitMinutes } = header;
    const line = found.line < 0 ? '' : (lines[found.line] ?? '');
    this.count(found.group, header, id, objectIn(line.slice(Math.max(0, argumentsAt(line))), found.offset), {
      id,
      args: stack.args,
      ...(waitMinutes !== undefined && { waitMinutes }),
      ...(stack.parent !== undefined && { parent: stack.parent }),
    });
  }

  private newGroup(key: number, header: Header, stack: Stack, lines: readonly string[]): Known {
    if (header.labelText !== '' && !this.labelsDropped && this.known.size > MOST_LABELLED_GROUPS) this.labelsDropped = true;
    const { frames, elided, creator } = stack;
    const state = stateOfStack(header.state, frames);
    const group = this.table.add({
      state,
      stateFrom: state === header.state ? 'printed' : 'frames',
      frames,
      elided,
      labels: this.labelsDropped ? {} : header.labels,
      system: isSystem(frames, creator),
      ...(creator && { creator }),
    });
    const place = isBlocking(state) ? objectPlace(frames, stack.firsts) : undefined;
    if (place) group.objectKind = place.kind;
    const known = { group, line: place ? lineOfFrame(lines, place.frame) : -1, offset: place?.offset ?? 0 };
    this.known.set(key, known);
    return known;
  }

  private count(group: Group, { waitMinutes, lockedToThread, leaked }: Header, id: string, object: string | undefined, sample?: Group['samples'][number]): void {
    const seen: Seen = { id, lockedToThread, leaked, object };
    if (waitMinutes !== undefined) seen.waitMinutes = waitMinutes;
    this.table.count(group, seen, sample);
    if (!group.system) this.total++;
  }
}

const NOT_ONE = -1;
const NEEDS_MORE = -2;

function startsWithWord(buffer: Buffer, at: number): boolean {
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

function lineOfFrame(lines: readonly string[], frame: number): number {
  let seen = -1;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (line === '' || /^\s|^\.\.\.|^created by /.test(line)) continue;
    if (++seen === frame) return i;
  }
  return -1;
}

function objectIn(given: string, offset: number): string | undefined {
  const argument = firstPointer(given);
  return argument === undefined ? undefined : withoutOffset(argument, offset);
}
