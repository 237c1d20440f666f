/** Evidence from a tape: the same questions get the same answers, anywhere and any time later. */
import { keyOf, type Question, sourceOf, type TapeHeader, type TapeValues } from './tape-format.ts';
import { parseTape, type TapeRecord } from './tape-parse.ts';
import { type Answer, type ByteString, type DiagSocket, type Evidence, type FileStat, NOT_RECORDED, type SocketProbe } from './types.ts';

export interface TapeEvidence extends Evidence {
  readonly origin: 'tape';
  readonly header: TapeHeader;
  /** Sources of the questions asked so far that the tape holds no answer to, each once. */
  missing(): string[];
}

/**
 * @param fileName for messages only
 * @throws TapeError when the text is no tape, of a newer version, cut off or changed
 */
export function readTape(text: string, fileName: string): TapeEvidence {
  const { header, records } = parseTape(text, fileName);
  return new TapedEvidence(header, records);
}

/** The answers to one question in the order they were given. */
interface Track {
  records: TapeRecord[];
  next: number;
}

class TapedEvidence implements TapeEvidence {
  readonly origin = 'tape';
  readonly header: TapeHeader;
  readonly #tracks = new Map<string, Track>();
  readonly #missing = new Set<string>();
  #now = 0;

  constructor(header: TapeHeader, records: readonly TapeRecord[]) {
    this.header = header;
    for (const record of records) {
      const name = trackName(record.question, record.key);
      const track = this.#tracks.get(name);
      if (track === undefined) this.#tracks.set(name, { records: [record], next: 0 });
      else track.records.push(record);
    }
  }

  /** Time of the last answer given: a recording knows no other moments. */
  now(): number {
    return this.#now;
  }

  async sleep(): Promise<void> {}

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

  sockDiag(family: 'tcp' | 'unix'): Answer<DiagSocket[]> {
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

  close(): boolean {
    return false;
  }

  missing(): string[] {
    return [...this.#missing];
  }

  /** A question asked more often than it was recorded keeps its last answer. */
  #answer<Q extends Question>(question: Q, key: string): Answer<TapeValues[Q]> {
    const track = this.#tracks.get(trackName(question, key));
    const record = track?.records[track.next];
    const source = sourceOf(question, key);
    if (track === undefined || record === undefined) {
      this.#missing.add(source);
      return { errno: NOT_RECORDED, at: this.#now, source };
    }
    if (track.next + 1 < track.records.length) track.next++;
    this.#now = Math.max(this.#now, record.at);
    // The parser has checked the value against the question.
    if (record.errno === undefined) return { value: record.value as TapeValues[Q], at: record.at, source };
    return { errno: record.errno, at: record.at, source };
  }
}

function trackName(question: Question, key: string): string {
  return `${question} ${key}`;
}
