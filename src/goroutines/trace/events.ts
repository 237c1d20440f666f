/** Events of a trace (internal/trace/tracev2/events.go): a byte for the type, then numbers, of which the first is the time since the event before. */

import type { Damage } from './damage.ts';

export const EV = {
  stacks: 2, stack: 3, strings: 4, string: 5, cpuSamples: 6, frequency: 8,
  goCreate: 14, goCreateSyscall: 15, goStart: 16, goDestroy: 17, goDestroySyscall: 18, goStop: 19, goBlock: 20, goUnblock: 21,
  goSyscallBegin: 22, goSyscallEnd: 23, goSyscallEndBlocked: 24, goStatus: 25, stwBegin: 26, stwEnd: 27,
  goSwitch: 45, goSwitchDestroy: 46, goCreateBlocked: 47, goStatusStack: 48, sync: 50, clockSnapshot: 51,
} as const;

/** How many numbers follow each type of timed event; -1: none of those. */
const ARGUMENTS = new Int8Array(256).fill(-1);
const COUNTS: Readonly<Record<number, readonly number[]>> = {
  1: [11, 17, 18, 23, 24, 27, 36],
  2: [15, 28, 30, 31, 32, 34, 35, 37, 38, 39],
  3: [9, 10, 13, 16, 19, 20, 22, 26, 29, 33, 41, 45, 46],
  4: [12, 14, 21, 25, 42, 43, 47, 51],
  5: [40, 44, 48],
};
for (const [count, types] of Object.entries(COUNTS)) for (const type of types) ARGUMENTS[type] = Number(count);

/** Reads the events of one thread of one generation, in order. */
export class Cursor {
  /** Of the event read last, in units of the trace. */
  time = 0;
  type = 0;
  readonly args = new Float64Array(5);
  readonly thread: number;
  private readonly damage: Damage;
  private readonly batches: readonly { time: number; data: Uint8Array }[];
  private batch = 0;
  private at = 0;

  constructor(thread: number, batches: readonly { time: number; data: Uint8Array }[], damage: Damage) {
    this.damage = damage;
    this.thread = thread;
    this.batches = batches;
    this.time = batches[0]?.time ?? 0;
  }

  /** What follows bytes that are no event is left out, up to the next batch. @returns false at the end */
  next(): boolean {
    for (;;) {
      const batch = this.batches[this.batch];
      if (!batch) return false;
      if (this.at < batch.data.length) {
        if (this.read(batch.data)) return true;
        this.at = batch.data.length;
      }
      this.batch++;
      this.at = 0;
      const following = this.batches[this.batch];
      if (following) this.time = following.time;
    }
  }

  private read(data: Uint8Array): boolean {
    const type = data[this.at++]!;
    const count = ARGUMENTS[type]!;
    if (count < 0) {
      this.damage.note(`an event of type ${type}, which there is not`);
      return false;
    }
    for (let index = 0; index < count; index++) {
      let byte = data[this.at++] ?? 0;
      let value = byte & 0x7f;
      for (let factor = 128; byte >= 0x80; factor *= 128) {
        byte = data[this.at++] ?? 0;
        value += (byte & 0x7f) * factor;
      }
      this.args[index] = value;
    }
    if (this.at > data.length) {
      this.damage.note('an event that does not end within its batch');
      return false;
    }
    this.type = type;
    this.time += this.args[0]!;
    return true;
  }
}

/** Numbers of a table batch. */
export class Numbers {
  readonly data: Uint8Array;
  at = 0;

  constructor(data: Uint8Array) {
    this.data = data;
  }

  get done(): boolean {
    return this.at >= this.data.length;
  }

  byte(): number {
    return this.data[this.at++] ?? 0;
  }

  number(): number {
    let value = 0;
    for (let factor = 1; this.at < this.data.length; factor *= 128) {
      const byte = this.data[this.at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value;
  }

  text(length: number): string {
    const text = Buffer.from(this.data.buffer, this.data.byteOffset + this.at, Math.max(0, Math.min(length, this.data.length - this.at))).toString('latin1');
    this.at += length;
    return text;
  }
}
