/** What says that bytes of a trace were changed or lost: it would be counted wrong without a word. */

export class Damage {
  count = 0;
  /** The first of it, in words. */
  first: string | undefined;

  note(what: string): void {
    this.count++;
    this.first ??= what;
  }
}

/**
 * Events that make a goroutine go on are numbered in each generation, from 1 on (runtime/traceruntime.go nextSeq). Threads are
 * merged by time only, so that their order is not looked at, but that none is missing and none is there twice.
 */
export class Sequences {
  private readonly seen = new Map<number, { count: number; last: number }>();

  note(goroutine: number, sequence: number): void {
    const known = this.seen.get(goroutine);
    if (!known) this.seen.set(goroutine, { count: 1, last: sequence });
    else {
      known.count++;
      if (sequence > known.last) known.last = sequence;
    }
  }

  /** To be called at the end of a generation. */
  check(damage: Damage): void {
    for (const [goroutine, { count, last }] of this.seen) if (count !== last) damage.note(`goroutine ${goroutine} has ${count} numbered events, the last of which is number ${last}`);
    this.seen.clear();
  }
}
