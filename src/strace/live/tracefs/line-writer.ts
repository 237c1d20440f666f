/** Bytes of lines, written in place: at full rate each string would cost more than all the rest. */

/** Room for the longest line: two names of 4 KiB, each byte of them escaped in octal. */
const LONGEST = 64 * 1024;
const ZERO = 48;
const NEWLINE = 10;
const TWO_32 = 2 ** 32;

export class LineWriter {
  /** Bytes so far. */
  length = 0;
  private readonly buf: Buffer;
  private second = -1;
  private seconds = Buffer.alloc(0);

  /** @param enough bytes after which it is emptied */
  constructor(enough: number) {
    this.buf = Buffer.allocUnsafeSlow(enough + LONGEST);
  }

  /** What was written; it holds until more is. */
  take(): Buffer {
    const { buf, length } = this;
    this.length = 0;
    return buf.subarray(0, length);
  }

  /** `42 1763846400.000001 ` @param head with the thread */
  begin(head: Buffer, micros: number): void {
    this.bytes(head);
    const second = Math.floor(micros / 1e6);
    if (second !== this.second) {
      this.second = second;
      this.seconds = Buffer.from(`${second}.`);
    }
    this.bytes(this.seconds);
    const { buf, length: at } = this;
    let rest = micros - second * 1e6;
    for (let i = at + 5; i >= at; i--) {
      const next = (rest / 10) | 0;
      buf[i] = ZERO + (rest - next * 10);
      rest = next;
    }
    buf[at + 6] = 32;
    this.length = at + 7;
  }

  bytes(some: Buffer): void {
    const { buf } = this;
    let at = this.length;
    for (let i = 0; i < some.length; i++) buf[at++] = some[i]!;
    this.length = at;
  }

  /** Each char one byte. */
  text(text: string): void {
    const { buf } = this;
    let at = this.length;
    for (let i = 0; i < text.length; i++) buf[at++] = text.charCodeAt(i);
    this.length = at;
  }

  /** Decimal. */
  number(value: number): void {
    if (value < 0 || value > 0x7fffffff) {
      this.text(String(value));
      return;
    }
    let places = 1;
    for (let limit = 10; value >= limit; limit *= 10) places++;
    let rest = value;
    for (let i = this.length + places - 1; i >= this.length; i--) {
      const next = (rest / 10) | 0;
      this.buf[i] = ZERO + (rest - next * 10);
      rest = next;
    }
    this.length += places;
  }

  /** `0x7f00` */
  hex(value: number): void {
    this.text('0x');
    const high = Math.floor(value / TWO_32);
    const low = value - high * TWO_32;
    let isBegun = false;
    for (let shift = 60; shift >= 0; shift -= 4) {
      const nibble = ((shift >= 32 ? high >>> (shift - 32) : low >>> shift) & 15);
      isBegun ||= nibble > 0 || shift === 0;
      if (isBegun) this.buf[this.length++] = nibble < 10 ? ZERO + nibble : 87 + nibble;
    }
  }

  end(): void {
    this.buf[this.length++] = NEWLINE;
  }
}
