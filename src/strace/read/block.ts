/** A part of a log: its bytes, and the same as text for whoever needs it. Most blocks are read through without. */
import type { ByteString } from '../../evidence/types.ts';

export class Block {
  readonly buf: Buffer;
  readonly view: DataView;
  readonly length: number;
  private words: ByteString | undefined = undefined;

  /** @param length bytes of `buf` that are filled */
  constructor(buf: Buffer, length = buf.length) {
    this.buf = buf;
    this.view = new DataView(buf.buffer, buf.byteOffset, buf.length);
    this.length = length;
  }

  static of(text: ByteString): Block {
    return new Block(Buffer.from(text, 'latin1'));
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
