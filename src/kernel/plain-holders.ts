import { fdsOf } from './fd-index.ts';
import { socket } from './kinds/socket.ts';
import { highestNumber } from './plain-fds.ts';
import type { PlainSockets } from './plain-sockets.ts';
import type { Snapshot } from './types.ts';

type Ordinals = Uint32Array | Float64Array;

/**
 * The first two descriptors of one socket, in the order of sight: so many tell who else holds it. By place; 0 for none. Two lists,
 * since of the second one hardly a page is ever touched.
 */
interface Holders {
  first: Ordinals;
  second: Ordinals;
}

/** Who of the targets of a look at very many holds which socket. A descriptor is one number there: those of each table follow on those of the one before. */
export class PlainHolders {
  /** A namespace each: no map, since to go through one makes an object for each of 100,000 sockets. */
  readonly #rows: PlainSockets[] = [];
  readonly #holders: Holders[] = [];
  readonly #pids: number[];
  /** By index of a table one less than the number of its descriptor 0; at last the end. */
  readonly #starts: number[] = [0];

  constructor({ tables, sockets }: Snapshot) {
    this.#pids = tables.map(({ process }) => process.pid);
    let end = 0;
    for (const table of tables) this.#starts.push((end += highestNumber(table) + 1));
    const List = end < 2 ** 32 ? Uint32Array : Float64Array;
    for (const { plain } of sockets.values()) {
      if (!plain) continue;
      this.#rows.push(plain);
      this.#holders.push({ first: new List(plain.inodes.size), second: new List(plain.inodes.size) });
    }
    for (const [index, { fds, plain }] of tables.entries()) {
      const first = this.#starts[index]! + 1;
      for (const { fd, detail } of fdsOf(fds, socket)) {
        for (const [index, rows] of this.#rows.entries()) add(this.#holders[index]!, rows.inodes.placeOf(Number(detail.inode)), first + fd);
      }
      const own = plain?.rows && this.#holders[this.#rows.indexOf(plain.rows.plain)];
      if (!own) continue;
      for (let position = 0; position < plain.size; position++) add(own, plain.placeAt(position), first + plain.numberAt(position));
    }
  }

  /** The pid of the first target that holds the socket at this place by another descriptor. */
  otherAt(rows: PlainSockets, place: number, pid: number, fd: number): number | undefined {
    const { first, second } = this.#holders[this.#rows.indexOf(rows)]!;
    return this.#otherThan(first[place]!, pid, fd) ?? this.#otherThan(second[place]!, pid, fd);
  }

  /** Whose descriptor it is, unless it is this one. */
  #otherThan(ordinal: number, pid: number, fd: number): number | undefined {
    if (ordinal === 0) return undefined;
    let index = 0;
    for (let end = this.#pids.length; end - index > 1; ) {
      const middle = (index + end) >>> 1;
      if (this.#starts[middle]! < ordinal) index = middle;
      else end = middle;
    }
    const holder = this.#pids[index]!;
    return holder === pid && ordinal - 1 - this.#starts[index]! === fd ? undefined : holder;
  }

  /** The same by inode. */
  otherThan(pid: number, fd: number, inode: number): number | undefined {
    for (let index = 0; index < this.#rows.length; index++) {
      const rows = this.#rows[index]!;
      const place = rows.inodes.placeOf(inode);
      const holder = place < 0 ? undefined : this.otherAt(rows, place, pid, fd);
      if (holder !== undefined) return holder;
    }
    return undefined;
  }
}

function add({ first, second }: Holders, place: number, ordinal: number): void {
  if (place < 0) return;
  const lowest = first[place]!;
  if (lowest === 0) first[place] = ordinal;
  else if (ordinal < lowest) {
    first[place] = ordinal;
    second[place] = lowest;
  } else if (second[place] === 0 || ordinal < second[place]!) second[place] = ordinal;
}
