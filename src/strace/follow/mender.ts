/** Lines that are none by themselves: in colours, cut by a message of strace or by another program's words, or nobody's. */
import type { ByteString } from '../../evidence/types.ts';
import { withoutColour } from '../parse/colour.ts';
import { KIND, type Line } from '../parse/line.ts';
import type { Scanner } from '../parse/scan.ts';
import { Block } from '../read/block.ts';
import { flat } from '../tables/sites.ts';

/** A line so cut that the next one belongs to it has this at most. */
const MOST_HELD = 65_536;

export interface MenderListener {
  /** A line that was put together. @param isAgain it was counted */
  mended(block: Block, pid: number, number: number, isAgain: boolean): void;
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
  static plain({ buf, text }: Block, from: number, to: number): Block | undefined {
    const at = text.indexOf('\x1b[', from);
    if (at < 0 || at >= to) return undefined;
    const copy = Buffer.from(buf.subarray(from, to));
    const end = withoutColour(copy, 0, copy.length);
    return end < copy.length ? new Block(copy.subarray(0, end)) : undefined;
  }

  /** @param line as it was scanned: cut, or nobody's */
  mend(line: Line, block: Block, from: number, to: number, pid: number, number: number): void {
    const plain = Mender.plain(block, from, to);
    if (plain) {
      this.listener.mended(plain, pid, number, true);
      return;
    }
    if (this.held) {
      const { held } = this;
      this.held = undefined;
      const joined = Block.of(held.text + block.slice(from, to));
      this.scanner.scan(line, joined.buf, joined.text, 0, joined.length);
      if (line.kind < KIND.signal) {
        this.listener.mended(joined, pid, held.line, false);
        return;
      }
      this.scanner.scan(line, block.buf, block.text, from, to);
      if (line.kind !== KIND.cut) this.note(held.line);
    }
    if (line.kind === KIND.cut && to - from < MOST_HELD) this.hold(block.slice(from, to), number);
    else this.note(number);
  }

  /** A message of strace, or another program's words, may have been written into it. */
  private hold(text: ByteString, number: number): void {
    const message = /[^\s(),]+: Process (\d+) (?:attached|detached)$/.exec(text);
    if (message) this.listener.announced(Number(message[1]));
    this.held = { text: message ? flat(text.slice(0, message.index)) : text, line: number };
  }
}
