/** Evidence that passes every question on and notes the answers. */
import type { Redactor } from './redact.ts';
import { openBounds } from './tape-bounds.ts';
import { checksum, keyOf, type Question, TAPE_VERSION, type TapeEnd, type TapeHeader, type TapeValues } from './tape-format.ts';
import { type Answer, type ByteString, type DiagFamily, type DiagSocket, type Evidence, type FileStat, type InotifyQuestions, type InsideQuestions, type NetworkQuestions, NOT_RECORDED, type SocketProbe, type TaskQuestions, type UserQuestions } from './types.ts';

/** An answer of so few characters is no longer than what would stand in its place. */
const SHORT = 24;

export interface TapeWriter {
  /** Use this instead of the evidence it was made from. Its answers are the true ones, whatever the tape says. */
  evidence: Evidence;
  /** The text of the tape so far, complete with its end line. */
  finish(): string;
}

/**
 * @param header its `target` and `host` are written as they are: whoever redacts the answers must redact them too (Redactor.text);
 *   `redacted` is true at least when there is a redactor
 * @param pids whom the tape is about: of long tables that tell of all programs only what touches theirs is noted
 * @param redactor applied to answers, and to the keys of questions that hold names, before they are noted
 */
export function openTapeWriter(
  inner: Evidence,
  header: Pick<TapeHeader, 'tool' | 'recordedAt' | 'target'> & Partial<Pick<TapeHeader, 'host' | 'redacted' | 'leftOut'>>,
  redactor?: Redactor,
  pids?: readonly number[],
): TapeWriter {
  const redacted = header.redacted === true || redactor !== undefined;
  const first: TapeHeader = { reloadctl: 'tape', version: TAPE_VERSION, ...header, redacted };
  const lines = [''];
  // A copy of a tape stays what it is.
  const bounds = inner.origin === 'live' && pids ? openBounds(new Set(pids), (path) => inner.read(path)) : undefined;
  /** By question, since the last pause. */
  const last = new Map<string, { told: string; /** The same again, not written: when. */ left: number[] }>();
  /** The last answer written to each question, and where each answer that is long stands. */
  const written = { asked: new Map<string, { told: string; index: number }>(), answers: new Map<string, number>() };
  const write = (question: string, key: string, at: number, told: string): void => {
    const index = lines.length - 1;
    const when = JSON.stringify(Math.round(at * 1000) / 1000);
    const name = `${question} ${key}`;
    // Pauses are counted by whoever reads a tape by eye.
    const same = question === 'sleep' ? undefined : written.asked.get(name);
    if (same?.told === told) {
      lines.push(`[${same.index},${when}]`);
      return;
    }
    written.asked.set(name, { told, index });
    const known = told.length > SHORT ? written.answers.get(told) : undefined;
    if (told.length > SHORT && known === undefined) written.answers.set(told, index);
    lines.push(`[${JSON.stringify(question)},${JSON.stringify(key)},${when},${known === undefined ? told : `null,null,${known}`}]`);
  };
  const note = <Q extends Question>(question: Q, key: string, answer: Answer<TapeValues[Q]>): void => {
    // A tape made from a tape lacks what that one lacks.
    if (answer.errno === NOT_RECORDED) return;
    const shown = redactor === undefined ? key : redactor.key(question, key);
    if (question === 'sleep') last.clear();
    const value = answer.value === undefined || !bounds ? answer.value : bounds.bound(question, key, answer.value);
    const told = answer.errno === undefined ? JSON.stringify(redactor === undefined ? value : redactor.value(question, key, value!)) : `null,${JSON.stringify(answer.errno)}`;
    // Several wings ask the same: a question asked more often than it was recorded keeps its last answer.
    const name = `${question} ${shown}`;
    if (told === undefined) return;
    const before = last.get(name);
    // A copy of a tape stays what it is.
    if (before?.told === told && inner.origin === 'live') before.left.push(answer.at);
    else {
      // Before another answer each of them counts.
      for (const at of before?.left ?? []) write(question, shown, at, before!.told);
      write(question, shown, answer.at, told);
      if (question !== 'sleep') last.set(name, { told, left: [] });
    }
  };
  return {
    evidence: new NotingEvidence(inner, note),
    finish() {
      const leftOut = bounds?.leftOut() ?? 0;
      lines[0] = JSON.stringify(leftOut > 0 ? { ...first, leftOut } : first);
      const text = `${lines.join('\n')}\n`;
      const end: TapeEnd = { end: true, answers: lines.length - 1, sha256: checksum(text) };
      return `${text}${JSON.stringify(end)}\n`;
    },
  };
}

