/**
 * An open-loop schedule: what is due is started at its time whether or not what came before has ended, and each start knows when it
 * should have been. It judges itself, too: how late starts were, and how long our own loop stood still.
 */
import { Histogram } from './histogram.ts';

interface Lane {
  everyMs: number;
  nextAt: number;
  start(intended: number): void;
}

/** So many starts in one go, then the loop has its turn: answers wait meanwhile. */
const MOST_AT_ONCE = 100;
/** For each tick; half of it is gone after 70 ms. */
const FADING = 0.99;

export class Schedule {
  /** How late each start was, ms. */
  readonly slip = new Histogram();
  /** How long the loop stood still between two ticks, ms. */
  readonly lag = new Histogram();
  readonly #lanes: Lane[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** How long it stood still of late, ms. */
  recentLag = 0;
  #last = 0;
  #isRunning = false;
  #resumedAt = 0;
  #ranMs = 0;

  /** `start` is called `perSecond` times a second from now on, while the schedule runs. */
  addLane(perSecond: number, start: (intended: number) => void): void {
    if (perSecond > 0) this.#lanes.push({ everyMs: 1000 / perSecond, nextAt: 0, start });
  }

  /** Goes on from now: what would have been due while it rested is not made up for. */
  resume(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const now = performance.now();
    this.#last = this.#resumedAt = now;
    // Lanes do not start in step.
    for (const lane of this.#lanes) lane.nextAt = now + Math.random() * lane.everyMs;
    this.#arm();
  }

  pause(): void {
    if (this.#isRunning) this.#ranMs += performance.now() - this.#resumedAt;
    this.#isRunning = false;
    clearTimeout(this.#timer);
  }

  /** How many should have been started while it ran; after a pause. */
  get due(): number {
    return this.#lanes.reduce((sum, { everyMs }) => sum + this.#ranMs / everyMs, 0);
  }

  #arm(): void {
    this.#timer = setTimeout(() => this.#tick(), 1);
  }

  #tick(): void {
    if (!this.#isRunning) return;
    const now = performance.now();
    const lag = Math.max(0, now - this.#last - 1);
    this.lag.add(lag);
    this.recentLag = Math.max(lag, this.recentLag * FADING);
    this.#last = now;
    for (const lane of this.#lanes) {
      for (let most = MOST_AT_ONCE; lane.nextAt <= now && most > 0; most--) {
        this.slip.add(now - lane.nextAt);
        lane.start(lane.nextAt);
        lane.nextAt += lane.everyMs;
      }
    }
    this.#arm();
  }
}
