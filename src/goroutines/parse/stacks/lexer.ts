/**
 * Cuts a window of a dump into goroutines by a program in WebAssembly (assembly/stacks.ts), which needs no warming up and sees 16 bytes at once.
 * What it is not sure of is left to StackScanner, and so is everything where there is no WebAssembly.
 */
import { COMPILED } from './compiled.ts';

/** What a row holds, as places of 32-bit words, `id` of doubles. Places count from the beginning of the window. As in assembly/stacks.ts. */
export const ROW = { words: 12, idFrom: 0, idTo: 1, headerTo: 2, to: 3, hash1: 4, hash2: 5, header1: 6, header2: 7, firstOpen: 8, lines: 9, id: 5 } as const;

/** Bytes. */
const WIDEST = 256 * 1024;
/** Sixteen are read at once, also at the end. */
const BEYOND = 64;
const MOST_ROWS = 2048;
const MOST_OPENS = 32_768;
const MOST_LINES = 4096;
const MOST_WORDS = 8192;

interface Exports {
  memory: { buffer: ArrayBuffer };
  windowAt(): number;
  rowsAt(): number;
  opensAt(): number;
  wordStartsAt(): number;
  wordsAt(): number;
  nextAt(): number;
  isCut(): number;
  lex(from: number, end: number): number;
  words(first: number, lines: number): number;
}

/** As far as it is used; types of Node have it not. */
interface Api {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
}

export class StackLexer {
  readonly rows: Int32Array;
  /** The same memory. */
  readonly ids: Float64Array;
  /** Of each line of a row, from its `firstOpen` on, where what may differ begins; -1 without. */
  readonly opens: Int32Array;
  /** Of each line of the stack that `readWords` was asked for, and behind the last, the first of its words. */
  readonly wordStarts: Int32Array;
  readonly words: Float64Array;
  /** Where in the buffer the window begins: add it to places. */
  base = 0;
  /** Where in the buffer what follows the rows begins. */
  next = 0;
  private readonly window: Uint8Array;
  private readonly program: Exports;
  private end = 0;

  private constructor(program: Exports) {
    this.program = program;
    const { buffer } = program.memory;
    this.window = new Uint8Array(buffer, program.windowAt(), WIDEST + BEYOND);
    this.rows = new Int32Array(buffer, program.rowsAt(), MOST_ROWS * ROW.words);
    this.ids = new Float64Array(buffer, program.rowsAt(), (MOST_ROWS * ROW.words) / 2);
    this.opens = new Int32Array(buffer, program.opensAt(), MOST_OPENS);
    this.wordStarts = new Int32Array(buffer, program.wordStartsAt(), MOST_LINES + 1);
    this.words = new Float64Array(buffer, program.wordsAt(), MOST_WORDS);
  }

  /** Undefined where it does not run: no WebAssembly, or no SIMD. */
  static create(): StackLexer | undefined {
    try {
      const { Instance, Module } = (globalThis as unknown as { WebAssembly: Api }).WebAssembly;
      return new StackLexer(new Instance(new Module(Buffer.from(COMPILED, 'base64'))).exports as Exports);
    } catch {
      return undefined;
    }
  }

  /** Another buffer: what the window holds is none of it. */
  forget(): void {
    this.base = 0;
    this.end = 0;
  }

  /** How many whole goroutines follow each other from `at` on, as far as there are rows for them. */
  lex(buffer: Uint8Array, at: number): number {
    const count = at < this.end ? this.run(at) : 0;
    // One that is cut by the end of the window is whole in the next.
    const isOver = at >= this.end || (this.program.isCut() !== 0 && at > this.base && this.end < buffer.length);
    if (count > 0 || !isOver) return count;
    this.base = at;
    this.end = Math.min(buffer.length, at + WIDEST);
    this.window.set(buffer.subarray(at, this.end));
    this.window.fill(0, this.end - at, this.end - at + BEYOND);
    return this.run(at);
  }

  /** Does the goroutine at `at`, where the last go ended, go on behind the end of the buffer, as far as one can see? */
  goesOn(buffer: Uint8Array, at: number): boolean {
    return this.next === at && this.end === buffer.length && this.program.isCut() !== 0;
  }

  /** Arguments that may be addresses, of a row that is in the window: see Words. False: they are too many. */
  readWords(first: number, lines: number): boolean {
    return this.program.words(first, lines) >= 0;
  }

  private run(at: number): number {
    const count = this.program.lex(at - this.base, this.end - this.base);
    this.next = this.base + this.program.nextAt();
    return count;
  }
}
