/** The clock of a log: days that -t and -tt do not show, times of -r added up, clocks that were set back. */
import type { Line } from '../parse/line.ts';
import type { Fds } from '../tables/fds.ts';

const DAY = 86_400_000_000;

export class LogTime {
  /** µs; NaN before the first line with a time. */
  start = NaN;
  last = NaN;
  /** Midnights so far, µs. */
  day = 0;
  backwards = 0;
  readonly isTimed: boolean;
  private readonly fds: Fds;

  constructor(fds: Fds, isTimed: boolean) {
    this.fds = fds;
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
