/** Whole numbers from 1 to 2^32 - 1, each with its place in the order of adding: a Map of 100,000 takes six times the memory. */
export class NumberIndex {
  size = 0;
  #numbers: Uint32Array;
  #places: Int32Array;
  #mask: number;

  /** @param most so many are expected */
  constructor(most: number) {
    const room = roomFor(most);
    this.#numbers = new Uint32Array(room);
    this.#places = new Int32Array(room);
    this.#mask = room - 1;
  }

  /** Its place, whether it was known before or not. */
  add(number: number): number {
    if (2 * this.size >= this.#mask) this.#grow();
    const at = this.#find(number);
    if (this.#numbers[at] === 0) {
      this.#numbers[at] = number;
      this.#places[at] = this.size++;
    }
    return this.#places[at]!;
  }

  /** -1 when it was not added, and for what is no such number. */
  placeOf(number: number): number {
    const at = this.#find(number);
    return this.#numbers[at] === number && number !== 0 ? this.#places[at]! : -1;
  }

  /** Where it is, or where it would be. Inodes are given in turn, so that their last bits scatter well. */
  #find(number: number): number {
    let at = number & this.#mask;
    while (this.#numbers[at] !== 0 && this.#numbers[at] !== number) at = (at + 1) & this.#mask;
    return at;
  }

  #grow(): void {
    const [numbers, places] = [this.#numbers, this.#places];
    const room = 2 * numbers.length;
    this.#numbers = new Uint32Array(room);
    this.#places = new Int32Array(room);
    this.#mask = room - 1;
    for (let from = 0; from < numbers.length; from++) {
      if (numbers[from] === 0) continue;
      const at = this.#find(numbers[from]!);
      this.#numbers[at] = numbers[from]!;
      this.#places[at] = places[from]!;
    }
  }
}

/** A power of two, half of it free. */
function roomFor(most: number): number {
  let room = 16;
  while (room < 2 * most) room *= 2;
  return room;
}
