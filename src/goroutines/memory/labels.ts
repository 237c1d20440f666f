/** Labels of goroutines (runtime/pprof Do, SetGoroutineLabels): a map of strings up to Go 1.23, a list of pairs from 1.24 on. */
import { Words, type Space } from './space.ts';

const MOST_LABELS = 64;
const LONGEST = 1024;
/** Labels that differ for every request are worth no more. */
const MOST_SETS = 20_000;
const MOST_BUCKETS = 256;
const BUCKET_SLOTS = 8;
const BUCKET_BYTES = 8 + BUCKET_SLOTS * 32 + 8;
const NONE: Readonly<Record<string, string>> = {};

export class Labels {
  private readonly space: Space;
  private readonly isList: boolean;
  private readonly known = new Map<number, Readonly<Record<string, string>>>();
  private readonly words = new Words(MOST_LABELS * 32);
  /** There were more sets of labels than are kept. */
  dropped = false;

  constructor(space: Space, isList: boolean) {
    this.space = space;
    this.isList = isList;
  }

  /** @param pointer g.labels; 0 for none */
  at(pointer: number): Readonly<Record<string, string>> {
    if (pointer === 0) return NONE;
    let labels = this.known.get(pointer);
    if (labels) return labels;
    if (this.known.size >= MOST_SETS) {
      this.dropped = true;
      return NONE;
    }
    labels = this.isList ? this.list(pointer) : this.map(pointer);
    this.known.set(pointer, labels);
    return labels;
  }

  private list(pointer: number): Record<string, string> {
    const words = this.words;
    const space = this.space;
    if (space.read(pointer, words.bytes, 0, 16) < 16) return {};
    const [address, length] = [words.word(0), Math.min(MOST_LABELS, words.word(8))];
    if (space.read(address, words.bytes, 0, length * 32) < length * 32) return {};
    const headers = Array.from({ length: length * 4 }, (_, index) => words.word(index * 8));
    return this.add({}, headers, Array.from({ length }, (_, index) => [index * 4, index * 4 + 2] as const));
  }

  /** runtime/map.go hmap and bmap: keys of a bucket, then its values, then the next bucket. */
  private map(pointer: number): Record<string, string> {
    const words = this.words;
    const space = this.space;
    if (space.read(pointer, words.bytes, 0, 8) < 8) return {};
    const map = words.word(0);
    if (map === 0 || space.read(map, words.bytes, 0, 32) < 32) return {};
    const count = 2 ** Math.min(8, words.byte(9));
    const pending = [words.word(16), words.word(24)].filter((one) => one !== 0).flatMap((start) => Array.from({ length: count }, (_, index) => start + index * BUCKET_BYTES));
    const labels: Record<string, string> = {};
    for (let seen = 0; pending.length > 0 && seen < MOST_BUCKETS; seen++) {
      if (space.read(pending.shift()!, words.bytes, 0, BUCKET_BYTES) < BUCKET_BYTES) continue;
      const headers = Array.from({ length: BUCKET_BYTES / 8 }, (_, index) => words.word(index * 8));
      // Below 5 (minTopHash) a slot is empty or moved.
      const used = Array.from({ length: BUCKET_SLOTS }, (_, slot) => slot).filter((slot) => words.byte(slot) >= 5);
      this.add(labels, headers, used.map((slot) => [1 + slot * 2, 1 + BUCKET_SLOTS * 2 + slot * 2] as const));
      const overflow = headers.at(-1)!;
      if (overflow !== 0) pending.push(overflow);
    }
    return labels;
  }

  private add(labels: Record<string, string>, headers: readonly number[], places: readonly (readonly [key: number, value: number])[]): Record<string, string> {
    for (const [key, value] of places) {
      const name = this.text(headers[key]!, headers[key + 1]!);
      const text = this.text(headers[value]!, headers[value + 1]!);
      if (name !== undefined && text !== undefined) Object.defineProperty(labels, name, { value: text, enumerable: true, writable: true, configurable: true });
    }
    return labels;
  }

  private text(address: number, length: number): string | undefined {
    if (length === 0) return '';
    const bytes = Buffer.alloc(Math.min(LONGEST, length));
    return this.space.read(address, bytes, 0, bytes.length) < bytes.length ? undefined : bytes.toString('latin1');
  }
}
