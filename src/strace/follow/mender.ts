/** Lines that are none by themselves: in colours, cut by a message of strace or by another program's words, or nobody's. */
import type { ByteString } from '../../evidence/types.ts';
import { withoutColour } from '../parse/colour.ts';
import { KIND, type Line } from '../parse/line.ts';
import type { Scanner } from '../parse/scan.ts';
import { flat } from '../tables/sites.ts';

/** A line so cut that the next one belongs to it has this at most. */
const MOST_HELD = 65_536;

export interface MenderListener {
  /** A line that was put together. @param isAgain it was counted */
  mended(buf: Buffer, text: ByteString, to: number, pid: number, number: number, isAgain: boolean): void;
  announced(pid: number): void;
}

export class Mender {
  unclassified = 0;
  /** First of them, for the report. */
  firstUnclassified = 0;
  lastUnclassified = 0;
  held: { text: ByteString; line: number } | undefined;
  private readonly scanner: Scanner;
  private readonly listener: MenderListener;

  constructor(scanner: Scanner, listener: MenderListener) {
    this.scanner = scanner;
    this.listener = listener;
  }

  note(number: number): void {
    this.unclassified++;
    this.lastUnclassified = number;
    if (this.firstUnclassified === 0) this.firstUnclassified = number;
  }

  /** Nothing continued the line that was cut. */
  giveUp(): void {
    this.note(this.held!.line);
    this.held = undefined;
  }

  /** A coloured line, without its colours; undefined when it has none. */
  static plain(buf: Buffer, text: ByteString, from: number, to: number): Buffer | undefined {
    const at = text.indexOf('\x1b[', from);
    if (at < 0 || at >= to) return undefined;
    const copy = Buffer.from(buf.subarray(from, to));
    const end = withoutColour(copy, 0, copy.length);
    return end < copy.length ? copy.subarray(0, end) : undefined;
  }

  /** @param line as it was scanned: cut, or nobody's */
  mend(line: Line, buf: Buffer, text: ByteString, from: number, to: number, pid: number, number: number): void {
    const plain = Mender.plain(buf, text, from, to);
    if (plain) {
      this.listener.mended(plain, plain.toString('latin1'), plain.length, pid, number, true);
      return;
    }
    if (this.held) {
      const { held } = this;
      this.held = undefined;
      const joined = Buffer.from(held.text + text.slice(from, to), 'latin1');
      const whole = joined.toString('latin1');
      this.scanner.scan(line, joined, whole, 0, joined.length);
      if (line.kind < KIND.signal) {
        this.listener.mended(joined, whole, joined.length, pid, held.line, false);
        return;
      }
      this.scanner.scan(line, buf, text, from, to);
      if (line.kind !== KIND.cut) this.note(held.line);
    }
    if (line.kind === KIND.cut && to - from < MOST_HELD) this.hold(text.slice(from, to), number);
    else this.note(number);
  }

  /** A message of strace, or another program's words, may have been written into it. */
  private hold(text: ByteString, number: number): void {
    const message = /[^\s(),]+: Process (\d+) (?:attached|detached)$/.exec(text);
    if (message) this.listener.announced(Number(message[1]));
    this.held = { text: flat(message ? text.slice(0, message.index) : text), line: number };
  }
}
