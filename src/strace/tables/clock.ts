/**
 * Time in ticks that get longer as the log does, so that lives can be counted by the ticks of their birth and end in bounded
 * memory. Runs on the times of the log, or, where it has none, on its lines.
 */

/** Ticks at most; when there are more, two become one. */
const MOST = 128;

export class Clock {
  /** Length of a tick, in µs or lines. */
  width: number;
  /** How often the ticks became longer. */
  doublings = 0;
  now = 0;
  /** From here on `advance` does something. */
  next = -Infinity;
  private start = NaN;
  private readonly isTimed: boolean;

  constructor(isTimed: boolean) {
    this.isTimed = isTimed;
    this.width = isTimed ? 64 : 4;
  }

  /** @param at µs, or the number of the line */
  advance(at: number): void {
    if (Number.isNaN(this.start)) this.start = at;
    let tick = Math.floor((at - this.start) / this.width);
    while (tick >= MOST) {
      this.width *= 2;
      this.doublings++;
      tick = Math.floor((at - this.start) / this.width);
      this.now >>= 1;
    }
    // A clock that was set back does not undo what was.
    if (tick > this.now) this.now = tick;
    this.next = this.start + (this.now + 1) * this.width;
  }

  get timed(): boolean {
    return this.isTimed;
  }

  /** A tick of an earlier width, in today's. */
  current(tick: number, doublings: number): number {
    return tick >> (this.doublings - doublings);
  }
}
