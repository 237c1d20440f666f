/** Arguments of goroutines that were looked at closely, as numbers in one list: as strings they would be most of what a look costs. */
import type { Sample } from '../../kernel/goroutines.ts';
import { mayBeGlobal } from '../globals.ts';

/** Less are lengths, flags and descriptors. */
const LEAST_DIGITS = 6;
/** More are no addresses. */
const MOST_DIGITS = 13;
const LF = 10;
const QUESTION = 63;
const ZERO = 48;
const X = 120;

export class Words {
  /** Of each frame how many there are, and they. */
  private all = new Float64Array(4096);
  private used = 0;
  /** See Sample.globals; of the frames since it was set to false. */
  globals = false;
  /** The last word of the frame may be the address of one. */
  private wasGlobal = false;

  /** Where those of the next goroutine will begin. */
  get next(): number {
    return this.used;
  }

  /** One frame more: all pointers from `at` to the end of the line. Those with a `?` may be long out of date and are left out. */
  add(buffer: Uint8Array, at: number, end: number): void {
    const countAt = this.used++;
    let i = at;
    this.wasGlobal = false;
    while (i < end && buffer[i] !== LF) {
      if (buffer[i] !== ZERO || buffer[i + 1] !== X) {
        i++;
        continue;
      }
      const start = i + 2;
      let value = 0;
      i = start;
      for (let c = buffer[i]!; (c >= 48 && c <= 57) || (c >= 97 && c <= 102); c = buffer[++i]!) value = value * 16 + (c <= 57 ? c - 48 : c - 87);
      const digits = i - start;
      if (digits >= LEAST_DIGITS && digits <= MOST_DIGITS && buffer[i] !== QUESTION) this.word(value);
    }
    this.put(countAt, this.used - countAt - 1);
  }

  /** One frame more, of which the words from `from` up to `to` are at hand. */
  take(words: Float64Array, from: number, to: number): void {
    this.put(this.used++, to - from);
    this.wasGlobal = false;
    for (let at = from; at < to; at++) this.word(words[at]!);
  }

  /** One frame more, without any. */
  addNone(): void {
    this.put(this.used++, 0);
  }

  /** As `0x` and lower case, for each frame. */
  read(start: number, frames: number): string[][] {
    const found: string[][] = [];
    let at = start;
    for (let frame = 0; frame < frames; frame++) {
      const end = at + 1 + this.all[at]!;
      const words: string[] = [];
      for (at++; at < end; at++) words.push(`0x${this.all[at]!.toString(16)}`);
      found.push(words);
    }
    return found;
  }

  private word(value: number): void {
    this.put(this.used++, value);
    const isGlobal = mayBeGlobal(value);
    if (isGlobal && this.wasGlobal) this.globals = true;
    this.wasGlobal = isGlobal;
  }

  private put(at: number, value: number): void {
    if (at >= this.all.length) {
      const larger = new Float64Array(this.all.length * 2);
      larger.set(this.all);
      this.all = larger;
    }
    this.all[at] = value;
  }
}

/** A goroutine whose arguments become words when somebody asks for them. */
export class SeenSample implements Sample {
  readonly id: string;
  readonly globals: boolean;
  declare waitMinutes?: number;
  declare parent?: string;
  declare object?: string;
  private readonly words: Words;
  private readonly start: number;
  private readonly frames: number;
  private made: string[][] | undefined;

  constructor(id: string, words: Words, start: number, frames: number) {
    this.id = id;
    this.globals = words.globals;
    this.words = words;
    this.start = start;
    this.frames = frames;
  }

  get args(): string[][] {
    return (this.made ??= this.words.read(this.start, this.frames));
  }
}
