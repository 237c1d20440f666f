/**
 * One look of our own kept in memory under other names, to be asked once more: what a tape does, without being written and read as text.
 * Many links of a table are kept as they were read, packed where they were: a record of each would take more than all else of a look.
 */
import { PackedLinks } from './packed-links.ts';
import type { Redactor } from './redact.ts';
import { openBounds } from './tape-bounds.ts';
import { type Question, TAPE_VERSION, type TapeHeader } from './tape-format.ts';
import type { TapeRecord } from './tape-parse.ts';
import { TapedEvidence, type TapeEvidence } from './tape-read.ts';
import { type Note, NotingEvidence } from './tape-write.ts';
import { type ByteString, type Errno, type Evidence, type LinkAnswers, NOT_RECORDED } from './types.ts';

export interface KeptLook {
  /** Use this instead of the evidence it was made from. Its answers are the true ones. */
  evidence: Evidence;
  /** What was answered until now, under other names, from the beginning. */
  world(): TapeEvidence;
}

/**
 * @param header its names are those that are shown: whoever redacts the answers must redact them too
 * @param pids whom it is about, as for openTapeWriter
 */
export function keepLook(inner: Evidence, header: Omit<TapeHeader, 'reloadctl' | 'version'>, redactor: Redactor, pids: readonly number[]): KeptLook {
  const bounds = inner.origin === 'live' ? openBounds(new Set(pids), (path) => inner.read(path)) : undefined;
  const tables = new Set(pids.map((pid) => `/proc/${pid}/fd`));
  const records: TapeRecord[] = [];
  const batches = new Map<string, Batch[]>();
  let round = 0;
  const note: Note = (question, key, { value, errno, at }) => {
    // Made from a tape it lacks what that one lacks.
    if (errno === NOT_RECORDED || (errno === undefined && value === undefined)) return;
    if (question === 'sleep') round++;
    const told = errno === undefined ? alone(question, redactor.value(question, key, bounds ? bounds.bound(question, key, value!) : value!)) : undefined;
    records.push({ question, key: redactor.key(question, key), at, value: told, errno });
  };
  const keep = (directory: string, batch: Omit<Batch, 'round'>): void => {
    if (bounds && tables.has(directory)) for (const inode of inodesIn(batch.links)) bounds.hold(inode);
    const kept = batches.get(directory);
    if (kept) kept.push({ ...batch, round });
    else batches.set(directory, [{ ...batch, round }]);
  };
  return {
    evidence: new KeepingEvidence(inner, note, keep, redactor),
    world: () => new KeptEvidence({ reloadctl: 'tape', version: TAPE_VERSION, ...header }, records, inner.origin, batches),
  };
}

/** Links that were asked for at once. */
interface Batch {
  /** Null for a whole table that was walked. */
  numbers: readonly number[] | null;
  links: LinkAnswers | PackedLinks;
  errnos: ReadonlyMap<number, Errno>;
  /** Pauses before it. */
  round: number;
}

function* inodesIn(links: Batch['links']): Generator<string> {
  if (isListed(links)) {
    for (const link of links.values) if (link?.startsWith('socket:[')) yield link.slice('socket:['.length, -1);
    return;
  }
  for (let index = 0; index < links.size; index++) if (links.inodeAt(index) !== 0) yield String(links.inodeAt(index));
}

/** What wings made of memory may be held by them and changed; of all else nothing is. */
function alone<T>(question: Question, value: T): T {
  return question === 'handles' || question === 'goroutines' ? (JSON.parse(JSON.stringify(value)) as T) : value;
}

class KeepingEvidence extends NotingEvidence {
  readonly readlinks?: NonNullable<Evidence['readlinks']>;
  readonly packLinks?: NonNullable<Evidence['packLinks']>;
  readonly walkLinks?: NonNullable<Evidence['walkLinks']>;

  constructor(inner: Evidence, note: Note, keep: (directory: string, batch: Omit<Batch, 'round'>) => void, redactor: Redactor) {
    super(inner, note);
    const hide = (directory: string, link: ByteString): ByteString => redactor.value('readlink', directory, link);
    if (inner.readlinks)
      this.readlinks = (directory, numbers) => {
        const { values, errnos } = inner.readlinks!(directory, numbers);
        keep(directory, { numbers, links: { values: values.map((link) => link && hide(directory, link)), errnos }, errnos });
        return { values, errnos };
      };
    if (inner.packLinks)
      this.packLinks = (directory, numbers, into) => {
        const before = into.size;
        const errnos = inner.packLinks!(directory, numbers, into);
        keep(directory, { numbers, links: copied(into, before, (text) => hide(directory, text)), errnos });
        return errnos;
      };
    if (inner.walkLinks)
      this.walkLinks = (directory, open, into) => {
        const walk = inner.walkLinks!(directory, open, into);
        return walk && {
          next: (most) => walk.next(most),
          get isWhole() {
            return walk.isWhole;
          },
          errnos: walk.errnos,
          close() {
            // What is not whole is listed instead.
            if (walk.isWhole) keep(directory, { numbers: null, links: copied(into, 0, (text) => hide(directory, text)), errnos: walk.errnos });
            walk.close();
          },
        };
      };
  }
}

