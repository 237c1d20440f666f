/** Events in columns, in a ring that grows: no object is made of one, and what was told leaves nothing behind. */
import type { ByteString } from '../../../evidence/types.ts';

/** Values of one event at most: a system call has no more arguments. */
export const VALUES = 6;
const FIRST_ROOM = 4096;

export class Records {
  /** Numbers of the first event that is held, and behind the last one. They only grow. */
  first = 0;
  end = 0;
  /** Of the trace clock. The columns are indexed by `place`. */
  ns = new Float64Array(FIRST_ROOM);
  tid = new Int32Array(FIRST_ROOM);
  /** Index of its definition. */
  definition = new Uint16Array(FIRST_ROOM);
  /** `VALUES` of each. */
  values = new Float64Array(FIRST_ROOM * VALUES);
  /** Names of programs, by number. */
  readonly texts = new Map<number, ByteString>();
  /** Addresses of the code that made an event, the innermost first, by number. */
  readonly stacks = new Map<number, Float64Array>();
  private mask = FIRST_ROOM - 1;

  get size(): number {
    return this.end - this.first;
  }

  place(number: number): number {
    return number & this.mask;
  }

  value(number: number, index: number): number {
    return this.values[(number & this.mask) * VALUES + index]!;
  }

  /** One more event; answers its place. */
  add(ns: number, tid: number, definition: number): number {
    if (this.end - this.first > this.mask) this.grow();
    const at = this.end++ & this.mask;
    this.ns[at] = ns;
    this.tid[at] = tid;
    this.definition[at] = definition;
    return at;
  }

  /** The first event of another one goes over to this one. */
  takeFrom(other: Records): void {
    const number = other.first++;
    const from = number & other.mask;
    const to = this.add(other.ns[from]!, other.tid[from]!, other.definition[from]!) * VALUES;
    const values = from * VALUES;
    for (let i = 0; i < VALUES; i++) this.values[to + i] = other.values[values + i]!;
    if (other.texts.size > 0) move(other.texts, number, this.texts, this.end - 1);
    if (other.stacks.size > 0) move(other.stacks, number, this.stacks, this.end - 1);
  }

  /** Those before are not needed any more. */
  drop(until: number): void {
    for (const aside of [this.texts, this.stacks]) if (aside.size > 0) for (const number of aside.keys()) if (number < until) aside.delete(number);
    this.first = until;
  }

  private grow(): void {
    const { ns, tid, definition, values, mask, first, end } = this;
    const room = (mask + 1) * 2;
    this.ns = new Float64Array(room);
    this.tid = new Int32Array(room);
    this.definition = new Uint16Array(room);
    this.values = new Float64Array(room * VALUES);
    this.mask = room - 1;
    for (let number = first; number < end; number++) {
      const from = number & mask;
      const to = number & this.mask;
      this.ns[to] = ns[from]!;
      this.tid[to] = tid[from]!;
      this.definition[to] = definition[from]!;
      for (let i = 0; i < VALUES; i++) this.values[to * VALUES + i] = values[from * VALUES + i]!;
    }
  }
}

function move<Value>(from: Map<number, Value>, number: number, to: Map<number, Value>, as: number): void {
  const value = from.get(number);
  if (value === undefined) return;
  from.delete(number);
  to.set(as, value);
}
