/** Evidence that passes every question on and notes the answers. */
import type { Redactor } from './redact.ts';
import { checksum, keyOf, type Question, TAPE_VERSION, type TapeEnd, type TapeHeader, type TapeValues } from './tape-format.ts';
import { type Answer, type ByteString, type DiagFamily, type DiagSocket, type Evidence, type FileStat, type InotifyQuestions, type InsideQuestions, type NetworkQuestions, NOT_RECORDED, type SocketProbe, type UserQuestions } from './types.ts';

export interface TapeWriter {
  /** Use this instead of the evidence it was made from. Its answers are the true ones, whatever the tape says. */
  evidence: Evidence;
  /** The text of the tape so far, complete with its end line. */
  finish(): string;
}

/**
 * @param header its `target` and `host` are written as they are: whoever redacts the answers must redact them too (Redactor.text);
 *   `redacted` is true at least when there is a redactor
 * @param redactor applied to answers, and to the keys of questions that hold names, before they are noted
 */
export function openTapeWriter(
  inner: Evidence,
  header: Pick<TapeHeader, 'tool' | 'recordedAt' | 'target'> & Partial<Pick<TapeHeader, 'host' | 'redacted'>>,
  redactor?: Redactor,
): TapeWriter {
  const redacted = header.redacted === true || redactor !== undefined;
  const first: TapeHeader = { reloadctl: 'tape', version: TAPE_VERSION, ...header, redacted };
  const lines = [JSON.stringify(first)];
  const note = <Q extends Question>(question: Q, key: string, answer: Answer<TapeValues[Q]>): void => {
    // A tape made from a tape lacks what that one lacks.
    if (answer.errno === NOT_RECORDED) return;
    const written = redactor === undefined ? key : redactor.key(question, key);
    if (answer.errno !== undefined) lines.push(JSON.stringify([question, written, answer.at, null, answer.errno]));
    else if (answer.value !== undefined) {
      const value = redactor === undefined ? answer.value : redactor.value(question, key, answer.value);
      lines.push(JSON.stringify([question, written, answer.at, value]));
    }
  };
  return {
    evidence: new NotingEvidence(inner, note),
    finish() {
      const text = `${lines.join('\n')}\n`;
      const end: TapeEnd = { end: true, answers: lines.length - 1, sha256: checksum(text) };
      return `${text}${JSON.stringify(end)}\n`;
    },
  };
}

type Note = <Q extends Question>(question: Q, key: string, answer: Answer<TapeValues[Q]>) => void;

class NotingEvidence implements Evidence {
  readonly origin: Evidence['origin'];
  readonly #inner: Evidence;
  readonly #note: Note;
  readonly inotify?: InotifyQuestions;
  readonly users?: UserQuestions;
  readonly network?: NetworkQuestions;
  readonly inside?: InsideQuestions;

  constructor(inner: Evidence, note: Note) {
    this.origin = inner.origin;
    this.#inner = inner;
    this.#note = note;
    if (inner.inotify) this.inotify = this.#notingInotify(inner.inotify);
    if (inner.users) this.users = this.#notingUsers(inner.users);
    if (inner.network) this.network = this.#notingNetwork(inner.network);
    const { inside } = inner;
    if (inside) this.inside = { handles: async (pid, ask) => this.#noted('handles', String(pid), await inside.handles(pid, ask)) };
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
