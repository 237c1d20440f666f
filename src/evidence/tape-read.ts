/** Evidence from a tape: the same questions get the same answers, anywhere and any time later. */
import { keyOf, type Question, sourceOf, type TapeHeader, type TapeValues } from './tape-format.ts';
import { parseTape, type TapeRecord } from './tape-parse.ts';
import { type Answer, type ByteString, type DiagFamily, type DiagSocket, type Evidence, type FileStat, type InotifyQuestions, type InsideQuestions, type NetworkQuestions, NOT_RECORDED, type SocketProbe, type TaskQuestions, type UserQuestions } from './types.ts';

export interface TapeEvidence extends Evidence {
  readonly header: TapeHeader;
  /** Sources of the questions asked so far that the tape holds no answer to, each once. */
  missing(): string[];
  /** The same tape from its beginning; what it does not answer is told by `missing` of both. */
  rewound(): TapeEvidence;
}

/**
 * @param fileName for messages only
 * @param origin `live` for a tape of one look of our own, which holds what that look asked and is asked the same: tapes hold more
 * @throws TapeError when the text is no tape, of a newer version, cut off or changed
 */
export function readTape(text: string, fileName: string, origin: Evidence['origin'] = 'tape'): TapeEvidence {
  const { header, records } = parseTape(text, fileName);
  return new TapedEvidence(header, records, origin);
}

/** The answers to one question in the order they were given. */
interface Track {
  records: TimedRecord[];
  /** Index of the one given last; -1 before the first. */
  given: number;
}

interface TimedRecord extends TapeRecord {
  /** Pauses before it. */
  round: number;
}

/** What a longer wait would have shown. */
const AFTERWARDS = 'what came after the last pause';

export class TapedEvidence implements TapeEvidence {
  readonly origin: Evidence['origin'];
  readonly header: TapeHeader;
  protected readonly records: readonly TapeRecord[];
  readonly #tracks = new Map<string, Track>();
  readonly #missing: Set<string>;
  /** When the pauses ended. */
  readonly #pauses: number[] = [];
  #round = 0;
  #now = 0;

