/** Lines of one log: a window over its bytes. */
import { type LogInput, LogInputError } from '../../evidence/index.ts';
import { type Lexer, ROW, WIDEST } from '../lexer/lexer.ts';
import { Block, type Rows } from './block.ts';

const NEWLINE = 10;
/** Of a line longer than that, the head is kept and what comes before its end. */
const LONGEST = WIDEST;
const HEAD = 256 * 1024;
const END = 16 * 1024;

export class LineReader {
  readonly input: LogInput;
  /** Of the window, made anew whenever it is filled. */
  block: Block;
  /** The line last found, without its newline. */
  from = 0;
  to = 0;
  /** Lines so far. */
  number = 0;
  /** Bytes so far, unpacked. */
  bytes = 0;
  /** Lines of which the middle was dropped. */
  shortened = 0;
  /** The last line had no newline. */
  cut = false;
  /** Why the log ends before its end: packed data that is cut or damaged. */
  problem: string | undefined = undefined;
  private readonly stopped: Promise<0>;
  private buf: Buffer;
  private next = 0;
  private end = 0;
  private isDone = false;
  private lexer: Lexer | undefined;
  /** Of lines read ahead, in words; `rowsEnd` is behind the last one. */
  private row = 0;
  private rowsEnd = 0;
  private rows: Rows | undefined;
  private isAlone = false;

  /** @param stopped whoever waits for input need not wait any longer: the log ends here */
  constructor(input: LogInput, windowBytes: number, stopped: Promise<0>) {
    this.input = input;
    this.stopped = stopped;
    this.buf = Buffer.allocUnsafe(windowBytes);
    this.block = new Block(this.buf, 0);
  }

  /** From now on lines are read ahead. @param isAlone no other reader uses the lexer before this one has come to its end */
  attach(lexer: Lexer, isAlone: boolean): void {
    this.lexer = lexer;
    this.isAlone = isAlone;
    if (!isAlone) return;
    this.buf.copy(lexer.window, 0, this.next, this.end);
    this.end -= this.next;
    this.next = 0;
    this.buf = lexer.window.subarray(0, this.buf.length);
    this.rows = { words: lexer.rows, doubles: lexer.times };
    this.renew();
  }

  /** Goes to the next line; false when the window has no whole one any more: then `fill`. */
  advance(): boolean {
    if (this.row === this.rowsEnd && !this.lex()) return this.search();
    const { row, block } = this;
    const { words } = block.rows;
    this.from = words[row + ROW.from]!;
    this.to = words[row + ROW.to]!;
    this.next = this.to + 1;
    block.row = row;
    this.row = row + ROW.words;
    this.number++;
    return true;
  }

  /** Lines that were read ahead, as many as `take` takes of them. @param take answers the first row it did not take; @param number of the line before */
  skip(take: (block: Block, row: number, end: number, number: number) => number): void {
    while (this.row < this.rowsEnd || this.lex()) {
      const { block, row } = this;
      const left = take(block, row, this.rowsEnd, this.number);
      if (left > row) {
        this.row = left;
        this.number += (left - row) / ROW.words;
        this.next = block.rows.words[left - ROW.words + ROW.to]! + 1;
      }
      if (left < this.rowsEnd) return;
    }
  }

  private lex(): boolean {
    const { lexer, buf, next, end } = this;
    if (lexer === undefined || next >= end) return false;
    if (!this.isAlone) buf.copy(lexer.window, next, next, end);
    const count = lexer.lex(next, end) * ROW.words;
    if (!this.isAlone) this.keep(lexer, count);
    this.row = 0;
    this.rowsEnd = count;
    return count > 0;
  }

  /** Others use the lexer before these lines are taken. */
  private keep(lexer: Lexer, count: number): void {
    if (this.rows === undefined || this.rows.words.length < count) {
      const words = new Int32Array(Math.ceil(count * 1.5) & ~1);
      this.rows = { words, doubles: new Float64Array(words.buffer) };
      this.block.rows = this.rows;
    }
    this.rows.words.set(lexer.rows.subarray(0, count));
  }

  private search(): boolean {
    this.block.row = -1;
    const at = this.buf.indexOf(NEWLINE, this.next);
    // Behind the end lie bytes of the window before.
    if (at < 0 || at >= this.end) return this.isDone && this.takeRest();
    this.from = this.next;
    this.to = at;
    this.next = at + 1;
    this.number++;
    return true;
  }

  private takeRest(): boolean {
    if (this.next >= this.end) return false;
    this.from = this.next;
    this.to = this.end;
    this.next = this.end;
    this.cut = true;
    this.number++;
    return true;
  }

  /** Is there more to come that the window can hold, beside what it has? A line that fills it alone is shortened. */
  canGrow(): boolean {
    return !this.isDone && (this.end < LONGEST || this.block.buf.subarray(0, this.end).indexOf(NEWLINE) < 0);
  }

  /** Reads on; false at the end of the log. Only asynchronous where the input is. Throws LogInputError when there is nothing at all. */
  fill(): boolean | Promise<boolean> {
    if (this.isDone) return false;
    this.makeRoom();
    const got = this.input.read(this.buf, this.end);
    return typeof got === 'number' ? this.filled(got) : this.wait(got);
  }

  private async wait(got: Promise<number>): Promise<boolean> {
    try {
      return this.filled(await Promise.race([got, this.stopped]));
    } catch (error) {
      if (!(error instanceof LogInputError)) throw error;
      if (this.bytes === 0) throw /^is (?:cut|damaged)/.test(error.message) ? new LogInputError(`${error.message}; nothing of it can be unpacked`) : error;
      this.problem = error.message;
      return this.filled(0);
    }
  }

  private makeRoom(): void {
    if (this.next > 0) {
      this.buf.copyWithin(0, this.next, this.end);
      this.end -= this.next;
      this.next = 0;
    }
    if (this.end < this.buf.length) return;
    if (this.buf.length < LONGEST) {
      const length = Math.min(this.buf.length * 4, LONGEST);
      const larger = this.isAlone ? this.lexer!.window.subarray(0, length) : Buffer.allocUnsafe(length);
      if (!this.isAlone) this.buf.copy(larger, 0, 0, this.end);
      this.buf = larger;
      return;
    }
    this.buf.copyWithin(HEAD, this.end - END, this.end);
    this.end = HEAD + END;
    if (this.shortenedAt !== this.number) this.shortened++;
    this.shortenedAt = this.number;
  }

  private shortenedAt = -1;

  private filled(got: number): boolean {
    this.bytes += got;
    this.end += got;
    this.isDone = got === 0;
    this.renew();
    return this.next < this.end;
  }

  private renew(): void {
    this.block = new Block(this.buf, this.end);
    if (this.rows) this.block.rows = this.rows;
    this.row = 0;
    this.rowsEnd = 0;
  }
}
