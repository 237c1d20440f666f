import { fdsOf } from './fd-index.ts';
import { socket } from './kinds/socket.ts';
import type { PlainSockets } from './plain-sockets.ts';
import type { Fd, Snapshot } from './types.ts';

/** The first two descriptors of one socket, in the order of sight: so many tell who else holds it. */
interface Holders {
  /** Index of the table, by place twice: of the first and of the second; -1 for none. */
  tables: Int32Array;
  numbers: Int32Array;
}

/** Who of the targets of a look at very many holds which socket. */
export class PlainHolders {
  readonly #byRows = new Map<PlainSockets, Holders>();
  readonly #pids: number[];

  constructor({ tables, sockets }: Snapshot) {
    this.#pids = tables.map(({ process }) => process.pid);
    for (const { plain } of sockets.values()) {
      if (!plain) continue;
      const { size } = plain.inodes;
      this.#byRows.set(plain, { tables: new Int32Array(2 * size).fill(-1), numbers: new Int32Array(2 * size) });
    }
    for (const [index, { fds, plain }] of tables.entries()) {
      for (const { fd, detail } of fdsOf(fds, socket)) {
        for (const [rows, holders] of this.#byRows) add(holders, rows.inodes.placeOf(Number(detail.inode)), index, fd);
      }
      const own = plain?.rows && this.#byRows.get(plain.rows.plain);
      if (!own) continue;
      for (let position = 0; position < plain.size; position++) add(own, plain.placeAt(position), index, plain.numberAt(position));
    }
  }

  /** The pid of the first target that holds the socket at this place by another descriptor. */
  otherAt(rows: PlainSockets, place: number, pid: number, fd: number): number | undefined {
    const { tables, numbers } = this.#byRows.get(rows)!;
    for (let at = 2 * place; at < 2 * place + 2; at++) {
      const holder = tables[at]! < 0 ? undefined : this.#pids[tables[at]!];
      if (holder !== undefined && !(holder === pid && numbers[at] === fd)) return holder;
    }
    return undefined;
  }

  /** The same by inode. */
  otherThan(fd: Pick<Fd, 'pid' | 'fd'>, inode: number): number | undefined {
    for (const rows of this.#byRows.keys()) {
      const place = rows.inodes.placeOf(inode);
      const pid = place < 0 ? undefined : this.otherAt(rows, place, fd.pid, fd.fd);
      if (pid !== undefined) return pid;
    }
    return undefined;
  }
}

function add({ tables, numbers }: Holders, place: number, table: number, fd: number): void {
  if (place < 0) return;
  const first = 2 * place;
  const isFirst = tables[first]! < 0 || isBefore(table, fd, tables[first]!, numbers[first]!);
  const at = isFirst ? first : first + 1;
  if (isFirst) {
    tables[first + 1] = tables[first]!;
    numbers[first + 1] = numbers[first]!;
  } else if (tables[at]! >= 0 && !isBefore(table, fd, tables[at]!, numbers[at]!)) return;
  tables[at] = table;
  numbers[at] = fd;
}

function isBefore(table: number, fd: number, otherTable: number, other: number): boolean {
  return table < otherTable || (table === otherTable && fd < other);
}