  constructor(header: TapeHeader, records: readonly TapeRecord[], origin: Evidence['origin'], missing = new Set<string>()) {
    this.origin = origin;
    this.header = header;
    this.records = records;
    this.#missing = missing;
    for (const record of records) {
      if (record.question === 'sleep') {
        this.#pauses.push(record.at);
        continue;
      }
      const name = trackName(record.question, record.key);
      const timed = { ...record, round: this.#pauses.length };
      const track = this.#tracks.get(name);
      if (track === undefined) this.#tracks.set(name, { records: [timed], given: -1 });
      else track.records.push(timed);
    }
  }

  /** How many pauses there were until now. */
  protected get round(): number {
    return this.#round;
  }

  /** Time of the last answer given, or of the end of the last pause: a recording knows no other moments. */
  now(): number {
    return this.#now;
  }

  /** On to what was recorded after the next pause, however long that was. After the last one time stands still. */
  async sleep(): Promise<void> {
    const ended = this.#pauses[this.#round];
    if (ended === undefined) {
      this.#missing.add(AFTERWARDS);
      return;
    }
    this.#round++;
    this.#now = Math.max(this.#now, ended);
  }

  read(path: string): Answer<ByteString> {
    return this.#answer('read', path);
  }

  readlink(path: string): Answer<ByteString> {
    return this.#answer('readlink', path);
  }

  list(path: string): Answer<string[]> {
    return this.#answer('list', path);
  }

  size(path: string): Answer<number> {
    return this.#answer('size', path);
  }

  async readSlow(paths: readonly string[]): Promise<Answer<ByteString>[]> {
    return paths.map((path) => this.#answer('readSlow', path));
  }

  async statSlow(directory: string, names: readonly string[]): Promise<Answer<FileStat>[]> {
    return names.map((name) => this.#answer('statSlow', keyOf.statSlow(directory, name)));
  }

  sockDiag(family: DiagFamily): Answer<DiagSocket[]> {
    return this.#answer('sockDiag', family);
  }

  sameDescription(pid1: number, fd1: number, pid2: number, fd2: number): Answer<boolean> {
    return this.#answer('sameDescription', keyOf.sameDescription(pid1, fd1, pid2, fd2));
  }

  isEpollTarget(pid: number, fd: number, epollFd: number, targetFd: number): Answer<boolean> {
    return this.#answer('isEpollTarget', keyOf.isEpollTarget(pid, fd, epollFd, targetFd));
  }

  probeSocket(pid: number, fd: number): Answer<SocketProbe> {
    return this.#answer('probeSocket', keyOf.probeSocket(pid, fd));
  }

  readonly inotify: InotifyQuestions = {
    queueBytes: (pid, fd) => this.#answerOfLook('queueBytes', keyOf.queueBytes(pid, fd)),
    pathsOfHandles: (pid, mountPoint, handles) => handles.map((one) => this.#answer('pathOfHandle', keyOf.pathOfHandle(pid, mountPoint, one))),
    lookInRoot: (pid, path) => this.#answer('lookInRoot', keyOf.inRoot(pid, path)),
    handleInRoot: (pid, path) => this.#answer('handleInRoot', keyOf.inRoot(pid, path)),
    listInRoot: (pid, path) => this.#answer('listInRoot', keyOf.inRoot(pid, path)),
    searchMount: async (pid, mountPoint) => this.#answer('searchMount', keyOf.inRoot(pid, mountPoint)),
    watcherProgram: async (pid) => this.#answer('watcherProgram', String(pid)),
  };

  readonly users: UserQuestions = {
    findLinks: (pid, texts) => this.#answer('findLinks', keyOf.findLinks(pid, texts)),
    countLinesSlow: async (paths, start) => paths.map((path) => this.#answer('countLinesSlow', keyOf.countLines(path, start))),
    descriptionOrder: (pid1, fd1, pid2, fd2) => this.#answer('descriptionOrder', keyOf.sameDescription(pid1, fd1, pid2, fd2)),
    userNamespaces: (pid) => this.#answer('userNamespaces', String(pid)),
    startedAs: (pid) => this.#answer('startedAs', String(pid)),
    tryInstances: (wanted, uid) => this.#answer('tryInstances', keyOf.tryInstances(wanted, uid)),
    readAsUserOf: async (pid, paths) => paths.map((path) => this.#answer('readAsUserOf', keyOf.asUserOf(pid, path))),
    tryWatches: () => ({ errno: NOT_RECORDED, at: this.#now, source: 'inotify_add_watch' }),
    // A tape is about processes: no directory is on it.
    realPaths: async (paths) => paths.map((path) => ({ errno: NOT_RECORDED, at: this.#now, source: path })),
    countTree: async ({ path }) => ({ errno: NOT_RECORDED, at: this.#now, source: path }),
  };

  readonly tasks: TaskQuestions = {
    tidsOf: (pid) => this.#answerOfLook('tidsOf', String(pid)),
    pathsAt: async (pid, addresses) => addresses.map((address) => this.#answer('pathAt', keyOf.memory(pid, address))),
    polledAt: async (pid, polls) => polls.map(({ address, count }) => this.#answer('polledAt', keyOf.polled(pid, address, count))),
    locksAt: async (pid, addresses) => addresses.map((address) => this.#answer('lockAt', keyOf.memory(pid, address))),
  };

  readonly network: NetworkQuestions = {
    sockDiagOf: (pid, part) => this.#answerOfLook('sockDiagOf', keyOf.sockDiagOf(pid, part)),
    readAsNetOf: (pid, paths) => paths.map((path) => this.#answer('readAsNetOf', keyOf.asNetOf(pid, path))),
    reusesPort: (pid, fd) => this.#answer('reusesPort', keyOf.reusesPort(pid, fd)),
    holdersOf: async () => this.#answer('holdersOf', ''),
  };

  readonly inside: InsideQuestions = {
    handles: async (pid) => this.#answer('handles', String(pid)),
    goroutines: async (pid) => this.#answer('goroutines', String(pid)),
  };

  close(): boolean {
    return false;
  }

  /** The first question about a queue, about listeners, or about threads, begins the look at them, which stands behind whatever else was recorded. */
  #answerOfLook<Q extends 'queueBytes' | 'sockDiagOf' | 'tidsOf'>(question: Q, key: string): Answer<TapeValues[Q]> {
    const track = this.#tracks.get(trackName(question, key));
    if (track?.given === -1) this.#goTo(track.records[0]!.round);
    return this.#answer(question, key);
  }

  /** Beyond pauses that nobody asks about now. */
  #goTo(round: number): void {
    if (round <= this.#round) return;
    this.#round = round;
    this.#now = Math.max(this.#now, this.#pauses[round - 1]!);
  }

  missing(): string[] {
    return [...this.#missing];
  }

  rewound(): TapeEvidence {
    return new TapedEvidence(this.header, this.records, this.origin, this.#missing);
  }

  /**
   * The answers come in their order, but none from beyond the next pause before that is reached: a question asked more often
   * than it was recorded keeps its last answer.
   */
  #answer<Q extends Question>(question: Q, key: string): Answer<TapeValues[Q]> {
    const track = this.#tracks.get(trackName(question, key));
    const record = track && this.#next(track);
    const source = sourceOf(question, key);
    if (record === undefined) {
      this.#missing.add(source);
      return { errno: NOT_RECORDED, at: this.#now, source };
    }
    // Asked earlier than it was then: the answer is the only one, but its time has not come.
    if (record.round <= this.#round) this.#now = Math.max(this.#now, record.at);
    // The parser has checked the value against the question.
    if (record.errno === undefined) return { value: record.value as TapeValues[Q], at: record.at, source };
    return { errno: record.errno, at: record.at, source };
  }

  #next(track: Track): TimedRecord | undefined {
    const { records } = track;
    const isDue = (index: number): boolean => (records[index]?.round ?? Number.POSITIVE_INFINITY) <= this.#round;
    let index = track.given + 1;
    // What was not asked this time before a pause is over with it.
    while (isDue(index + 1) && records[index]!.round < this.#round) index++;
    if (index > 0 && !isDue(index)) return records[track.given];
    track.given = index;
    return records[index];
  }
}

function trackName(question: Question, key: string): string {
  return `${question} ${key}`;
}