/** Told of each question that was answered. */
export type Note = <Q extends Question>(question: Q, key: string, answer: Answer<TapeValues[Q]>) => void;

/** Passes every question on, and tells of it. */
export class NotingEvidence implements Evidence {
  readonly origin: Evidence['origin'];
  readonly #inner: Evidence;
  readonly #note: Note;
  readonly inotify?: InotifyQuestions;
  readonly users?: UserQuestions;
  readonly network?: NetworkQuestions;
  readonly tasks?: TaskQuestions;
  readonly inside?: InsideQuestions;

  constructor(inner: Evidence, note: Note) {
    this.origin = inner.origin;
    this.#inner = inner;
    this.#note = note;
    if (inner.inotify) this.inotify = this.#notingInotify(inner.inotify);
    if (inner.users) this.users = this.#notingUsers(inner.users);
    if (inner.tasks) this.tasks = this.#notingTasks(inner.tasks);
    if (inner.network) this.network = this.#notingNetwork(inner.network);
    const { inside } = inner;
    if (inside)
      this.inside = {
        handles: async (pid, ask) => this.#noted('handles', String(pid), await inside.handles(pid, ask)),
        goroutines: async (pid, ask) => this.#noted('goroutines', String(pid), await inside.goroutines(pid, ask)),
      };
  }

  now(): number {
    return this.#inner.now();
  }

  async sleep(ms: number): Promise<void> {
    await this.#inner.sleep(ms);
    this.#note('sleep', '', { value: ms, at: this.#inner.now(), source: '' });
  }

  read(path: string): Answer<ByteString> {
    return this.#noted('read', path, this.#inner.read(path));
  }

  readlink(path: string): Answer<ByteString> {
    return this.#noted('readlink', path, this.#inner.readlink(path));
  }

  list(path: string): Answer<string[]> {
    return this.#noted('list', path, this.#inner.list(path));
  }

  size(path: string): Answer<number> {
    return this.#noted('size', path, this.#inner.size(path));
  }

  async readSlow(paths: readonly string[]): Promise<Answer<ByteString>[]> {
    const answers = await this.#inner.readSlow(paths);
    for (const [index, answer] of answers.entries()) this.#note('readSlow', paths[index] ?? answer.source, answer);
    return answers;
  }

  async statSlow(directory: string, names: readonly string[]): Promise<Answer<FileStat>[]> {
    const answers = await this.#inner.statSlow(directory, names);
    for (const [index, answer] of answers.entries()) this.#note('statSlow', keyOf.statSlow(directory, names[index] ?? ''), answer);
    return answers;
  }

  sockDiag(family: DiagFamily): Answer<DiagSocket[]> {
    return this.#noted('sockDiag', family, this.#inner.sockDiag(family));
  }

  sameDescription(pid1: number, fd1: number, pid2: number, fd2: number): Answer<boolean> {
    const answer = this.#inner.sameDescription(pid1, fd1, pid2, fd2);
    return this.#noted('sameDescription', keyOf.sameDescription(pid1, fd1, pid2, fd2), answer);
  }

  isEpollTarget(pid: number, fd: number, epollFd: number, targetFd: number): Answer<boolean> {
    const answer = this.#inner.isEpollTarget(pid, fd, epollFd, targetFd);
    return this.#noted('isEpollTarget', keyOf.isEpollTarget(pid, fd, epollFd, targetFd), answer);
  }

  probeSocket(pid: number, fd: number): Answer<SocketProbe> {
    return this.#noted('probeSocket', keyOf.probeSocket(pid, fd), this.#inner.probeSocket(pid, fd));
  }

  close(): boolean {
    return this.#inner.close();
  }

