/** What a look at the handles of a Node process gave. */
import type { Process } from '../kernel/types.ts';
import type { Left } from './attach/index.ts';

export type HandleKind =
  | 'tcp-server' | 'tcp-socket' | 'pipe-server' | 'pipe-socket' | 'http2-session' | 'udp-socket' | 'fs-watcher' | 'stat-watcher' | 'child-process' | 'worker'
  | 'timer-interval' | 'timer-timeout' | 'immediate' | 'file-handle' | 'file-stream' | 'tty' | 'dns-request' | 'message-port' | 'promise' | `other:${string}`;

/** A place in the code. */
export interface Frame {
  func: string;
  /** Path or file URL, as the runtime has it; of a source map where there is one. */
  file: string;
  /** From 1. */
  line: number;
  column: number;
}

export interface HttpMessage {
  method: string;
  /** Without its query. */
  url: string;
  side: 'client' | 'server';
  status?: number;
  /** Bytes of the response wait, and nobody reads. */
  unread?: true;
}

export interface Handle {
  pid: number;
  /** 0 is the main thread, else the number of the worker. */
  thread: number;
  kind: HandleKind;
  /** Async id: one for each handle of a thread, never used again. */
  id?: number;
  fd?: number;
  /** Does it keep the loop alive? Absent: not known. */
  ref?: boolean;
  /** `path:line:column` of the code of the application that made it. */
  site?: string;
  /** Of the creation, innermost first. */
  stack?: Frame[];
  /** `path:line:column` of the function that is called when something happens on it. */
  callback?: string;
  local?: string;
  remote?: string;
  /** Of the kernel: `ESTABLISHED`, `CLOSE_WAIT`, ... */
  state?: string;
  /** Bytes received and not read by the process. */
  receiveQueue?: number;
  http?: HttpMessage;
  /** It was accepted: the other side made it. */
  accepted?: true;
  /** Bytes in the read buffer of the stream, and whether anybody takes them. */
  buffered?: number;
  flowing?: boolean;
  reads?: boolean;
  ended?: true;
  /** It goes on when the other side has ended, on purpose: allowHalfOpen. */
  halfOpen?: true;
  /** Of a file stream: no listener, no pipe and no iterator is there. */
  unread?: true;
  connections?: number;
  /** Open ones of an HTTP/2 session; `http` is the oldest. */
  streams?: number;
  /** Of a cluster: the primary listens, and its workers serve. */
  shared?: 'primary' | 'worker';
  path?: string;
  childPid?: number;
  /** threadId of a worker. */
  workerId?: number;
  command?: string;
  /** Of an interval or a time-out, ms. */
  intervalMs?: number;
  dueMs?: number;
  ageMs?: number;
  /** Of a FileHandle: somebody holds it, or nobody does; absent where no garbage was collected since it was opened. */
  held?: boolean;
  /** 0, 1 or 2: a standard stream, which every process has. */
  stdio?: true;
}

/** A descriptor that no handle of the loop stands for. */
export interface OrphanFd {
  pid: number;
  fd: number;
  kind: string;
  target: string;
  site?: string;
  ageMs?: number;
  /** It is a regular file, a directory, ...: something that JavaScript opens. */
  likely: boolean;
}

/** A call of the system that does not come back, and what it is about. */
export interface BlockingCall {
  /** `read`, `wait4`; of the kernel function where its number may not be read. */
  name: string;
  target?: string;
}

export interface LoopState {
  /** ms until the loop turned; the longest seen. */
  delayMs: number;
  /** It did not turn at all while it was looked at. */
  blocked: boolean;
  /** Stacks of the running code, sampled; the innermost frame first. */
  stacks: { frames: Frame[]; count: number }[];
  samples: number;
  /** The main thread is in there, and was all the time. */
  call?: BlockingCall;
  /** A debugger has stopped it: `stacks` says where. */
  paused?: true;
  /** The process started moments ago, and its loop has not begun to turn yet. */
  starting?: true;
  /** Fraction of the time that it was busy, 0 to 1. */
  utilisation?: number;
}

export interface PendingPromise {
  site: string;
  count: number;
  /** Of these, how many have waited for a third of the window and more; and how many of the same line settled after waiting so long. */
  old?: number;
  settledLate?: number;
  /** Of the oldest, ms. */
  ageMs: number;
  stack: Frame[];
}

/** So many ms later; by `pid:fd`, what is as it was. */
export interface SecondLook {
  afterMs: number;
  still: ReadonlySet<string>;
}

/** The event that rules observe. */
export interface NodeLook {
  type: 'node';
  label: string;
  process: Process;
  runtime: { name: string; version: string; major: number };
  /** Creation sites are known. */
  sites: boolean;
  handles: Handle[];
  orphans: OrphanFd[];
  loop?: LoopState;
  promises?: PendingPromise[];
  left?: Left;
  /** Of a look through the heap. */
  heap?: { promises: number; pending: number; cut: boolean };
  windowMs?: number;
  /** What was suspicious at first, looked at again by /proc. */
  again?: SecondLook;
  /** Streams that nobody read at first, looked at again in the process itself: the very same, and nobody reads them still. */
  unread?: SecondLook;
}