/** What was added since there were `before`. */
function copied(from: PackedLinks, before: number, hide: (text: ByteString) => ByteString): PackedLinks {
  const links = new PackedLinks(from.size - before);
  for (let index = before; index < from.size; index++) {
    const text = from.textAt(index);
    links.add(from.numbers[index]!, from.inodeAt(index) === 0 ? hide(text) : text);
  }
  return links;
}

class KeptEvidence extends TapedEvidence {
  readonly readlinks?: NonNullable<Evidence['readlinks']>;
  readonly packLinks?: NonNullable<Evidence['packLinks']>;
  readonly walkLinks?: NonNullable<Evidence['walkLinks']>;
  readonly #kept: ReadonlyMap<string, readonly Batch[]>;
  /** How far it was given, by way of asking and directory. */
  readonly #given = new Map<string, number>();

  constructor(header: TapeHeader, records: readonly TapeRecord[], origin: Evidence['origin'], kept: ReadonlyMap<string, readonly Batch[]>) {
    super(header, records, origin);
    this.#kept = kept;
    if (kept.size === 0) return;
    this.readlinks = (directory, numbers) => {
      const links = this.#next(directory, numbers, isListed)?.links;
      return links && isListed(links) ? links : this.#oneByOne(directory, numbers);
    };
    this.packLinks = (directory, numbers, into) => {
      const batch = this.#next(directory, numbers, isPacked);
      if (batch && isPacked(batch.links)) {
        addAll(batch.links, into);
        return new Map(batch.errnos);
      }
      const { values, errnos } = this.#oneByOne(directory, numbers);
      for (const [index, text] of values.entries()) if (text !== undefined) into.add(numbers[index]!, text);
      return errnos;
    };
    this.walkLinks = (directory, _open, into) => {
      const batch = this.#next(directory, null, isPacked);
      if (!batch || !isPacked(batch.links)) return undefined;
      addAll(batch.links, into);
      return { next: () => false, isWhole: true, errnos: batch.errnos, close: () => undefined };
    };
  }

  /** They come in their order, none from beyond the next pause; one that is asked again after the last is the last. */
  #next(directory: string, numbers: readonly number[] | null, isKind: (links: Batch['links']) => boolean): Batch | undefined {
    const batches = this.#kept.get(directory) ?? [];
    const isMeant = (batch: Batch): boolean => batch.round <= this.round && isKind(batch.links) && areSame(batch.numbers, numbers);
    const name = `${numbers === null ? 'walk' : isKind === isPacked ? 'pack' : 'list'} ${directory}`;
    const from = this.#given.get(name) ?? 0;
    let at = batches.findIndex((batch, index) => index >= from && isMeant(batch));
    if (at < 0) at = batches.findLastIndex(isMeant);
    if (at < 0) return undefined;
    this.#given.set(name, at + 1);
    return batches[at];
  }

  #oneByOne(directory: string, numbers: readonly number[]): LinkAnswers {
    const answers: LinkAnswers = { values: [], errnos: new Map() };
    for (const [index, number] of numbers.entries()) {
      const { value, errno = NOT_RECORDED } = this.readlink(`${directory}/${number}`);
      answers.values.push(value);
      if (value === undefined) answers.errnos.set(index, errno);
    }
    return answers;
  }

  override rewound(): TapeEvidence {
    return new KeptEvidence(this.header, this.records, this.origin, this.#kept);
  }
}

function isPacked(links: Batch['links']): links is PackedLinks {
  return links instanceof PackedLinks;
}

function isListed(links: Batch['links']): links is LinkAnswers {
  return !isPacked(links);
}

function areSame(asked: readonly number[] | null, numbers: readonly number[] | null): boolean {
  if (asked === null || numbers === null) return asked === numbers;
  return asked.length === numbers.length && asked.every((number, index) => number === numbers[index]);
}

function addAll(links: PackedLinks, into: PackedLinks): void {
  for (let index = 0; index < links.size; index++) into.add(links.numbers[index]!, links.textAt(index));
}
