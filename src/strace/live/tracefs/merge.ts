/** Events of all processors as one sequence: each processor tells its own in their order. */
import { Records } from './records.ts';

export class Merge {
  /** By processor: read, and not in the sequence yet. */
  private readonly lanes: Records[] = [];
  private readonly into: Records;

  constructor(into: Records) {
    this.into = into;
  }

  lane(processor: number): Records {
    return (this.lanes[processor] ??= new Records());
  }

  /** When the last event was that was read of a processor; 0 before the first. */
  lastNs(processor: number): number {
    const lane = this.lane(processor);
    return lane.size === 0 ? 0 : lane.ns[lane.place(lane.end - 1)]!;
  }

  /** Appends what is not younger, in the order of times. */
  run(untilNs: number): void {
    for (;;) {
      let earliest: Records | undefined;
      let ns = Number.POSITIVE_INFINITY;
      let nextNs = Number.POSITIVE_INFINITY;
      for (const lane of this.lanes) {
        if (lane === undefined || lane.size === 0) continue;
        const first = lane.ns[lane.place(lane.first)]!;
        if (first < ns) {
          nextNs = ns;
          ns = first;
          earliest = lane;
        } else if (first < nextNs) nextNs = first;
      }
      if (earliest === undefined || ns > untilNs) return;
      // All of it that comes before any of another one.
      const limit = Math.min(untilNs, nextNs);
      do this.into.takeFrom(earliest);
      while (earliest.size > 0 && earliest.ns[earliest.place(earliest.first)]! <= limit);
    }
  }
}
