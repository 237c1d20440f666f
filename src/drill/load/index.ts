/** The load of a drill: new connections, kept ones, streams, held ones and WebSockets, at once and counted apart. */
import type { Socket } from 'node:net';
import { drop, exchange } from './exchange.ts';
import { Pool, type PoolLife } from './pool.ts';
import { Schedule } from './schedule.ts';
import { Tally } from './tally.ts';
import type { Endpoint, Ended } from './types.ts';
import { Crowd, type CrowdLife } from './websocket/crowd.ts';

export interface LoadOptions {
  /** New connections a second. */
  rate: number;
  pooledRate: number;
  poolSize: number;
  stream?: Endpoint;
  streams: number;
  /** Connections that are held after one question. */
  hold: number;
  webSocket?: Endpoint;
  webSockets: number;
  timeoutMs: number;
  generationHeader?: string | undefined;
}

/** Beyond this what is due is not sent: a client that does not keep up is not the fault of the server. */
const MOST_IN_FLIGHT = 4000;
/** A stream may last as long as this. */
const STREAM_MS = 120_000;
/** Behind a failure, a stream or held connection is not opened anew at once. */
const AGAIN_MS = 50;
/** Of a local port for each new connection there are 28,000; on the loopback net there are more addresses to ask from. */
const ONE_SOURCE_RATE = 400;
const SOURCES = 200;
/** The race of a close with a request is over in no time. What a busy machine adds: twice the slowest answers of the control window, and our own delay. */
const LEAST_RACE_MS = 50;

export interface HeldLife {
  opened: number;
  /** By the server. */
  closed: number;
  failed: number;
}

export class Load {
  readonly tally = new Tally();
  readonly schedule = new Schedule();
  readonly held: HeldLife = { opened: 0, closed: 0, failed: 0 };
  /** Due, and not sent: too many were under way. */
  unsent = 0;
  readonly #endpoint: Endpoint;
  readonly #options: LoadOptions;
  readonly #pool: Pool | undefined;
  readonly #crowd: Crowd | undefined;
  readonly #holding = new Set<Socket>();
  readonly #streaming = new Set<Socket>();
  #inFlight = 0;
  #source = 0;
  #isOver = false;

  constructor(endpoint: Endpoint, options: LoadOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
    const canKeep = endpoint.http !== undefined || endpoint.send !== undefined;
    if (canKeep && options.poolSize > 0) {
      this.#pool = new Pool(endpoint, {
        size: options.poolSize,
        timeoutMs: options.timeoutMs,
        generationHeader: options.generationHeader,
        raceMs: () => Math.max(LEAST_RACE_MS, 2 * (this.tally.phases.find(({ reload }) => reload === 0)?.by.pooled.latency.quantile(0.99) ?? 0)) + this.schedule.recentLag,
        onEnded: (ended) => this.tally.note(ended),
        onReconnect: () => this.tally.noteReconnect(),
      });
      this.schedule.addLane(options.pooledRate, (intended) => this.#pool!.inFlight < MOST_IN_FLIGHT ? this.#pool!.request(intended) : void this.unsent++);
    }
    if (options.webSocket && options.webSockets > 0) this.#crowd = new Crowd(options.webSocket, { size: options.webSockets, timeoutMs: options.timeoutMs }, this.tally);
    this.schedule.addLane(options.rate, (intended) => this.#askAnew(intended));
  }

  get pool(): PoolLife {
    return this.#pool?.life ?? { closedIdle: 0, closedAnnounced: 0 };
  }

  /** Undefined where none were asked for. */
  get webSockets(): CrowdLife | undefined {
    return this.#crowd?.life;
  }

  get inFlight(): number {
    return this.#inFlight + (this.#pool?.inFlight ?? 0);
  }

  /** Streams, held connections and WebSockets begin with the first call, and stay through pauses. */
  resume(): void {
    this.schedule.resume();
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    for (let n = 0; n < this.#options.streams && this.#options.stream; n++) this.#stream(this.#options.stream);
    for (let n = 0; n < this.#options.hold; n++) this.#hold();
    this.#crowd?.begin();
  }
  #hasBegun = false;

  /** Nothing new is asked, and kept connections are closed, so that what the server holds is its own. Resolves when nothing is under way, or it takes too long. */
  async pause(): Promise<void> {
    this.schedule.pause();
    const until = performance.now() + this.#options.timeoutMs + 500;
    while (this.inFlight > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
    this.#pool?.closeIdle();
  }

  /** For good. What is under way is no longer counted. */
  async stop(): Promise<void> {
    await this.pause();
    this.#isOver = true;
    this.#crowd?.stop();
    for (const socket of [...this.#holding, ...this.#streaming]) drop(socket);
  }

  #askAnew(intended: number): void {
    if (this.#inFlight >= MOST_IN_FLIGHT) {
      this.unsent++;
      return;
    }
    this.#inFlight++;
    const localAddress = this.#nextSource();
    exchange(this.#endpoint, { traffic: 'new', intended, timeoutMs: this.#options.timeoutMs, keeps: false, generationHeader: this.#options.generationHeader, ...(localAddress !== undefined && { localAddress }) }, (ended) => {
      this.#inFlight--;
      this.tally.note(ended);
    });
  }

  #nextSource(): string | undefined {
    if (this.#options.rate <= ONE_SOURCE_RATE || !this.#endpoint.address.startsWith('127.')) return undefined;
    this.#source = (this.#source + 1) % SOURCES;
    return `127.0.0.${2 + this.#source}`;
  }

  #stream(endpoint: Endpoint): void {
    if (this.#isOver) return;
    let own: Socket;
    const onSocket = (socket: Socket): void => void this.#streaming.add((own = socket));
    exchange(endpoint, { traffic: 'stream', intended: performance.now(), timeoutMs: STREAM_MS, keeps: false, generationHeader: this.#options.generationHeader, onSocket }, (ended) => {
      this.#streaming.delete(own);
      if (this.#isOver) return;
      this.tally.note(ended);
      setTimeout(() => this.#stream(endpoint), isFine(ended) ? 0 : AGAIN_MS).unref();
    });
  }

  #hold(isAgain = false): void {
    if (this.#isOver) return;
    if (isAgain) this.tally.noteReconnect();
    const again = (): void => void setTimeout(() => this.#hold(true), AGAIN_MS).unref();
    exchange(this.#endpoint, { traffic: 'held', intended: performance.now(), timeoutMs: this.#options.timeoutMs, keeps: true }, (ended, socket) => {
      if (this.#isOver) return socket && drop(socket);
      this.tally.note(ended);
      if (!socket) {
        this.held.failed++;
        return again();
      }
      this.held.opened++;
      this.#holding.add(socket);
      socket.on('error', () => undefined).on('end', () => socket.destroy()).on('close', () => {
        this.#holding.delete(socket);
        if (!this.#isOver) this.held.closed++;
        again();
      });
    });
  }
}

function isFine({ result }: Ended): boolean {
  return result.what === 'ok' || result.what === 'unknown';
}
