/** Names of calls as small numbers, found by the hash that the scanner makes while it reads the name. */

const SLOTS = 8192;
const MASK = SLOTS - 1;
/** Text that looks like calls can hold any number of names: those after so many are one. */
export const MOST_NAMES = 2048;

export class Names {
  readonly text: string[] = ['?'];
  private readonly hashes = new Int32Array(MOST_NAMES);
  private readonly lengths = new Uint16Array(MOST_NAMES);
  private readonly slots = new Int16Array(SLOTS);
  /** Told of every name, those that are there already first. */
  private learner: ((hash: number, length: number, id: number) => void) | undefined;

  /** Adds names that are known beforehand; their ids follow one another from 1. */
  constructor(known: readonly string[]) {
    for (const name of known) this.id(hashOf(name), name.length, name, 0);
  }

  teach(learner: (hash: number, length: number, id: number) => void): void {
    this.learner = learner;
    for (let id = 1; id < this.text.length; id++) learner(this.hashes[id]!, this.lengths[id]!, id);
  }

  /** The number of a name that was seen before; 0 of others. */
  find(hash: number, length: number): number {
    let at = hash & MASK;
    for (let id = this.slots[at]!; id !== 0; id = this.slots[(at = (at + 1) & MASK)]!) {
      if (this.hashes[id] === hash && this.lengths[id] === length) return id;
    }
    return 0;
  }

  /** @param text where the name stands, at `from` */
  id(hash: number, length: number, text: string, from: number): number {
    const known = this.find(hash, length);
    if (known !== 0) return known;
    if (this.text.length >= MOST_NAMES) return 0;
    const id = this.text.length;
    // A slice of the log would keep its whole block alive.
    this.text.push(Buffer.from(text.slice(from, from + length), 'latin1').toString('latin1'));
    this.hashes[id] = hash;
    this.lengths[id] = length;
    let at = hash & MASK;
    while (this.slots[at] !== 0) at = (at + 1) & MASK;
    this.slots[at] = id;
    this.learner?.(hash, length, id);
    return id;
  }
}

/** The hash of the scanner, of a string. */
export function hashOf(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0;
  return hash;
}
