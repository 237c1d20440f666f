/** What the functions that run inside the target hand back, as plain data. Everything in it is hostile until it went through decode.ts. */

/** One thing of the event loop. Short keys: a process may have 100,000. */
export interface RawHandle {
  /** Names of the prototype chain, `TLSSocket Socket Duplex`; of a request or timer its class. */
  c: string;
  /** Class of the native handle: `TCP`, `Pipe`, `TTY`, ... */
  n?: string;
  fd?: number;
  /** Async id. */
  id?: number;
  ref?: boolean;
  /** Method and URL of the HTTP message in progress, and its side. */
  http?: { method: string; url: string; side: 'client' | 'server'; status?: number; /** Response bytes wait and nobody reads them. */ unread?: boolean };
  /** Of streams: bytes in the read buffer; it flows; its end was read; our end was sent. */
  rlen?: number;
  flow?: boolean | null;
  rend?: boolean;
  wend?: boolean;
  /** Somebody listens for `data` or `readable`. */
  reads?: boolean;
  destroyed?: boolean;
  /** It may be written after the other side has ended: allowHalfOpen. */
  half?: boolean;
  /** Of a file stream: nobody reads it. */
  unread?: boolean;
  connecting?: boolean;
  listening?: boolean;
  /** Connections of a server. */
  conns?: number;
  pid?: number;
  file?: string;
  path?: string;
  /** ms. */
  repeat?: number;
  once?: number;
  due?: number;
  /** An HTTP/2 session is on it, with so many streams. */
  h2?: boolean;
  streams?: number;
  /** Index into the functions handed back beside: where the code is that is called. */
  fn?: number[];
  /** One too many to be in there: the group of functions that are written alike. */
  like?: number;
  /** Of the preload: stack of the creation, age in ms. */
  stack?: RawFrame[];
  age?: number;
  /** Stack of the request in progress, which the connection outlives. */
  ask?: RawFrame[];
  /** Accepted by a listener: it was made by the other side. */
  acc?: boolean;
  thread?: number;
  /** Of a cluster: the primary listens, and hands connections to its workers; `conns` of it counts those. */
  shared?: 'primary' | 'worker';
  /** Address of a listener that is no descriptor of this process. */
  at?: string;
  /** Of a FileHandle: it survived a collection of garbage, so that somebody holds it; or it did not. */
  held?: boolean;
}

export interface RawFrame {
  func: string;
  file: string;
  line: number;
  column: number;
}

/** What uv_walk tells, from the diagnostic report. */
export interface RawUv {
  type: string;
  fd?: number;
  ref: boolean;
  active: boolean;
  filename?: string;
}

export interface RawList {
  pid: number;
  version: string;
  runtime: string;
  main: boolean;
  handles: RawHandle[];
  requests: string[];
  /** Of the preload: open files, and workers. */
  extras: RawHandle[];
  preloaded: boolean;
  /** It is in a cluster. */
  cluster?: true;
  /** Of Deno: its own resources are among the handles. */
  named?: true;
  /** Handles that the next part lists. */
  left: number;
  /** Handles left out beyond the limit. */
  cut: number;
  /** With the last part: by group, indices of functions that are written alike. */
  alike?: number[][];
  /** Counted by the runtime itself: `TCPServerWrap`, `Timeout`, ... */
  resources: Record<string, number>;
  /** ms that the listing took in the target. */
  tookMs: number;
}

/** A part of the list of timers. */
export interface RawTimers {
  handles: RawHandle[];
  left: number;
  cut: number;
  alike: number[][];
}
