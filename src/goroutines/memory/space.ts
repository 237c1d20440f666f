/** Memory as numbers: what others write there may change or end at any time, so that every read may be short. */

/** Addresses are below 2^48: exact as numbers. */
export interface Space {
  /** @returns bytes read, fewer than `length` where nothing is mapped */
  read(address: number, into: Uint8Array, at: number, length: number): number;
}

const WORD = 8;
const HIGH = 0x1_0000_0000;

/** No address of user space is larger (47 bits on amd64, 48 on arm64). */
export const MOST_ADDRESS = 2 ** 48;

/** Bytes read from an address, as words of 64 bits. */
export class Words {
  readonly bytes: Uint8Array;
  private readonly halves: Uint32Array;

  constructor(capacity: number) {
    const buffer = new ArrayBuffer(Math.ceil(capacity / WORD) * WORD);
    this.bytes = new Uint8Array(buffer);
    this.halves = new Uint32Array(buffer);
  }

  /** @param at a multiple of 8 @returns exact up to 2^53: larger values only differ from every address */
  word(at: number): number {
    const index = at >>> 2;
    return this.halves[index]! + this.halves[index + 1]! * HIGH;
  }

  /** @param at a multiple of 4 */
  half(at: number): number {
    return this.halves[at >>> 2]!;
  }

  byte(at: number): number {
    return this.bytes[at]!;
  }
}

/** What is read at once, and how much that nobody wants is read along rather than asking anew. */
const MOST_AT_ONCE = 1024 * 1024;
const GAP = 8192;

/**
 * Reads many pieces of memory in few calls: sorted by address, neighbours together. Pieces are handed out in the order of
 * their addresses, those behind a hole last; one that could not be read whole is left out. One look at a time: `visit` must not gather.
 */
export class Gatherer {
  private readonly space: Space;
  private readonly buffer = new Words(MOST_AT_ONCE + 64 * 1024);

  constructor(space: Space) {
    this.space = space;
  }

  /**
   * @param starts multiples of 8; @param lengths of the same order, each at most 1 MiB
   * @param visit is told which one it is and where it begins in `words`, which are overwritten afterwards
   */
  gather(starts: readonly number[], lengths: readonly number[] | number, visit: (index: number, words: Words, at: number) => void): void {
    const lengthOf = typeof lengths === 'number' ? (): number => lengths : (index: number): number => lengths[index]!;
    const order = Uint32Array.from(starts, (_, index) => index).sort((a, b) => starts[a]! - starts[b]!);
    for (let from = 0; from < order.length; ) {
      const start = starts[order[from]!]!;
      let end = start + lengthOf(order[from]!);
      let to = from + 1;
      for (; to < order.length; to++) {
        const next = starts[order[to]!]!;
        const nextEnd = next + lengthOf(order[to]!);
        if (next > end + GAP || nextEnd - start > MOST_AT_ONCE) break;
        if (nextEnd > end) end = nextEnd;
      }
      this.hand(order.subarray(from, to), starts, lengthOf, start, end, visit);
      from = to;
    }
  }

  private hand(order: Uint32Array, starts: readonly number[], lengthOf: (index: number) => number, start: number, end: number, visit: (index: number, words: Words, at: number) => void): void {
    const got = this.space.read(start, this.buffer.bytes, 0, end - start);
    const behind = order.filter((index) => starts[index]! - start + lengthOf(index) > got);
    for (const index of order) {
      const at = starts[index]! - start;
      if (at + lengthOf(index) <= got) visit(index, this.buffer, at);
    }
    if (order.length === 1) return;
    // A hole between two of them ends the read: what lies behind it is asked for alone, once nobody needs the buffer any more.
    for (const index of behind) this.hand(Uint32Array.of(index), starts, lengthOf, starts[index]!, starts[index]! + lengthOf(index), visit);
  }
}
