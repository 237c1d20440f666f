/** Connections that are kept and asked again and again, as clients with keep-alive do. */
import type { Socket } from 'node:net';
import { drop, exchange, type Question } from './exchange.ts';
import type { Endpoint, Ended } from './types.ts';

/** What RFC 9110 calls idempotent: clients ask it anew. */
const RETRIED = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

export interface PoolOptions {
  size: number;
  timeoutMs: number;
  generationHeader?: string | undefined;
  /** A connection that is closed this soon behind a request was closed while that was under way; later the server had it. */
  raceMs(): number;
  onEnded(ended: Ended): void;
  /** A connection is opened in the place of one that was lost. */
  onReconnect(): void;
}

/** What became of its connections, beside the requests. */
export interface PoolLife {
  /** By the server: while nothing was asked; with an answer that said so. */
  closedIdle: number;
  closedAnnounced: number;
}

export class Pool {
  readonly life: PoolLife = { closedIdle: 0, closedAnnounced: 0 };
  readonly #endpoint: Endpoint;
  readonly #options: PoolOptions;
  readonly #idle: { socket: Socket; release(): void }[] = [];
  readonly #waiting: number[] = [];
  #busy = 0;
  /** Lost, and not yet opened anew. */
  #lost = 0;

  constructor(endpoint: Endpoint, options: PoolOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
  }

  get inFlight(): number {
    return this.#busy + this.#waiting.length;
  }

  /** Asks on the connection that has rested longest, or on a new one; waits when all are busy, which counts as time of the answer. */
  request(intended: number): void {
    const idle = this.#idle.shift();
    if (idle) {
      idle.release();
      this.#ask(intended, idle.socket);
    } else if (this.#busy < this.#options.size) this.#ask(intended);
    else this.#waiting.push(intended);
  }

  /** Closes what rests. What is opened after that is our own doing. */
  closeIdle(): void {
    this.#lost = 0;
    for (const { socket, release } of this.#idle.splice(0)) {
      release();
      drop(socket);
    }
  }

  #ask(intended: number, socket?: Socket): void {
    this.#busy++;
    if (!socket) this.#noteOpened();
    const question: Question = { traffic: 'pooled', intended, timeoutMs: this.#options.timeoutMs, keeps: true, generationHeader: this.#options.generationHeader, ...(socket && { socket }) };
    exchange(this.#endpoint, question, (ended, kept, reader) => {
      if (socket && this.#isRace(ended)) {
        this.#again(question);
        return;
      }
      if (!kept && reader?.closes && ended.result.what === 'ok') this.life.closedAnnounced++;
      this.#over(ended, kept);
    });
  }

  #isRace({ result, started, ended }: Ended): boolean {
    const method = this.#endpoint.http?.method ?? 'GET';
    return result.what === 'failed' && result.class === 'reset' && result.during === 'before' && ended - started <= this.#options.raceMs() && RETRIED.has(method);
  }

  /** Once, on a new connection: as browsers and the clients of Go and Java do it. */
  #again(question: Question): void {
    const { socket: _closed, ...anew } = question;
    this.#lost++;
    this.#noteOpened();
    exchange(this.#endpoint, anew, (ended, kept) => this.#over(ended.result.what === 'ok' ? { ...ended, result: { what: 'raced' } } : ended, kept));
  }

  #over(ended: Ended, kept?: Socket): void {
    this.#busy--;
    if (kept) this.#rest(kept);
    else this.#lost++;
    this.#options.onEnded(ended);
    const next = this.#waiting.shift();
    if (next !== undefined) this.request(next);
  }

  #rest(socket: Socket): void {
    const gone = (): void => {
      this.life.closedIdle++;
      this.#lost++;
      this.#idle.splice(this.#idle.indexOf(entry), 1);
      release();
      drop(socket);
    };
    const events = ['end', 'error', 'close', 'data'] as const;
    const release = (): void => {
      for (const event of events) socket.off(event, gone);
    };
    const entry = { socket, release };
    for (const event of events) socket.on(event, gone);
    this.#idle.push(entry);
  }

  #noteOpened(): void {
    if (this.#lost === 0) return;
    this.#lost--;
    this.#options.onReconnect();
  }
}
