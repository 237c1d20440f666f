/**
 * Cuts a window of a log into lines and tells of each what it says, as numbers, by a program in WebAssembly (assembly/): it needs no
 * warming up, and sees 16 bytes at once. Lines in another form than nearly all have are left to `Scanner`, and so is everything where
 * there is no WebAssembly.
 */
import type { PathMemory } from '../tables/path-table.ts';
import { COMPILED } from './compiled.ts';

/** What a row holds, as places of 32-bit words; `time` of doubles. Places in the log count from the beginning of the window. As in assembly/memory.ts. */
export const ROW = {
  words: 22,
  kind: 0, from: 1, to: 2,
  /** 0: the line names none. */
  pid: 3,
  /** As the names were taught. */
  name: 4,
  argsFrom: 5, argsTo: 6,
  /** -1 for errors; `HEX` for addresses. */
  value: 7,
  resultFrom: 8, resultTo: 9,
  failed: 10,
  /** In the call; -1 when the line does not tell. */
  micros: 11,
  /** The number that the arguments begin with; -1 without. */
  fd: 12,
  /** Of the first text among the arguments, where the call has a path; from 0 when there is none, or one with escapes. */
  pathFrom: 13, pathTo: 14,
  /** What `PathTable` made of an absolute one before; below 0: nothing. */
  pathId: 15,
  /** 1: O_CLOEXEC stands behind the path. */
  cloexec: 21,
  /** When, µs, since midnight or the epoch; -1 when the line does not tell. */
  time: 8,
  /** Of `3</srv/a>`, of calls that have a path; from 0 when it is decorated with something else, or not. */
  targetFrom: 18, targetId: 20,
  /** Since the line before (-r), µs; -1 when the line does not tell. */
  relative: 19,
} as const;

export const HEX = 0x7fffffff;

export const SHAPE = { other: 0, frame: 1, unfinished: 2, call: 3, resumed: 4 } as const;

/** Largest window, bytes. */
export const WIDEST = 1024 * 1024;
const MOST_ROWS = 512;

interface Exports {
  memory: { buffer: ArrayBuffer };
  windowAt(): number;
  pathsAt(): number;
  forgetPaths(): void;
  rowsAt(): number;
  nextAt(): number;
  learn(hash: number, length: number, id: number, hasPath: number): void;
  lex(from: number, end: number): number;
}

/** As far as it is used; types of Node have it not. */
interface Api {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
}

export class Lexer {
  /** The log, for `lex`. */
  readonly window: Buffer;
  readonly rows: Int32Array;
  /** The same memory. */
  readonly times: Float64Array;
  /** Where paths are looked for. */
  readonly paths: PathMemory;
  private readonly program: Exports;

  private constructor(program: Exports) {
    this.program = program;
    const { buffer } = program.memory;
    this.paths = { buffer, at: program.pathsAt(), forget: program.forgetPaths };
    this.window = Buffer.from(buffer, program.windowAt(), WIDEST);
    this.rows = new Int32Array(buffer, program.rowsAt(), MOST_ROWS * ROW.words);
    this.times = new Float64Array(buffer, program.rowsAt(), (MOST_ROWS * ROW.words) / 2);
  }

  /** Undefined where it does not run: no WebAssembly, or no SIMD. */
  static create(): Lexer | undefined {
    try {
      const { Instance, Module } = (globalThis as unknown as { WebAssembly: Api }).WebAssembly;
      return new Lexer(new Instance(new Module(Buffer.from(COMPILED, 'base64'))).exports as Exports);
    } catch {
      return undefined;
    }
  }

  /** Lines of names that were not learned are `other`. @param hash of `hashOf` */
  learn(hash: number, length: number, id: number, hasPath: boolean): void {
    this.program.learn(hash, length, id, hasPath ? 1 : 0);
  }

  /** Answers how many whole lines there are from `from` on, as far as there are rows for them. */
  lex(from: number, end: number): number {
    return this.program.lex(from, end);
  }
}
