/** Evidence of this machine, now. */
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from './errno.ts';
import { liveInotify } from './live-inotify.ts';
import { liveNetwork } from './live-network.ts';
import { liveTasks } from './live-tasks.ts';
import { liveUsers } from './live-users.ts';
import { loadNative } from './native/index.ts';
import type { Native } from './native/types.ts';
import type { PackedLinks } from './packed-links.ts';
import { walkLinks } from './link-walk.ts';
import { listDirectory, packLinks, readLink, readLinks, readUntil, readWhole, sizeOf } from './procfs.ts';
import { liveMemory } from './random-file.ts';
import { openReader, type Reader, type ReaderPrograms } from './reader.ts';
import type { Reply } from './reader-parts.ts';
import { openFilesLimit } from './open-limits.ts';
import { isOutOfDescriptors, openSpare } from './spare.ts';
import { statLocal } from './stat-local.ts';
import type { Answer, ByteString, DiagFamily, DiagSocket, Errno, Evidence, FileStat, InetSockets, InotifyQuestions, InsideQuestions, LinkAnswers, LinkWalk, MemoryQuestions, NetworkQuestions, OpenFilesLimit, SocketProbe, TakeSocket, TaskQuestions, UserQuestions } from './types.ts';

export interface LiveOptions {
  /** How long a batch of class B reads may take before it is given up on, ms; 2000 unless told. */
  readerDeadlineMs?: number;
  /** Native calls to use; null for none. Unless told, this host's, loaded at the first question that needs them. */
  native?: Native | null;
  /** Where `cat` and `stat` may be; the system's directories unless told. */
  programs?: ReaderPrograms;
  /** Aborted: sleeps and class B reads end at once, so that a signal is answered at once. */
  signal?: AbortSignal;
}

const READER_DEADLINE_MS = 2000;

export function openLive(options: LiveOptions = {}): Evidence {
  return new LiveEvidence(options);
}

class LiveEvidence implements Evidence {
  readonly origin = 'live';
  readonly #openedAt = monotonicMs();
  readonly #spare = openSpare();
  readonly #reader: Reader;
  readonly #signal: AbortSignal | undefined;
  readonly inotify: InotifyQuestions;
  readonly users: UserQuestions;
  readonly network: NetworkQuestions;
  readonly memory: MemoryQuestions;
  readonly tasks: TaskQuestions;
  readonly inside: InsideQuestions = {
    handles: async (pid, ask) => {
      const value = await ask(this);
      return { value, at: this.now(), source: `handles of ${pid}` };
    },
    goroutines: async (pid, ask) => {
      const value = await ask(this);
      return { value, at: this.now(), source: `goroutines of ${pid}` };
    },
  };
  #native: Native | null | undefined;

