/** What the load is made of, and what becomes of each request. */

export type Traffic = 'new' | 'pooled' | 'stream' | 'held' | 'websocket';

/** What went wrong with a request; names are those of `data`. */
export type FailureClass =
  /** Nobody listened. */
  | 'refused'
  /** The connection was reset, or ended before any answer. */
  | 'reset'
  /** The answer began and did not come to its end. */
  | 'cut'
  | 'timeout'
  /** 5xx, 4xx where the first answer was none, or no answer that could be understood. */
  | 'status'
  /** An answer of a generation that should be gone. */
  | 'wrongGeneration';

export const FAILURE_CLASSES: readonly FailureClass[] = ['refused', 'reset', 'cut', 'timeout', 'status', 'wrongGeneration'];

export interface Ended {
  traffic: Traffic;
  /** When it should have begun, when it did, and when it was over; ms of performance.now(). */
  intended: number;
  started: number;
  ended: number;
  /** Until the connection stood, ms; absent on one that stood already. */
  connectMs?: number;
  result:
    | { what: 'ok'; status?: number }
    /** The end of the answer is the end of the connection: whether it is whole nobody can tell. */
    | { what: 'unknown' }
    /** The keep-alive race: the connection was closed while the request was under way. Asked anew it was answered: a client that retries GET sees nothing of it, a POST fails. */
    | { what: 'raced' }
    | { what: 'failed'; class: FailureClass; during: 'connect' | 'before' | 'answer'; detail: string }
    /** We could not ask: no local port, no descriptor. Never the fault of the server. */
    | { what: 'own'; code: string };
  /** What the header that names the generation says. */
  generation?: string;
  /** For those who asked for it. */
  body?: string;
  headers?: ReadonlyMap<string, string>;
}

/** Where to ask, resolved once. */
export interface Endpoint {
  /** As it is shown: `http://127.0.0.1:8080/`, `tcp 127.0.0.1:6379`. */
  label: string;
  address: string;
  port: number;
  isLoopback: boolean;
  tls?: { servername?: string; insecure: boolean };
  /** `firstStatus`: of the answer to the first question, before any load. */
  http?: { host: string; path: string; method: string; firstStatus?: number };
  /** Plain TCP: what is said, and then some bytes must come. */
  send?: Buffer;
  /** Plain TCP without `send`: it closes a connection whose other side has. Else a connection that stands is all there is to see. */
  answersEnd?: boolean;
}
