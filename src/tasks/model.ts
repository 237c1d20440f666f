/** What threads wait for: the event that the rules of this wing judge. */
import type { ByteString } from '../evidence/types.ts';
import type { Paused } from '../kernel/paused.ts';
import type { AwaitedLock } from '../kernel/proc/locks.ts';
import type { Fd, Process, Snapshot } from '../kernel/types.ts';
import type { Wait } from './waits.ts';

export interface Task {
  process: Process;
  tid: number;
  /** Its number in its own pid namespace: as locks in its memory have it. */
  ownTid: number;
  name: ByteString;
  /** One letter: R S D Z T t X I. */
  state: string;
  /** What it waits in; absent when it runs, or when that may not be read. */
  wait?: Wait;
  /** Name of the system call. */
  call?: string;
  /** The kernel function it sleeps in, where that is told. */
  wchan?: string;
  /** The descriptor it waits for, when it is one. */
  fd?: number;
  /** Absent when the descriptor was closed meanwhile, or may not be read. */
  open?: Fd;
  /** All that it polls. */
  polled?: number[];
  /** What it passed as path, of a call that takes one. */
  path?: ByteString;
  /** The thread that has the lock it waits for. */
  owner?: number;
  /** In this wait for at least so long, ms, by our own looks: it has not run in between. 0 after one look. */
  sinceMs: number;
  /** It was in this wait at the first look already, and at each after that. */
  allAlong: boolean;
  /** Kernel functions, innermost first; of uninterruptible sleep, where they may be read. */
  stack?: string[];
}

export interface Awaited extends AwaitedLock {
  /** Of the process that took it, when that is still there. */
  holderName?: ByteString;
}

export interface TasksLook {
  type: 'tasks';
  /** Between the first look and the last, ms; 0: there was one. */
  windowMs: number;
  tasks: Task[];
  snapshot: Snapshot;
  /** By pid. */
  paused: Map<number, Paused>;
  /** Locks on files that somebody waits for. */
  awaited: Awaited[];
  /** Threads of the pool of libuv, by pid of a Node process: UV_THREADPOOL_SIZE. */
  poolSizes: Map<number, number>;
}
