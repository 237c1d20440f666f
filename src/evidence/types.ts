/**
 * Every question the tool puts to the world, as one interface, so that a tape can stand in for the world.
 * Adapters: live.ts (this machine), tape-write.ts (a live one that notes every answer), tape-read.ts (answers from a tape).
 */
import type { Answer, ByteString, Errno, FileStat, LinkAnswers, LinkWalk, OpenFilesLimit } from './types/answer.ts';
import type { DiagFamily, DiagSocket, InetSockets, NetworkQuestions, SocketProbe, TakeSocket } from './types/sockets.ts';
import type { InotifyQuestions } from './types/inotify.ts';
import type { MemoryQuestions } from './types/memory.ts';
import type { PackedLinks } from './packed-links.ts';
import type { TaskQuestions } from './types/tasks.ts';
import type { UserQuestions } from './types/users.ts';

export type * from './types/answer.ts';
export type * from './types/inotify.ts';
export type * from './types/memory.ts';
export type * from './types/sockets.ts';
export type * from './types/tasks.ts';
export type * from './types/users.ts';
export { NOT_RECORDED } from './types/answer.ts';

/** What processes say of themselves, by ways that are a wing's own. On the tape is what the wing made of it, never what was said. */
export interface InsideQuestions {
  /** The handles of a Node process. `ask` is called on a live host only, with evidence of which nothing is noted. */
  handles(pid: number, ask: (evidence: Evidence) => Promise<object>): Promise<Answer<object>>;
  /** Goroutines of a Go program, likewise; what `ask` throws is thrown, and nothing noted. */
  goroutines(pid: number, ask: (evidence: Evidence) => Promise<object>): Promise<Answer<object>>;
}

export interface Evidence {
  readonly origin: 'live' | 'tape';

  /** Monotonic ms since the evidence was opened. On a tape: as recorded. */
  now(): number;
  /** Resolves after `ms`. On a tape: at once. */
  sleep(ms: number): Promise<void>;

  // Class A: lock-free reads that cannot block on the target. Synchronous, always first.
  /** A whole small file under /proc (or another regular file of the kernel's). */
  read(path: string): Answer<ByteString>;
  /** The first pages of a long table under /proc, until `isEnough` says so of the last one. Absent: read all of it. Not on tapes. */
  readUntil?(path: string, isEnough: (page: ByteString) => boolean): Answer<ByteString>;
  readlink(path: string): Answer<ByteString>;
  /**
   * readlink of `directory/number` for each number, with less ado than one by one: an answer of its own for each of 19,000
   * costs more than the system call. Absent: ask one by one.
   */
  readlinks?(directory: string, numbers: readonly number[]): LinkAnswers;
  /** The same into `into`, for very many; returns the errnos of those that could not be read, by index. Absent: as readlinks. */
  packLinks?(directory: string, numbers: readonly number[], into: PackedLinks): Map<number, Errno>;
  /**
   * Begins to read all links of a `/proc/PID/fd` with about `open` descriptors, without listing it first. Absent or undefined: list and
   * pack. Not on tapes.
   */
  walkLinks?(directory: string, open: number, into: PackedLinks): LinkWalk | undefined;
  /** Directory entries, in the order of the kernel. */
  list(path: string): Answer<string[]>;
  /** st_size of a /proc directory or file; `fd/` directories say their fd count since Linux 6.2 (0 before). */
  size(path: string): Answer<number>;

  /** How many descriptors a process may open, for who asks for those of all processes. Absent or undefined: read its limits. Not on tapes. */
  openFilesLimit?(pid: number): OpenFilesLimit | undefined;

  // Class B: can block on locks of the target or on a dead file system. Runs in a child that is given up on after the deadline.
  /** Answers in the order of `paths`. */
  readSlow(paths: readonly string[]): Promise<Answer<ByteString>[]>;
  /** stat(2), following links, of `directory/name` for each name; answers in the order of `names`. */
  statSlow(directory: string, names: readonly string[]): Promise<Answer<FileStat>[]>;

  // Native calls. `ENOTSUP` where there are none: every result exists without them, with less detail.
  /** All TCP sockets (v4 and v6, all states, with the closed-but-bound) or all unix sockets of our own network namespace. */
  sockDiag(family: DiagFamily): Answer<DiagSocket[]>;
  /**
   * What /proc/net/{tcp,tcp6} or {udp,udp6} of our own network namespace list, and no more, in less time. Absent: read those. Not on tapes.
   * @param take called for each as it comes, maybe twice for one; what it takes (true) is not kept
   */
  inetSockets?(family: 'tcp' | 'udp', take?: TakeSocket): Answer<InetSockets>;
  /** kcmp(2) KCMP_FILE: do the two fds share one open file description? */
  sameDescription(pid1: number, fd1: number, pid2: number, fd2: number): Answer<boolean>;
  /** kcmp(2) KCMP_EPOLL_TFD: is fd `fd` of `pid` the file registered as `targetFd` in epoll `epollFd`? EBADF: number closed. */
  isEpollTarget(pid: number, fd: number, epollFd: number, targetFd: number): Answer<boolean>;
  /** pidfd_getfd, a few getsockopts, close: within one tick, since a held copy delays the target's FIN. */
  probeSocket(pid: number, fd: number): Answer<SocketProbe>;

  /** Absent in a world that has no such questions: as ENOTSUP. */
  readonly inotify?: InotifyQuestions;
  readonly users?: UserQuestions;
  readonly network?: NetworkQuestions;
  readonly memory?: MemoryQuestions;
  readonly tasks?: TaskQuestions;
  readonly inside?: InsideQuestions;

  /** Ends helpers. Returns true when a reader is stuck and could not be ended. */
  close(): boolean;
}
