/** One generation of a trace: its tables of strings and stacks, and the events of all threads in the order of their times. */
import type { Frame } from '../../kernel/goroutines.ts';
import type { Batch } from './batches.ts';
import type { Damage } from './damage.ts';
import { Cursor, EV, Numbers } from './events.ts';

const MOST_FRAMES = 256;

export class Generation {
  /** Units of time per second. */
  frequency: number | undefined;
  readonly damage: Damage;
  private readonly strings = new Map<number, string>();
  private readonly raw = new Map<number, number[]>();
  private readonly stacks = new Map<number, Frame[]>();
  private readonly threads = new Map<number, { time: number; data: Uint8Array }[]>();

  constructor(damage: Damage) {
    this.damage = damage;
  }

  add({ thread, time, data }: Batch): void {
    const numbers = new Numbers(data);
    switch (data[0]) {
      case EV.strings:
        this.readStrings(numbers);
        return;
      case EV.stacks:
        this.readStacks(numbers);
        return;
      case EV.frequency:
      case EV.sync:
        this.readSync(numbers);
        return;
      case EV.cpuSamples:
      case undefined:
        return;
      default: {
        const known = this.threads.get(thread);
        if (known) known.push({ time, data });
        else this.threads.set(thread, [{ time, data }]);
      }
    }
  }

  private readStrings(numbers: Numbers): void {
    numbers.byte();
    while (!numbers.done) {
      if (numbers.byte() !== EV.string) {
        this.damage.note('a table of strings with something else in it');
        return;
      }
      const id = numbers.number();
      const length = numbers.number();
      if (length > numbers.data.length - numbers.at) {
        this.damage.note('a text that does not end within its table');
        return;
      }
      this.strings.set(id, numbers.text(length));
    }
  }

  private readStacks(numbers: Numbers): void {
    numbers.byte();
    while (!numbers.done) {
      if (numbers.byte() !== EV.stack) {
        this.damage.note('a table of stacks with something else in it');
        return;
      }
      const id = numbers.number();
      const count = numbers.number();
      const words: number[] = [];
      for (let frame = 0; frame < count && !numbers.done; frame++) {
        numbers.number();
        words.push(numbers.number(), numbers.number(), numbers.number());
      }
      this.raw.set(id, words.slice(0, MOST_FRAMES * 3));
    }
  }

  private readSync(numbers: Numbers): void {
    let type = numbers.byte();
    if (type === EV.sync) type = numbers.byte();
    for (; ; type = numbers.byte()) {
      if (type === EV.frequency) this.frequency = numbers.number();
      else if (type === EV.clockSnapshot) for (let index = 0; index < 4; index++) numbers.number();
      else return;
      if (numbers.done) return;
    }
  }

  string(id: number): string {
    const text = this.strings.get(id);
    if (text === undefined && id !== 0) this.damage.note(`text ${id}, which is in no table`);
    return text ?? '';
  }

  /** Innermost first; the same array for the same id. Empty where there is none. */
  stack(id: number): Frame[] {
    let frames = this.stacks.get(id);
    if (!frames) {
      const words = this.raw.get(id) ?? [];
      if (id !== 0 && !this.raw.has(id)) this.damage.note(`stack ${id}, which is in no table`);
      frames = Array.from({ length: words.length / 3 }, (_, index) => ({ func: this.string(words[index * 3]!), file: this.string(words[index * 3 + 1]!), line: words[index * 3 + 2]! }));
      this.stacks.set(id, frames);
    }
    return frames;
  }

  /**
   * Events of all threads by their times. Threads read one clock, and what is exactly at the same time is taken in the order of
   * the threads: sums are right to the length of one such tie.
   */
  replay(visit: (cursor: Cursor) => void): void {
    const heap = [...this.threads].map(([thread, batches]) => new Cursor(thread, batches.sort((a, b) => a.time - b.time), this.damage)).filter((cursor) => cursor.next());
    for (let index = (heap.length >> 1) - 1; index >= 0; index--) sink(heap, index);
    while (heap.length > 0) {
      const first = heap[0]!;
      visit(first);
      if (!first.next()) {
        const last = heap.pop()!;
        if (heap.length === 0) return;
        heap[0] = last;
      }
      sink(heap, 0);
    }
  }
}

function sink(heap: Cursor[], from: number): void {
  const one = heap[from]!;
  let at = from;
  for (;;) {
    let child = at * 2 + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]!.time < heap[child]!.time) child++;
    if (heap[child]!.time >= one.time) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = one;
}