  constructor(options: LiveOptions) {
    this.#native = options.native;
    this.#signal = options.signal;
    this.#reader = openReader({
      deadlineMs: options.readerDeadlineMs ?? READER_DEADLINE_MS,
      ...(options.programs === undefined ? {} : { programs: options.programs }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    this.inotify = liveInotify(this, this.#reader, () => this.#calls());
    this.tasks = liveTasks(this, this.#reader);
    this.memory = liveMemory(() => this.now());
    this.network = liveNetwork(this, () => this.#calls());
    this.users = liveUsers(this, this.#reader, () => this.#calls());
  }

  now(): number {
    return Math.round((monotonicMs() - this.#openedAt) * 10) / 10;
  }

  async sleep(ms: number): Promise<void> {
    await delay(ms, undefined, this.#signal && { signal: this.#signal }).catch(() => undefined);
  }

  // The try blocks are written out four times: a closure per call would be the dearest part of 19,000 readlinks.

  read(path: string): Answer<ByteString> {
    try {
      return { value: readWhole(path), at: this.now(), source: path };
    } catch (error) {
      return this.#again(error, path, readWhole);
    }
  }

  readUntil(path: string, isEnough: (page: ByteString) => boolean): Answer<ByteString> {
    try {
      return { value: readUntil(path, isEnough), at: this.now(), source: path };
    } catch (error) {
      return this.#again(error, path, (again) => readUntil(again, isEnough));
    }
  }

  readlink(path: string): Answer<ByteString> {
    try {
      return { value: readLink(path), at: this.now(), source: path };
    } catch (error) {
      return this.#refused(error, path);
    }
  }

  readlinks(directory: string, numbers: readonly number[]): LinkAnswers {
    return readLinks(directory, numbers);
  }

  packLinks(directory: string, numbers: readonly number[], into: PackedLinks): Map<number, Errno> {
    return packLinks(directory, numbers, into);
  }

  walkLinks(directory: string, open: number, into: PackedLinks): LinkWalk | undefined {
    return walkLinks(directory, open, into);
  }

  list(path: string): Answer<string[]> {
    try {
      return { value: listDirectory(path), at: this.now(), source: path };
    } catch (error) {
      return this.#again(error, path, listDirectory);
    }
  }

  size(path: string): Answer<number> {
    try {
      const size = sizeOf(path);
      return size === undefined ? this.#answer({ errno: 'ENOENT' }, path) : { value: size, at: this.now(), source: path };
    } catch (error) {
      return this.#refused(error, path);
    }
  }

  openFilesLimit(pid: number): OpenFilesLimit | undefined {
    return openFilesLimit(pid, () => this.#calls());
  }

  async readSlow(paths: readonly string[]): Promise<Answer<ByteString>[]> {
    const replies = await this.#reader.readMany(paths);
    return paths.map((path, index) => this.#answer(replies[index] ?? { errno: 'ENOREADER' }, path));
  }

  async statSlow(directory: string, names: readonly string[]): Promise<Answer<FileStat>[]> {
    const replies = statLocal(directory, names);
    const rest = names.filter((_, index) => !replies[index]);
    const slow = (rest.length > 0 ? await this.#reader.statMany(directory, rest) : []).values();
    return names.map((name, index) => this.#answer(replies[index] ?? slow.next().value ?? { errno: 'ENOREADER' }, `${directory}/${name}`));
  }

  sockDiag(family: DiagFamily): Answer<DiagSocket[]> {
    return this.#ask(`sock_diag ${family}`, (native) => native.sockDiag(family));
  }

  inetSockets(family: 'tcp' | 'udp', take?: TakeSocket): Answer<InetSockets> {
    return this.#ask(`sock_diag ${family}`, (native) => {
      if (native.inetSockets) return native.inetSockets(family, take);
      throw Object.assign(new Error('no such call'), { code: 'ENOTSUP' });
    });
  }

  sameDescription(pid1: number, fd1: number, pid2: number, fd2: number): Answer<boolean> {
    const source = `kcmp(${pid1}, ${pid2}, KCMP_FILE, ${fd1}, ${fd2})`;
    return this.#ask(source, (native) => native.sameDescription(pid1, fd1, pid2, fd2));
  }

  isEpollTarget(pid: number, fd: number, epollFd: number, targetFd: number): Answer<boolean> {
    const source = `kcmp(${pid}, KCMP_EPOLL_TFD, ${fd}, ${epollFd}:${targetFd})`;
    return this.#ask(source, (native) => native.isEpollTarget(pid, fd, epollFd, targetFd));
  }

  probeSocket(pid: number, fd: number): Answer<SocketProbe> {
    return this.#ask(`pidfd_getfd(${pid}, ${fd})`, (native) => native.probeSocket(pid, fd));
  }

  close(): boolean {
    this.#spare.close();
    return this.#reader.close();
  }

  #ask<T>(source: string, question: (native: Native) => T): Answer<T> {
    const native = this.#calls();
    if (native === null) return this.#answer({ errno: 'ENOTSUP' }, source);
    try {
      return this.#answer({ value: question(native) }, source);
    } catch (error) {
      return this.#refused(error, source);
    }
  }

  #calls(): Native | null {
    if (this.#native === undefined) this.#native = loadNative();
    return this.#native;
  }

  #again<T>(error: unknown, path: string, question: (path: string) => T): Answer<T> {
    if (!isOutOfDescriptors(error)) return this.#refused(error, path);
    try {
      return this.#answer({ value: this.#spare.retry(error, () => question(path)) }, path);
    } catch (second) {
      return this.#refused(second, path);
    }
  }

  #answer<T>(reply: Reply<T>, source: string): Answer<T> {
    return { ...reply, at: this.now(), source };
  }

  #refused(error: unknown, source: string): { errno: Errno; at: number; source: string } {
    return { errno: errnoOf(error), at: this.now(), source };
  }
}

/** performance.now() without the modules that Node loads for it. */
function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
