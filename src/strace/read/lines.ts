/** Lines of one log: a window over its bytes. */
import type { LogInput } from '../../evidence/index.ts';
import { Block } from './block.ts';

const NEWLINE = 10;
/** Of a line longer than that, the head is kept and what comes before its end. */
const LONGEST = 1024 * 1024;
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
  private buf: Buffer;
  private next = 0;
  private end = 0;
  private isDone = false;

  constructor(input: LogInput, windowBytes: number) {
    this.input = input;
    this.buf = Buffer.allocUnsafe(windowBytes);
    this.block = new Block(this.buf, 0);
  }

  /** Goes to the next line; false when the window has no whole one any more: then `fill`. */
  advance(): boolean {
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

  /** Reads on; false at the end of the log. Only asynchronous where the input is. */
  fill(): boolean | Promise<boolean> {
    if (this.isDone) return false;
    this.makeRoom();
    const got = this.input.read(this.buf, this.end);
    return typeof got === 'number' ? this.filled(got) : got.then((bytes) => this.filled(bytes));
  }

  private makeRoom(): void {
    if (this.next > 0) {
      this.buf.copyWithin(0, this.next, this.end);
      this.end -= this.next;
      this.next = 0;
    }
    if (this.end < this.buf.length) return;
    if (this.buf.length < LONGEST) {
      const larger = Buffer.allocUnsafe(Math.min(this.buf.length * 4, LONGEST));
      this.buf.copy(larger, 0, 0, this.end);
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
    this.block = new Block(this.buf, this.end);
    return this.next < this.end;
  }
}
