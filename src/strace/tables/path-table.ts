/** Paths of a log, each as text once: what is opened and looked at comes again and again, and is told by its bytes. */
import type { ByteString } from '../../evidence/types.ts';
import type { Block } from '../read/block.ts';
import { kindOf } from './fds.ts';
import type { Site } from './types.ts';

/** When there are more, all are forgotten: a log of names that never come again must not fill memory. */
const MOST = 16_384;
const SLOTS = MOST * 2;
const MASK = SLOTS - 1;
/** Words of a key. */
const KEY = 4;
const MOST_BYTES = 2 * 1024 * 1024;

/** What was done with a path, for `toctou`. */
export interface PathUse {
  pid: number;
  call: string;
  line: number;
  time: number;
}

export class PathEntry {
  readonly text: ByteString;
  /** Of what is opened by it. */
  readonly kind: string;
  /** Where it was opened last. */
  site: Site | undefined = undefined;
  /** Who looked at it last, -1 for nobody; with which call, and where that is. */
  pid = -1;
  call = '';
  line = 0;
  time = NaN;
  /** Who changed it since. */
  changed: PathUse | undefined = undefined;

  constructor(text: ByteString) {
    this.text = text;
    this.kind = kindOf(text);
  }
}

export class PathTable {
  private readonly slots: (PathEntry | undefined)[] = new Array<PathEntry | undefined>(SLOTS).fill(undefined);
  /** Of each its hash (0: free), its length, and where its bytes are: what has to be looked at lies together, the entries all over memory. */
  private readonly keys = new Int32Array(SLOTS * KEY);
  private readonly bytes = Buffer.allocUnsafe(MOST_BYTES);
  private readonly view = new DataView(this.bytes.buffer, this.bytes.byteOffset, MOST_BYTES);
  private used = 0;
  private count = 0;

  /** @param hash of the bytes from `from` to `to`, as `hashBytes` makes it */
  at(block: Block, from: number, to: number, hash: number): PathEntry {
    const { keys } = this;
    const wanted = hash === 0 ? 1 : hash;
    let slot = wanted & MASK;
    for (let known = keys[slot * KEY]!; known !== 0; known = keys[(slot = (slot + 1) & MASK) * KEY]!) {
      if (known === wanted && keys[slot * KEY + 1] === to - from && this.isSame(block.view, from, to, keys[slot * KEY + 2]!)) return this.slots[slot]!;
    }
    return this.add(block.slice(from, to), hash);
  }

  private isSame(view: DataView, from: number, to: number, start: number): boolean {
    const own = this.view;
    let i = from;
    let j = start;
    for (; i + 4 <= to; i += 4, j += 4) if (view.getInt32(i) !== own.getInt32(j)) return false;
    for (; i < to; i++, j++) if (view.getUint8(i) !== own.getUint8(j)) return false;
    return true;
  }

  /** Undefined when it was never looked at or opened. */
  find(text: ByteString): PathEntry | undefined {
    const wanted = hashOf(text) || 1;
    let slot = wanted & MASK;
    for (let known = this.keys[slot * KEY]!; known !== 0; known = this.keys[(slot = (slot + 1) & MASK) * KEY]!) {
      if (known === wanted && this.slots[slot]!.text === text) return this.slots[slot];
    }
    return undefined;
  }

  /** @param text is kept: no slice of the log */
  add(text: ByteString, hash = hashOf(text)): PathEntry {
    const entry = new PathEntry(text);
    // As long as all others together: its bytes are not kept.
    if (text.length > MOST_BYTES) return entry;
    if (this.count >= MOST || this.used + text.length > MOST_BYTES) {
      this.slots.fill(undefined);
      this.keys.fill(0);
      this.count = 0;
      this.used = 0;
    }
    this.count++;
    const own = hash === 0 ? 1 : hash;
    let slot = own & MASK;
    while (this.keys[slot * KEY] !== 0) slot = (slot + 1) & MASK;
    this.keys.set([own, text.length, this.used], slot * KEY);
    this.slots[slot] = entry;
    this.used += this.bytes.write(text, this.used, 'latin1');
    return entry;
  }
}

/** Four bytes at a time, the first one lowest; what is left over last, even when it is nothing. */
export function hashBytes(buf: Uint8Array, from: number, to: number): number {
  let hash = 0;
  let i = from;
  for (; i + 4 <= to; i += 4) hash = step(hash, buf[i]! | (buf[i + 1]! << 8) | (buf[i + 2]! << 16) | (buf[i + 3]! << 24));
  let rest = 0;
  for (let shift = 0; i < to; i++, shift += 8) rest |= buf[i]! << shift;
  return step(hash, rest);
}

function step(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

function hashOf(text: ByteString): number {
  const bytes = Buffer.from(text, 'latin1');
  return hashBytes(bytes, 0, bytes.length);
}
