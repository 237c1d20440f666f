/** Lines of one log: a window over its bytes, and the same bytes as text, so that what is cheap in one need not be done in the other. */
import type { ByteString, LogInput } from '../../evidence/index.ts';

const NEWLINE = 10;
/** Of a line longer than that, the head is kept and what comes before its end. */
const LONGEST = 1024 * 1024;
const HEAD = 256 * 1024;
const END = 16 * 1024;

export class LineReader {
  readonly input: LogInput;
  buf: Buffer;
  text: ByteString = '';
  /** The line last found, without its newline. */
  from = 0;
  to = 0;
  /** Lines so far. */
  number = 0;
  /** Bytes so far, unpacked. */
  bytes = 0;
  /** How often `text` was made anew: slices of an older one keep a whole window alive. */
  generation = 0;
  /** Lines of which the middle was dropped. */
  shortened = 0;
  /** The last line had no newline. */
  cut = false;
  private next = 0;
  private end = 0;
  private isDone = false;

  constructor(input: LogInput, windowBytes: number) {
    this.input = input;
    this.buf = Buffer.allocUnsafe(windowBytes);
  }

  /** Goes to the next line; false when the window has no whole one any more: then `fill`. */
  advance(): boolean {
    const at = this.text.indexOf('\n', this.next);
    if (at < 0) return this.isDone && this.takeRest();
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
    this.text = this.buf.toString('latin1', 0, this.end);
    this.generation++;
    return this.next < this.end;
  }

  /** Has the line this end? */
  get endsInNewline(): boolean {
    return this.buf[this.to] === NEWLINE && !this.cut;
  }
}
