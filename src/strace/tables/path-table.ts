/** Paths of a log, each as text once: what is opened and looked at comes again and again, and is told by its bytes. */
import type { ByteString } from '../../evidence/types.ts';
import type { Block } from '../read/block.ts';
import { kindOf } from './fds.ts';
import type { Site } from './types.ts';

/** When there are more, all are forgotten: a log of names that never come again must not fill memory. */
const MOST = 16_384;
const SLOTS = MOST * 2;
const MASK = SLOTS - 1;

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
  /** The same, as far as it has to be looked at: the entries lie all over memory. */
  private readonly hashes = new Int32Array(SLOTS);
  private count = 0;

  /** @param hash of the bytes from `from` to `to`, as `hashStep` makes it */
  at({ buf }: Block, from: number, to: number, hash: number): PathEntry {
    const { hashes } = this;
    const wanted = hash === 0 ? 1 : hash;
    let slot = wanted & MASK;
    for (let known = hashes[slot]!; known !== 0; known = hashes[(slot = (slot + 1) & MASK)]!) {
      if (known !== wanted) continue;
      const entry = this.slots[slot]!;
      if (isSame(entry.text, buf, from, to)) return entry;
    }
    return this.add(Buffer.from(buf.buffer, buf.byteOffset + from, to - from).toString('latin1'), hash);
  }

  /** Undefined when it was never looked at or opened. */
  find(text: ByteString): PathEntry | undefined {
    const wanted = hashOf(text) || 1;
    let slot = wanted & MASK;
    for (let known = this.hashes[slot]!; known !== 0; known = this.hashes[(slot = (slot + 1) & MASK)]!) {
      if (known === wanted && this.slots[slot]!.text === text) return this.slots[slot];
    }
    return undefined;
  }

  /** @param text is kept: no slice of the log */
  add(text: ByteString, hash = hashOf(text)): PathEntry {
    if (this.count >= MOST) {
      this.slots.fill(undefined);
      this.hashes.fill(0);
      this.count = 0;
    }
    this.count++;
    const entry = new PathEntry(text);
    const own = hash === 0 ? 1 : hash;
    let slot = own & MASK;
    while (this.hashes[slot] !== 0) slot = (slot + 1) & MASK;
    this.hashes[slot] = own;
    this.slots[slot] = entry;
    return entry;
  }
}

export const hashStep = (hash: number, byte: number): number => (Math.imul(hash, 31) + byte) | 0;

function hashOf(text: ByteString): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = hashStep(hash, text.charCodeAt(i));
  return hash;
}

function isSame(text: ByteString, buf: Uint8Array, from: number, to: number): boolean {
  if (text.length !== to - from) return false;
  // What paths differ in is mostly their end.
  for (let i = text.length - 1; i >= 0; i--) if (text.charCodeAt(i) !== buf[from + i]) return false;
  return true;
}
