/** The clock of a log: days that -t and -tt do not show, times of -r added up, clocks that were set back. */
import type { Line } from '../parse/line.ts';
import type { Fds } from '../tables/fds.ts';

const DAY = 86_400_000_000;

/** Between two times that are shown by their seconds may lie a second less; of less than that nothing is known. µs, NaN for nothing. */
export function atLeast(micros: number, grain: number): number {
  return grain === 0 ? micros : micros > grain ? micros - grain : NaN;
}

export class LogTime {
  /** µs; NaN before the first line with a time. */
  start = NaN;
  last = NaN;
  /** Midnights so far, µs. */
  day = 0;
  backwards = 0;
  /** A line that had to wait comes now: its time is its own, and no step back. */
  isLate = false;
  readonly isTimed: boolean;
  /** What a time may be wrong by, µs: a second, where only seconds are shown (-t). */
  readonly grain: number;
  private readonly fds: Fds;

  constructor(fds: Fds, isTimed: boolean, grain: number) {
    this.fds = fds;
    this.grain = grain;
    this.isTimed = isTimed;
  }

  take(line: Line, number: number): void {
    const fds = this.fds;
    fds.line = number;
    let { time } = line;
    if (Number.isNaN(time)) {
      if (Number.isNaN(line.relative)) {
        if (number >= fds.clock.next && !this.isTimed) fds.clock.advance(number);
        return;
      }
      time = (Number.isNaN(this.last) ? 0 : this.last) + line.relative;
    } else {
      time += this.day;
      if (time < this.last) {
        if (time < this.last - DAY / 2 && line.time < DAY) {
          this.day += DAY;
          time += DAY;
        } else if (this.isLate) {
          fds.time = time;
          return;
        } else this.backwards++;
      }
    }
    if (Number.isNaN(this.start)) this.start = time;
    this.advance(time);
  }

  /** @param time not before `last`, or the clock was set back */
  advance(time: number): void {
    const fds = this.fds;
    this.last = time;
    fds.time = time;
    if (time >= fds.clock.next) fds.clock.advance(time);
  }
}
