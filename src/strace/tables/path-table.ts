/**
 * Paths of a log, each as text once: what is opened and looked at comes again and again, and is told by its bytes. They lie where the lexer
 * finds them (assembly/known-paths.ts); what is known of each lies here, by its place, few bytes of each kind together: most of the time
 * that an open takes is spent on waiting for memory.
 */
import type { ByteString } from '../../evidence/types.ts';
import type { Block } from '../read/block.ts';
import { kindOf } from './kind-of.ts';

/** When there are more, all are forgotten: a log of names that never come again must not fill memory. */
const MOST = 16_384;
const SLOTS = MOST * 2;
const MASK = SLOTS - 1;
/** Hash and place of a record. */
const PAIR = 8;
/** Length and number, before the bytes of a path. */
const HEAD = 8;
const MOST_BYTES = 2 * 1024 * 1024;
/** Bytes that the lexer may look at behind the last one. */
const BEHIND = 16;
const MOST_NUMBERS = 2 ** 30;

/** What was done with a path, for `toctou`. */
export interface PathUse {
  pid: number;
  call: string;
  line: number;
  time: number;
}

/** Where an index of `SLOTS` pairs and the records behind it have room. */
export interface PathMemory {
  buffer: ArrayBuffer;
  at: number;
  /** To be called when the records are no more. */
  forget(): void;
}

export class PathTable {
  /** By the place of the path: its text; whether an open of it is one of a file. */
  readonly texts: ByteString[] = [];
  readonly isFile = new Uint8Array(MOST);
  /** Number of its site, and of the call that opens there; -1 for none. */
  readonly sites = new Int32Array(MOST);
  readonly openedBy = new Int32Array(MOST);
  /** Who looked at it last, -1 for nobody; with which call, and where that is. */
  readonly pids = new Int32Array(MOST);
  readonly calls: string[] = [];
  readonly lines = new Float64Array(MOST);
  readonly times = new Float64Array(MOST);
  /** Who changed it since. */
  readonly changed = new Map<number, PathUse>();
  private memory: PathMemory | undefined;
  private index = new Int32Array(0);
  private words = new Int32Array(0);
  private bytes = Buffer.alloc(0);
  private used = 0;
  /** Number of the last path that was forgotten. */
  private base = 0;

  /** From now on paths are kept where the lexer looks for them. Only before the first. */
  attach(memory: PathMemory): void {
    this.memory = memory;
    const { buffer } = memory;
    this.index = new Int32Array(buffer, memory.at, SLOTS * 2);
    this.words = new Int32Array(buffer);
    this.bytes = Buffer.from(buffer);
    this.forget();
  }

  /** The place of a path. @param told by the lexer */
  at({ buf }: Block, from: number, to: number, told: number): number {
    const place = told - this.base - 1;
    if (place >= 0 && place < this.texts.length) return place;
    const hash = hashBytes(buf, from, to);
    const known = this.search(hash, to - from, (at) => buf.compare(this.bytes, at, at + to - from, from, to) === 0);
    return known >= 0 ? known : this.insert(buf.toString('latin1', from, to), hash);
  }

  /** -1 when it was never looked at or opened. */
  find(text: ByteString): number {
    const own = Buffer.from(text, 'latin1');
    return this.search(hashBytes(own, 0, own.length), own.length, (at) => own.compare(this.bytes, at, at + own.length) === 0);
  }

  /** @param text is kept: no slice of the log */
  add(text: ByteString): number {
    const own = Buffer.from(text, 'latin1');
    return this.insert(text, hashBytes(own, 0, own.length));
  }

  private search(hash: number, length: number, isSame: (at: number) => boolean): number {
    const { index, words } = this;
    if (index.length === 0) return -1;
    for (let slot = hash & MASK; ; slot = (slot + 1) & MASK) {
      const record = index[slot * 2 + 1]!;
      if (record === 0) return -1;
      if (index[slot * 2] === hash && words[record >> 2] === length && isSame(record + HEAD)) return words[(record >> 2) + 1]! - this.base - 1;
    }
  }

  private insert(text: ByteString, hash: number): number {
    if (this.memory === undefined) this.attach({ buffer: new ArrayBuffer(SLOTS * PAIR + MOST_BYTES), at: 0, forget: () => undefined });
    const size = (HEAD + text.length + 3) & ~3;
    // As long as all others together: its bytes are not kept.
    const isLong = size > MOST_BYTES - BEHIND;
    if (this.texts.length >= MOST || (!isLong && this.used + size > MOST_BYTES - BEHIND)) this.forget();
    const place = this.texts.push(text) - 1;
    this.isFile[place] = kindOf(text) === 'file' ? 1 : 0;
    this.openedBy[place] = -1;
    this.pids[place] = -1;
    this.calls.push('');
    if (isLong) return place;
    const { index } = this;
    let slot = hash & MASK;
    while (index[slot * 2 + 1] !== 0) slot = (slot + 1) & MASK;
    const record = this.memory!.at + SLOTS * PAIR + this.used;
    index[slot * 2] = hash;
    index[slot * 2 + 1] = record;
    this.words[record >> 2] = text.length;
    this.words[(record >> 2) + 1] = this.base + 1 + place;
    this.bytes.write(text, record + HEAD, 'latin1');
    this.used += size;
    return place;
  }

  /** Numbers are not given out again: the lexer may have told some that nobody asked for yet. */
  private forget(): void {
    this.base = this.base > MOST_NUMBERS ? 0 : this.base + this.texts.length;
    this.texts.length = 0;
    this.calls.length = 0;
    this.changed.clear();
    this.index.fill(0);
    // What follows the record found last must be a record of these, or nothing.
    this.words.fill(0, (this.memory!.at + SLOTS * PAIR) >> 2);
    this.memory!.forget();
    this.used = 0;
  }
}

/** Four bytes at a time, the first one lowest; what is left over last, even when it is nothing. Never below 0. */
export function hashBytes(buf: Uint8Array, from: number, to: number): number {
  let hash = 0;
  let i = from;
  for (; i + 4 <= to; i += 4) hash = step(hash, buf[i]! | (buf[i + 1]! << 8) | (buf[i + 2]! << 16) | (buf[i + 3]! << 24));
  let rest = 0;
  for (let shift = 0; i < to; i++, shift += 8) rest |= buf[i]! << shift;
  return step(hash, rest) & 0x7fff_ffff;
}

function step(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
