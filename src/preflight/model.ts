/** What was seen before a reload: the event that the rules of this wing judge. */
import type { ByteString } from '../evidence/types.ts';
import type { FileLock } from '../kernel/proc/locks.ts';
import type { Process } from '../kernel/types.ts';
import type { Resolved } from '../kernel/in-root.ts';
import type { Deaf, Effect, KnownProgram } from './programs.ts';

export interface Delivery {
  number: number;
  /** Without SIG. */
  name: string;
  caught: boolean;
  ignored: boolean;
  /** Every thread blocked it, at each of so many looks. */
  blockedLooks: number;
  looks: number;
  threads: number;
  /** Not all threads were asked. */
  threadsUnread: boolean;
  /** A signalfd takes it, by number; or a thread waits for it in sigwait. */
  readBy?: { fd: number } | { tid: number };
  /** Process 1 of its pid namespace: a signal without a handler does nothing to it. */
  isInit: boolean;
  /** The Go runtime catches all signals, whether the program asks for them or not. */
  isGo: boolean;
  /** Of a Go program: it asks for this one (signal.Notify). Absent: not known. */
  asked?: boolean;
  action: 'ends' | 'stops' | 'nothing';
}

export interface Binary {
  /** As it would be started; absent where the memory of the process shows a title instead. */
  argument?: ByteString;
  /** Where a name without a slash was looked for, or `path` for an argument with one. */
  by: 'path' | 'cwd' | 'search' | 'unknown';
  cwd?: ByteString;
  /** What is there; absent when nothing could be looked for. */
  found?: Resolved;
  /** Of a bare name: what PATH of the process leads to, whether the program looks there or not. */
  inPath?: ByteString;
  /** What runs: /proc/PID/exe. */
  exe?: ByteString;
  /** The file found is the one that runs. Absent: not known. */
  same?: boolean;
  /** Regular, and executable for somebody. */
  executable?: boolean;
}

/** How much more of something there can be, and what a second generation takes if it is like this one. */
export interface Room {
  resource: 'descriptors' | 'pids' | 'memory' | 'open files of the host' | 'inotify instances';
  used: number;
  limit: number;
  left: number;
  /** null: unknown. */
  need: number | null;
  /** Below this nothing can start at all. */
  least: number;
  source: string;
  unit?: 'bytes';
}

export interface PidFile {
  path: string;
  /** null: no number in it. */
  pid: number | null;
  /** It names the process, by a number that it has in any of its pid namespaces. */
  matches: boolean;
  /** The one that was asked about is not there. */
  missing?: true;
  /** A file of that name with `.oldbin` is there too: an upgrade that has not ended. */
  oldbin?: number;
}

export interface HeldLock extends FileLock {
  /** The file it is on. */
  path: ByteString;
  /** Who took it is still there. */
  alive: boolean;
}

/** The swap of a binary. Paths as the process sees them. */
export interface Swap {
  file: ByteString;
  /** What would be replaced, without symbolic links. */
  target: ByteString;
  /** What lies at `file`. */
  found: Resolved;
  /** Symbolic links from what it was started by to `target`. */
  links: Resolved['links'];
  /** A rename from there to here is one step. Absent: not known. */
  sameFilesystem?: boolean;
  mounts?: { from: ByteString; to: ByteString };
  /** Of the mount of `target`. */
  noexec?: boolean;
  readOnly?: boolean;
  regular?: boolean;
  executable?: boolean;
  size?: number;
  /** Both are one file. */
  alreadyThere?: boolean;
  /** Who has the new file open for writing. */
  writers: number[];
}

/** A listener, and how long the queue of one made anew could be. */
export interface Backlog {
  address: string;
  port: number;
  queue: number;
  backlog: number;
  somaxconn: number;
}

export interface PreflightLook {
  type: 'preflight';
  process: Process;
  /** All processes of the generation. */
  pids: number[];
  program?: KnownProgram;
  /** Absent without --signal. */
  delivery?: Delivery;
  /** The program has a handler for it that reloads nothing. */
  deaf?: Deaf;
  /** What the signal makes the program do, where that is known. */
  effect?: Effect;
  binary: Binary;
  room: Room[];
  pidFiles: PidFile[];
  locks: HeldLock[];
  backlogs: Backlog[];
  swap?: Swap;
}
