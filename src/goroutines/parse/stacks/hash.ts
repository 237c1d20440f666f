/** Two hashes of 32 bits over pieces of bytes, four at a time. assembly/stacks.ts has the same: what either has read is the same to the other. */

const PRIME_1 = 0x01000193;
const PRIME_2 = 0x5bd1e995;

export class Hash {
  one = 0;
  two = 0;

  clear(): void {
    this.one = 0;
    this.two = 0;
  }

  /** A piece, and how long it is. */
  mix(buffer: Uint8Array, from: number, to: number): void {
    let at = from;
    for (; at + 4 <= to; at += 4) this.word(buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 24));
    if (at < to) {
      let rest = 0;
      for (let i = to - 1; i >= at; i--) rest = (rest << 8) | buffer[i]!;
      this.word(rest);
    }
    this.word(to - from);
  }

  word(bytes: number): void {
    const a = this.one ^ bytes;
    const b = this.two ^ bytes;
    this.one = Math.imul((a << 13) | (a >>> 19), PRIME_1);
    this.two = Math.imul((b << 17) | (b >>> 15), PRIME_2);
  }
}

/** 53 bits of both, and of what else parts groups. */
export function keyOf(one: number, two: number, seed: number): number {
  const a = Math.imul(one ^ seed, PRIME_2);
  return (a >>> 0) * 0x200000 + ((two ^ (seed >>> 7)) & 0x1fffff);
}
