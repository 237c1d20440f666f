/** WebSockets that are held all the time: how many the server closed with a word, how many without, and how long until they stood again. */
import { Histogram } from '../histogram.ts';
import type { Tally } from '../tally.ts';
import type { Endpoint, Ended } from '../types.ts';
import { WebSocketConnection } from './connection.ts';

/** Behind an attempt that failed; behind a connection that ended a client comes back at once. */
const AGAIN_MS = 50;

export interface CrowdOptions {
  size: number;
  timeoutMs: number;
}

/** The code of a close frame; or that there was none; or that the connection stood, and no pong came. */
export type EndKey = number | 'cut' | 'silent';

/** What became of them since the control window began. */
export interface CrowdLife {
  /** How many came to which end, by the number of the reload; 0 is the control window. */
  ends: Map<number, Map<EndKey, number>>;
  /** From the end of one to the moment in which it stood again, ms; of the reloads. */
  away: Histogram;
}

export class Crowd {
  readonly life: CrowdLife = { ends: new Map(), away: new Histogram() };
  readonly #endpoint: Endpoint;
  readonly #options: CrowdOptions;
  readonly #tally: Tally;
  readonly #open = new Set<WebSocketConnection>();
  #isOver = false;

  constructor(endpoint: Endpoint, options: CrowdOptions, tally: Tally) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#tally = tally;
  }

  begin(): void {
    for (let n = 0; n < this.#options.size; n++) this.#connect();
  }

  stop(): void {
    this.#isOver = true;
    for (const one of this.#open) one.close();
  }

  /** @param endedAt when the one before ended; absent at the begin */
  #connect(endedAt?: number): void {
    if (this.#isOver) return;
    if (endedAt !== undefined) this.#tally.noteReconnect();
    const one = new WebSocketConnection(this.#endpoint, this.#options.timeoutMs, {
      onEnded: (ended) => this.#note(ended, endedAt),
      onEnd: (end) => {
        this.#open.delete(one);
        if (this.#isOver) return;
        if (end) this.#count(end.how === 'announced' ? end.code : end.how);
        const since = end ? performance.now() : endedAt;
        if (end) this.#connect(since);
        else setTimeout(() => this.#connect(since ?? performance.now()), AGAIN_MS).unref();
      },
    });
    this.#open.add(one);
  }

  #note(ended: Ended, endedAt: number | undefined): void {
    if (this.#isOver) return;
    this.#tally.note(ended);
    // Of what is noted of one connection only the answer to its handshake knows how long it took to connect.
    if (endedAt !== undefined && ended.result.what === 'ok' && ended.connectMs !== undefined && (this.#tally.reload ?? 0) > 0) this.life.away.add(ended.ended - endedAt);
  }

  #count(key: EndKey): void {
    const { reload } = this.#tally;
    if (reload === undefined) return;
    const ends = this.life.ends.get(reload) ?? new Map<EndKey, number>();
    ends.set(key, (ends.get(key) ?? 0) + 1);
    this.life.ends.set(reload, ends);
  }
}
