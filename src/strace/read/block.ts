/** A part of a log: its bytes, and the same as text for whoever needs it. Most blocks are read through without. */
import type { ByteString } from '../../evidence/types.ts';

/** Bytes for each line of its own: most logs have a few in each block that are unusual. */
const FOR_EACH = 1024;

/** Lines that were read ahead. */
export interface Rows {
  words: Int32Array;
  /** The same memory. */
  doubles: Float64Array;
}

const NO_ROWS: Rows = { words: new Int32Array(0), doubles: new Float64Array(0) };

export class Block {
  readonly buf: Buffer;
  readonly length: number;
  private words: ByteString | undefined = undefined;
  private bytes: DataView | undefined = undefined;
  private asked = 0;
  /** Of the line that is taken now, where it begins in `rows`; -1 when it was not read ahead. */
  row = -1;
  rows = NO_ROWS;

  /** @param length bytes of `buf` that are filled */
  constructor(buf: Buffer, length = buf.length) {
    this.buf = buf;
    this.length = length;
  }

  static of(text: ByteString): Block {
    return new Block(Buffer.from(text, 'latin1'));
  }

  get view(): DataView {
    return (this.bytes ??= new DataView(this.buf.buffer, this.buf.byteOffset, this.buf.length));
  }

  /** One line as a block of its own, while few of them are wanted; undefined when it is cheaper to make text of all. */
  alone(from: number, to: number): Block | undefined {
    return this.words === undefined && ++this.asked * FOR_EACH < this.length ? new Block(this.buf.subarray(from, to)) : undefined;
  }

  /** Each char one byte, at the same place as in `buf`. */
  get text(): ByteString {
    this.words ??= this.buf.toString('latin1', 0, this.length);
    return this.words;
  }

  slice(from: number, to: number): ByteString {
    return this.buf.toString('latin1', from, to);
  }
}