  #notingInotify(inner: InotifyQuestions): InotifyQuestions {
    return {
      queueBytes: (pid, fd) => this.#noted('queueBytes', keyOf.queueBytes(pid, fd), inner.queueBytes(pid, fd)),
      pathsOfHandles: (pid, mountPoint, handles) => {
        const answers = inner.pathsOfHandles(pid, mountPoint, handles);
        for (const [index, answer] of answers.entries()) this.#note('pathOfHandle', keyOf.pathOfHandle(pid, mountPoint, handles[index]!), answer);
        return answers;
      },
      lookInRoot: (pid, path) => this.#noted('lookInRoot', keyOf.inRoot(pid, path), inner.lookInRoot(pid, path)),
      handleInRoot: (pid, path) => this.#noted('handleInRoot', keyOf.inRoot(pid, path), inner.handleInRoot(pid, path)),
      listInRoot: (pid, path) => this.#noted('listInRoot', keyOf.inRoot(pid, path), inner.listInRoot(pid, path)),
      searchMount: async (pid, mountPoint, inos) => this.#noted('searchMount', keyOf.inRoot(pid, mountPoint), await inner.searchMount(pid, mountPoint, inos)),
      watcherProgram: async (pid) => this.#noted('watcherProgram', String(pid), await inner.watcherProgram(pid)),
    };
  }

  #notingNetwork(inner: NetworkQuestions): NetworkQuestions {
    return {
      sockDiagOf: (pid, part) => this.#noted('sockDiagOf', keyOf.sockDiagOf(pid, part), inner.sockDiagOf(pid, part)),
      readAsNetOf: (pid, paths) => {
        const answers = inner.readAsNetOf(pid, paths);
        for (const [index, answer] of answers.entries()) this.#note('readAsNetOf', keyOf.asNetOf(pid, paths[index]!), answer);
        return answers;
      },
      reusesPort: (pid, fd) => this.#noted('reusesPort', keyOf.reusesPort(pid, fd), inner.reusesPort(pid, fd)),
      holdersOf: async (inodes, signal) => this.#noted('holdersOf', '', await inner.holdersOf(inodes, signal)),
    };
  }

  #notingTasks(inner: TaskQuestions): TaskQuestions {
    return {
      tidsOf: (pid) => this.#noted('tidsOf', String(pid), inner.tidsOf(pid)),
      pathsAt: async (pid, addresses) => this.#notedEach('pathAt', addresses.map((address) => keyOf.memory(pid, address)), await inner.pathsAt(pid, addresses)),
      polledAt: async (pid, polls) => this.#notedEach('polledAt', polls.map(({ address, count }) => keyOf.polled(pid, address, count)), await inner.polledAt(pid, polls)),
      locksAt: async (pid, addresses) => this.#notedEach('lockAt', addresses.map((address) => keyOf.memory(pid, address)), await inner.locksAt(pid, addresses)),
    };
  }

  #notedEach<Q extends Question>(question: Q, keys: readonly string[], answers: Answer<TapeValues[Q]>[]): Answer<TapeValues[Q]>[] {
    for (const [index, answer] of answers.entries()) this.#note(question, keys[index]!, answer);
    return answers;
  }

  #notingUsers(inner: UserQuestions): UserQuestions {
    return {
      findLinks: (pid, texts) => this.#noted('findLinks', keyOf.findLinks(pid, texts), inner.findLinks(pid, texts)),
      countLinesSlow: async (paths, start) => {
        const answers = await inner.countLinesSlow(paths, start);
        for (const [index, answer] of answers.entries()) this.#note('countLinesSlow', keyOf.countLines(paths[index]!, start), answer);
        return answers;
      },
      descriptionOrder: (...key) => this.#noted('descriptionOrder', keyOf.sameDescription(...key), inner.descriptionOrder(...key)),
      userNamespaces: (pid) => this.#noted('userNamespaces', String(pid), inner.userNamespaces(pid)),
      startedAs: (pid) => this.#noted('startedAs', String(pid), inner.startedAs(pid)),
      tryWatches: (wanted, uid) => inner.tryWatches(wanted, uid),
      tryInstances: (wanted, uid) => this.#noted('tryInstances', keyOf.tryInstances(wanted, uid), inner.tryInstances(wanted, uid)),
      readAsUserOf: async (pid, paths) => {
        const answers = await inner.readAsUserOf(pid, paths);
        for (const [index, answer] of answers.entries()) this.#note('readAsUserOf', keyOf.asUserOf(pid, paths[index]!), answer);
        return answers;
      },
      realPaths: (paths) => inner.realPaths(paths),
      countTree: (tree, options) => inner.countTree(tree, options),
    };
  }

  #noted<Q extends Question>(question: Q, key: string, answer: Answer<TapeValues[Q]>): Answer<TapeValues[Q]> {
    this.#note(question, key, answer);
    return answer;
  }
}
