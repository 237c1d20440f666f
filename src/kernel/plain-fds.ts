/**
 * Descriptors of a large table of which nothing is to be told but that they are there: sockets with a plain row, and files that a
 * sample stands for. An object each would be most of the memory of a look, so that one is made only for who asks.
 */
import type { PackedLinks } from '../evidence/packed-links.ts';
import type { ByteString } from '../evidence/types.ts';
import type { SocketLookup } from './fd-decode.ts';
import { fdAt, fdsByKind } from './fd-index.ts';
import { file } from './kinds/file.ts';
import { socket } from './kinds/socket.ts';
import type { PlainSockets } from './plain-sockets.ts';
import type { Fd, FdTable } from './types.ts';

/** The rows of plain sockets, and by index of a link the place there. */
export interface PackedRows {
  places: Int32Array;
  plain: PlainSockets;
}

export class PlainFds {
  readonly size: number;
  readonly #pid: number;
  readonly #links: PackedLinks;
  /** Ascending. */
  readonly #indexes: Int32Array;
  readonly #sockets: SocketLookup;
  /** Absent where no socket is plain. */
  readonly rows: PackedRows | undefined;

  /** @param indexes of those among the links that are plain, ascending */
  constructor(pid: number, links: PackedLinks, indexes: Int32Array, sockets: SocketLookup, rows: PackedRows | undefined) {
    this.#pid = pid;
    this.#links = links;
    this.#indexes = indexes;
    this.#sockets = sockets;
    this.rows = rows;
    this.size = indexes.length;
  }

  numberAt(position: number): number {
    return this.#links.numbers[this.#indexes[position]!]!;
  }

  /** Inode of a socket; 0 for a file. */
  inodeAt(position: number): number {
    return this.#links.inodeAt(this.#indexes[position]!);
  }

  /** The shape of a file: see PackedLinks. */
  shapeAt(position: number): number {
    return this.#links.shapeAt(this.#indexes[position]!);
  }

  shapeText(shape: number): ByteString {
    return this.#links.shapeText(shape);
  }

  /** Have these two files one path? */
  isSameFile(position: number, other: number): boolean {
    return this.#links.isSameText(this.#indexes[position]!, this.#indexes[other]!);
  }

  isOfKind(position: number, kind: string | undefined): boolean {
    return kind === undefined || (kind === socket.name) === (this.inodeAt(position) !== 0);
  }

  /** Of a socket its place among the rows. */
  placeAt(position: number): number {
    return this.rows?.places[this.#indexes[position]!] ?? -1;
  }

  /** The same number only for sockets of one group; see PlainSockets. */
  classAt(position: number): number {
    return this.rows!.plain.classAt(this.placeAt(position), this.#sockets.isListening);
  }

  linkAt(position: number): ByteString {
    return this.#links.textAt(this.#indexes[position]!);
  }

  /** Made anew each time. */
  fdAt(position: number): Fd {
    const link = this.linkAt(position);
    const fd = this.numberAt(position);
    const inode = this.inodeAt(position);
    if (inode === 0) return { pid: this.#pid, fd, kind: file.name, link, detail: null };
    const row = this.rows?.plain.rowAt(this.placeAt(position));
    const detail = socket.decode({ link, inode: String(inode), socket: () => row, isListening: this.#sockets.isListening });
    return { pid: this.#pid, fd, kind: socket.name, link, detail };
  }

  /** How many have a lower number than this. */
  below(number: number): number {
    let from = 0;
    let to = this.size;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.numberAt(middle) < number) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /**
   * Positions of the files whose path another has too, or is one of `links`; and of some more. Told by a few numbers of each, since
   * to make a text of each would be most of the work.
   */
  maybeRepeated(links: ReadonlySet<ByteString>): number[] {
    const repeated = new Set<number>();
    for (const link of links) {
      const mark = this.#links.markOf(link);
      if (mark !== undefined) repeated.add(mark);
    }
    // Sorted, since a set of them all would be the largest thing that the rules make.
    const marks = new Int32Array(this.size);
    let count = 0;
    for (let position = 0; position < this.size; position++) {
      if (this.inodeAt(position) === 0) marks[count++] = this.#links.markAt(this.#indexes[position]!);
    }
    const sorted = marks.subarray(0, count).sort();
    for (let at = 1; at < count; at++) if (sorted[at] === sorted[at - 1]) repeated.add(sorted[at]!);
    const found: number[] = [];
    if (repeated.size === 0) return found;
    for (let position = 0; position < this.size; position++) {
      if (this.inodeAt(position) === 0 && repeated.has(this.#links.markAt(this.#indexes[position]!))) found.push(position);
    }
    return found;
  }

  /** -1 when this number is none of them. */
  positionOf(number: number): number {
    const position = this.below(number);
    return position < this.size && this.numberAt(position) === number ? position : -1;
  }

  without(numbers: ReadonlySet<number>): PlainFds {
    return new PlainFds(this.#pid, this.#links, this.#indexes.filter((index) => !numbers.has(this.#links.numbers[index]!)), this.#sockets, this.rows);
  }
}

/** How many descriptors a table has. */
export function sizeOf({ fds, plain }: FdTable): number {
  return fds.length + (plain?.size ?? 0);
}

/** Those of all numbers, or of one kind of it, ascending; a plain one is made for the caller, and not kept. */
export function* eachFd({ fds, plain }: FdTable, kind?: string): Generator<Fd> {
  const single = kind === undefined ? fds : (fdsByKind(fds).get(kind) ?? []);
  const size = plain === undefined || (kind !== undefined && kind !== file.name && kind !== socket.name) ? 0 : plain.size;
  let position = 0;
  for (const fd of single) {
    for (; position < size && plain!.numberAt(position) < fd.fd; position++) if (plain!.isOfKind(position, kind)) yield plain!.fdAt(position);
    yield fd;
  }
  for (; position < size; position++) if (plain!.isOfKind(position, kind)) yield plain!.fdAt(position);
}

/** What is open under this number. */
export function fdUnder({ fds, plain }: FdTable, number: number): Fd | undefined {
  const position = plain?.positionOf(number) ?? -1;
  return position < 0 ? fdAt(fds, number) : plain!.fdAt(position);
}

/** -1 without any. */
export function highestNumber({ fds, plain }: FdTable): number {
  return Math.max(fds.at(-1)?.fd ?? -1, plain && plain.size > 0 ? plain.numberAt(plain.size - 1) : -1);
}

/** How many numbers are below this limit; null is none, so that all are. */
export function openBelow(table: FdTable, limit: number | null): number {
  if (limit === null) return sizeOf(table);
  let below = table.plain?.below(limit) ?? 0;
  for (const { fd } of table.fds) if (fd < limit) below++;
  return below;
}

/** Makes these numbers single ones, for which more than their link can be known. Changes the table. */
export function single(table: FdTable, numbers: Iterable<number>): void {
  const { plain } = table;
  if (!plain) return;
  const chosen = new Set<number>();
  for (const number of numbers) if (plain.positionOf(number) >= 0) chosen.add(number);
  if (chosen.size === 0) return;
  const made = [...chosen].map((number) => plain.fdAt(plain.positionOf(number)));
  // A new list: indexes are kept with the old one.
  table.fds = [...table.fds, ...made].sort((a, b) => a.fd - b.fd);
  table.plain = plain.without(chosen);
}
