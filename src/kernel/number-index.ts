/** Whole numbers from 0 to 2^32 - 1, each with its place in the order of adding: a Map of 100,000 takes ten times the memory. */
export class NumberIndex {
  size = 0;
  /** By place. */
  #numbers: Uint32Array;
  /** One more than the place of a number, where it is looked for; 0 where none is. A power of two. */
  #slots: Int32Array;

  /** @param most so many are expected */
  constructor(most: number) {
    this.#numbers = new Uint32Array(Math.max(1, Math.ceil(most)));
    this.#slots = new Int32Array(roomFor(most));
  }

  /** So many fit without growing: more than the highest place. */
  get room(): number {
    return this.#numbers.length;
  }

  /** Its place, whether it was known before or not. */
  add(number: number): number {
    const at = this.#find(number);
    const known = this.#slots[at]! - 1;
    if (known >= 0) return known;
    if (this.size === this.#numbers.length) this.#widen();
    this.#numbers[this.size] = number;
    this.#slots[at] = ++this.size;
    if (isFull(this.size, this.#slots.length)) this.#spread();
    return this.size - 1;
  }

  /** -1 when it was not added, and for what is no such number. */
  placeOf(number: number): number {
    return this.#slots[this.#find(number)]! - 1;
  }

  /** The number at this place. */
  at(place: number): number {
    return this.#numbers[place]!;
  }

  /** In the order of adding. */
  *[Symbol.iterator](): Generator<number> {
    for (let place = 0; place < this.size; place++) yield this.#numbers[place]!;
  }

  /** Where it is, or where it would be. Inodes are given in turn, so that their last bits scatter well; pairs of ports may differ in the first ones alone. */
  #find(number: number): number {
    // Each by itself: engines make a list of two, for each of 100,000 inodes several times.
    const numbers = this.#numbers;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = (number ^ (number >>> 16)) & mask;
    for (let known = slots[at]!; known !== 0 && numbers[known - 1] !== number; known = slots[at]!) at = (at + 1) & mask;
    return at;
  }

  #widen(): void {
    const numbers = new Uint32Array(2 * this.size);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }

  #spread(): void {
    this.#slots = new Int32Array(2 * this.#slots.length);
    for (let place = 0; place < this.size; place++) this.#slots[this.#find(this.#numbers[place]!)] = place + 1;
  }
}

/** Half of it is free at least. */
function isFull(size: number, room: number): boolean {
  return 2 * size > room;
}

function roomFor(most: number): number {
  let room = 16;
  while (isFull(most, room)) room *= 2;
  return room;
}
