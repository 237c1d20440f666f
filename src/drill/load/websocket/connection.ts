/** One WebSocket: opened, asked with pings, and told apart by how it ends. */
import type { Socket } from 'node:net';
import { AnswerReader } from '../answer.ts';
import { drop, failureOf, openSocket } from '../exchange.ts';
import type { Endpoint, Ended, FailureClass } from '../types.ts';
import { CLOSE, closeCode, encodeControl, FrameReader, NO_CODE, PING, PONG } from './frames.ts';
import { newKey, upgradeText, whyNot } from './handshake.ts';

/** Between two pings; shorter than what proxies leave an idle connection. */
const PING_MS = 1000;
/** After both close frames the server ends the connection (RFC 6455 7.1.1); it may forget. */
const LINGER_MS = 1000;
const END_OF_HEAD = '\r\n\r\n';
const MOST_HEAD = 64 * 1024;
/** What we say when we go: a normal closure. */
const NORMAL = Buffer.from([0x03, 0xe8]);

/** How a connection that stood came to its end: with a close frame and this code, or not. */
export type WebSocketEnd = { how: 'announced'; code: number } | { how: 'cut'; detail: string } | { how: 'silent' };

export interface WebSocketEvents {
  /** A handshake or a ping has its answer, or will have none. */
  onEnded(ended: Ended): void;
  /** Of one that stood; else `onEnded` with a failure was all. */
  onEnd(end: WebSocketEnd | undefined): void;
}

export class WebSocketConnection {
  readonly #socket: Socket;
  readonly #events: WebSocketEvents;
  readonly #timeoutMs: number;
  readonly #key = newKey();
  readonly #frames = new FrameReader(({ opcode, payload }) => this.#onControl(opcode, payload));
  #head: Buffer = Buffer.alloc(0);
  #asked = performance.now();
  #connectMs: number | undefined;
  #stands = false;
  #isOver = false;
  #pings = 0;
  #timer: NodeJS.Timeout;

  constructor(endpoint: Endpoint, timeoutMs: number, events: WebSocketEvents) {
    this.#events = events;
    this.#timeoutMs = timeoutMs;
    this.#socket = openSocket(endpoint);
    this.#timer = setTimeout(() => this.#refused('timeout', `no end in ${timeoutMs} ms`), timeoutMs);
    this.#socket
      .on(endpoint.tls ? 'secureConnect' : 'connect', () => {
        this.#connectMs = performance.now() - this.#asked;
        this.#socket.write(upgradeText(endpoint, this.#key), 'latin1');
      })
      .on('data', (chunk: Buffer) => this.#onData(chunk))
      .on('end', () => this.#gone('closed'))
      .on('close', () => this.#gone('closed'))
      .on('error', (error: NodeJS.ErrnoException) => this.#gone(error.code ?? 'EIO', error));
  }

  /** Says good-bye, and waits for nothing. Nothing is told of it any more. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    if (!this.#stands) drop(this.#socket);
    else this.#leave(NORMAL);
  }

  #onData(chunk: Buffer): void {
    if (this.#isOver) return;
    if (this.#stands) this.#read(chunk);
    else {
      this.#head = Buffer.concat([this.#head, chunk]);
      const end = this.#head.indexOf(END_OF_HEAD, 0, 'latin1');
      if (end < 0) {
        if (this.#head.length > MOST_HEAD) this.#refused('status', 'its head is too long');
        return;
      }
      const reader = new AnswerReader();
      const rest = this.#head.subarray(end + END_OF_HEAD.length);
      reader.push(this.#head.subarray(0, end + END_OF_HEAD.length));
      this.#head = Buffer.alloc(0);
      const problem = reader.state === 'malformed' ? reader.problem : whyNot(reader, this.#key);
      if (problem !== undefined) {
        this.#refused('status', problem);
        return;
      }
      this.#stands = true;
      this.#note({ what: 'ok' });
      this.#connectMs = undefined;
      this.#rest();
      if (rest.length > 0) this.#read(rest);
    }
  }

  #read(bytes: Buffer): void {
    this.#frames.push(bytes);
    if (this.#frames.problem !== undefined) this.#end({ how: 'cut', detail: this.#frames.problem });
  }

  #onControl(opcode: number, payload: Buffer): void {
    if (this.#isOver) return;
    if (opcode === PING) this.#socket.write(encodeControl({ opcode: PONG, payload }));
    else if (opcode === CLOSE) this.#end({ how: 'announced', code: closeCode(payload) }, payload.subarray(0, 2));
    else if (opcode === PONG && payload.toString('latin1') === String(this.#pings)) {
      clearTimeout(this.#timer);
      this.#note({ what: 'ok' });
      this.#rest();
    }
  }

  /** Until the next ping. */
  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ping(), PING_MS);
  }

  #ping(): void {
    this.#asked = performance.now();
    this.#socket.write(encodeControl({ opcode: PING, payload: Buffer.from(String(++this.#pings), 'latin1') }));
    this.#timer = setTimeout(() => this.#end({ how: 'silent' }), this.#timeoutMs);
  }

  #note(result: Ended['result'], asked = this.#asked): void {
    this.#events.onEnded({ traffic: 'websocket', intended: asked, started: asked, ended: performance.now(), result, ...(this.#connectMs !== undefined && { connectMs: this.#connectMs }) });
  }

  #gone(detail: string, error?: NodeJS.ErrnoException): void {
    if (this.#isOver) return;
    if (this.#stands) this.#end({ how: 'cut', detail });
    else if (error) this.#finish(failureOf(error, this.#connectMs === undefined, this.#head.length > 0));
    else this.#refused('reset', 'closed without an answer');
  }

  #refused(kind: FailureClass, detail: string): void {
    this.#finish({ what: 'failed', class: kind, during: this.#connectMs === undefined ? 'connect' : kind === 'status' ? 'answer' : 'before', detail });
  }

  /** It never stood. */
  #finish(result: Ended['result']): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    drop(this.#socket);
    this.#note(result);
    this.#events.onEnd(undefined);
  }

  /** It stood. */
  #end(end: WebSocketEnd, code: Buffer = Buffer.alloc(0)): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    if (end.how === 'announced') this.#leave(end.code === NO_CODE ? Buffer.alloc(0) : code);
    else {
      drop(this.#socket);
      const now = performance.now();
      if (end.how === 'cut') this.#note({ what: 'failed', class: 'cut', during: 'answer', detail: end.detail }, now);
      else this.#note({ what: 'failed', class: 'timeout', during: 'answer', detail: `no pong in ${this.#timeoutMs} ms` });
    }
    this.#events.onEnd(end);
  }

  #leave(payload: Buffer): void {
    const timer = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    timer.unref();
    this.#socket.on('end', () => this.#socket.destroy()).on('close', () => clearTimeout(timer));
    if (this.#socket.writable) this.#socket.write(encodeControl({ opcode: CLOSE, payload }));
  }
}
