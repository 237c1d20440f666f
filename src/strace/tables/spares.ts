/** Objects of descriptors and open files that nobody can ask for any more are used again: a log may open a million. */
import type { ByteString } from '../../evidence/types.ts';
import { Description } from './description.ts';
import type { Slot } from './types.ts';

/** Of each, so many are kept. */
const MOST_SPARE = 256;

export class Spares {
  private readonly slots: Slot[] = [];
  private readonly files: Description[] = [];
  private descriptions = 0;

  /** One in which all must be set: what it was before stands in it still. */
  slot(description: Description): Slot {
    return this.slots.pop() ?? emptySlot(description);
  }

  /** An open file that no number stands for yet. @param target no slice of the log */
  file(kind: string, target: ByteString): Description {
    const known = this.files.pop();
    if (known === undefined) return new Description(++this.descriptions, kind, target);
    known.isKept = false;
    known.reset(++this.descriptions, kind, target);
    return known;
  }

  /** The number is gone, and so is who would ask for it: unless it is kept, it can be used again. */
  retire(slot: Slot): void {
    if (slot.isKept || slot.closing || this.slots.length >= MOST_SPARE) return;
    const { description } = slot;
    this.slots.push(slot);
    if (description.holders === 0 && !description.isKept && description.listening === undefined && description.bound === undefined && this.files.length < MOST_SPARE) {
      // A second number must not bring it here again.
      description.isKept = true;
      this.files.push(description);
    }
  }
}

function emptySlot(description: Description): Slot {
  return {
    fd: 0, description, cloexec: null, how: 'opened', site: undefined, counted: false, call: '', tid: 0, tick: 0, doublings: 0, line: 0, time: NaN, usedBy: 0, usedTick: 0, usedDoublings: 0, forks: 0,
    assumed: false, intended: false, closedBy: 0, closedLine: 0, closedTime: NaN, closedCall: '', closing: false, polledBy: -1, isKept: false, beforeTid: 0, beforeLine: 0, beforeTime: NaN, lives: -1,
  };
}
