/**
 * Texts that differ in their digits alone, as the paths of a large table do: what they have in common is kept once, their shape, and of
 * each only the digits.
 */

/** Stands for a run of digits in a shape, which has no others; and what ends a run among the digits of a text. */
const RUN = 0x30;
const END = 0x0a;
const NINE = 0x39;
/** As long as links are (PATH_MAX); what is longer finds more room. */
const USUAL = 4096;

/** What is looked at now: one for all, since nothing waits in between. */
let shape = Buffer.allocUnsafeSlow(USUAL);
let shapeLength = 0;
let digits = Buffer.allocUnsafeSlow(2 * USUAL);
let digitsLength = 0;
let hash = 0;

function split(text: Buffer, length: number): void {
  if (length > shape.length) {
    shape = Buffer.allocUnsafeSlow(length);
    digits = Buffer.allocUnsafeSlow(2 * length);
  }
  // All of it in local names, and each by itself, since a list of two would be made: these are the innermost steps of a look, some for each
  // byte of 100,000 paths.
  const common = shape;
  const own = digits;
  let commonLength = 0;
  let ownLength = 0;
  let sum = 1;
  for (let at = 0; at < length; ) {
    let byte = text[at++]!;
    if (byte >= RUN && byte <= NINE) {
      while (byte >= RUN && byte <= NINE) {
        own[ownLength++] = byte;
        byte = at < length ? text[at]! : END;
        at++;
      }
      at--;
      own[ownLength++] = END;
      byte = RUN;
    }
    common[commonLength++] = byte;
    sum = (Math.imul(sum, 31) + byte) | 0;
  }
  shapeLength = commonLength;
  digitsLength = ownLength;
  hash = sum;
}

export class TextShapes {
  size = 0;
  #bytes = Buffer.allocUnsafeSlow(USUAL);
  #ends = new Uint32Array(64);
  /** By hash: one more than the number of a shape. A power of two. */
  #slots = new Int32Array(256);
  #hashes = new Int32Array(64);

  /** The number of the shape of this text: from 0. */
  add(text: Buffer, length: number): number {
    split(text, length);
    const slot = this.#slotOf();
    const known = this.#slots[slot]! - 1;
    return known >= 0 ? known : this.#insert(slot);
  }

  /** -1 for a shape that was not added. */
  find(text: Buffer, length: number): number {
    split(text, length);
    return this.#slots[this.#slotOf()]! - 1;
  }

  /** Copies the digits of the text that was added or looked for last, at most two bytes for each of its own. @returns how many bytes that are */
  copyDigits(into: Buffer, at: number): number {
    const own = digits;
    const length = digitsLength;
    for (let index = 0; index < length; index++) into[at + index] = own[index]!;
    return length;
  }

  /** The shape, each run of digits as `0`. */
  shapeText(number: number): string {
    return this.#bytes.toString('latin1', this.#startOf(number), this.#ends[number]!);
  }

  /** -1 of what is empty. */
  firstByte(number: number): number {
    const start = this.#startOf(number);
    return start === this.#ends[number]! ? -1 : this.#bytes[start]!;
  }

  /** -1 of what is empty. */
  lastByte(number: number): number {
    const end = this.#ends[number]!;
    return end === this.#startOf(number) ? -1 : this.#bytes[end - 1]!;
  }

  /** The text of this shape whose digits begin at `at`. */
  text(number: number, from: Buffer, at: number): string {
    let length = 0;
    let digitAt = at;
    const end = this.#ends[number]!;
    // Longer texts were split before, so that there is room.
    for (let index = this.#startOf(number); index < end; index++) {
      const byte = this.#bytes[index]!;
      if (byte !== RUN) {
        shape[length++] = byte;
        continue;
      }
      while (from[digitAt] !== END) shape[length++] = from[digitAt++]!;
      digitAt++;
    }
    return shape.toString('latin1', 0, length);
  }

  #startOf(number: number): number {
    return number === 0 ? 0 : this.#ends[number - 1]!;
  }

  #slotOf(): number {
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (let known = this.#slots[slot]!; known !== 0 && !this.#isShape(known - 1); known = this.#slots[slot]!) slot = (slot + 1) & mask;
    return slot;
  }

  #isShape(number: number): boolean {
    const start = this.#startOf(number);
    const bytes = this.#bytes;
    const common = shape;
    const length = shapeLength;
    if (this.#hashes[number] !== hash || this.#ends[number]! - start !== length) return false;
    for (let index = 0; index < length; index++) if (bytes[start + index] !== common[index]) return false;
    return true;
  }

  #insert(slot: number): number {
    const number = this.size++;
    const start = this.#startOf(number);
    if (start + shapeLength > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * this.#bytes.length + shapeLength);
      this.#bytes.copy(larger, 0, 0, start);
      this.#bytes = larger;
    }
    if (number === this.#ends.length) {
      this.#ends = widened(this.#ends, new Uint32Array(2 * number));
      this.#hashes = widened(this.#hashes, new Int32Array(2 * number));
    }
    shape.copy(this.#bytes, start, 0, shapeLength);
    this.#ends[number] = start + shapeLength;
    this.#hashes[number] = hash;
    this.#slots[slot] = number + 1;
    if (2 * this.size > this.#slots.length) this.#rehash();
    return number;
  }

  #rehash(): void {
    const slots = new Int32Array(2 * this.#slots.length);
    const mask = slots.length - 1;
    for (let number = 0; number < this.size; number++) {
      const known = this.#hashes[number]!;
      let slot = (known ^ (known >>> 15)) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.#slots = slots;
  }
}

function widened<T extends Uint32Array | Int32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
