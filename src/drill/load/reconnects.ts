/** Connections that clients had to open anew as the server closed theirs: how many, and how many at once. */

const WINDOW_MS = 100;

export class Reconnects {
  count = 0;
  /** Most within any 100 ms. */
  most = 0;
  readonly #recent: number[] = [];

  /** @param now ms of performance.now() */
  note(now: number): void {
    this.count++;
    this.#recent.push(now);
    while (this.#recent[0]! <= now - WINDOW_MS) this.#recent.shift();
    this.most = Math.max(this.most, this.#recent.length);
  }
}
