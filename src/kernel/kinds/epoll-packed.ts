import { parseHex } from '../proc/scan.ts';
import { standingAlone } from '../text.ts';
import { type EpollDetail, type EpollTarget, eachTarget, parseTargets, targetOf } from './epoll-targets.ts';

/** Fewer registrations are not worth it. */
const MANY = 256;
const MOST_FD = 2 ** 31 - 1;
const MOST_EVENTS = 2 ** 32 - 1;
const NO_INODE = -1;

/** Registrations of one instance in columns. */
export class PackedTargets {
  size = 0;
  readonly #fds: Int32Array;
  readonly #events: Uint32Array;
  /** -1 where it is not known. */
  readonly #inodes: Float64Array;
  /** Indexes of texts, as they stand in the file; 0 where it is not known. All sockets are on one device, and so are all pipes. */
  readonly #devices: Uint16Array;
  readonly #deviceTexts: string[] = [''];

  constructor(most: number) {
    this.#fds = new Int32Array(most);
    this.#events = new Uint32Array(most);
    this.#inodes = new Float64Array(most);
    this.#devices = new Uint16Array(most);
  }

  /** False when it does not fit. */
  add(fd: number, events: number, inode: number, device: string): boolean {
    if (fd > MOST_FD || events > MOST_EVENTS || !Number.isSafeInteger(inode)) return false;
    let known = this.#deviceTexts.indexOf(device);
    if (known < 0) known = this.#deviceTexts.push(standingAlone(device)) - 1;
    if (known >= 0xffff) return false;
    const index = this.size++;
    this.#fds[index] = fd;
    this.#events[index] = events;
    this.#inodes[index] = inode;
    this.#devices[index] = known;
    return true;
  }

  numberAt(index: number): number {
    return this.#fds[index]!;
  }

  inodeAt(index: number): number {
    return this.#inodes[index]!;
  }

  at(index: number): EpollTarget {
    const inode = this.#inodes[index]!;
    return targetOf(this.#fds[index]!, this.#events[index]!, inode === NO_INODE ? '' : inode.toString(16), this.#deviceTexts[this.#devices[index]!]!);
  }
}

/** What an epoll instance watches, from the lines of its fdinfo: many registrations in columns, made to objects whenever somebody asks for them. */
export function packTargets(rest: string): EpollDetail {
  const packed = new PackedTargets(linesIn(rest));
  let fits = true;
  eachTarget(rest, (fd, events, inoFrom, inoTo, deviceFrom, deviceTo) => {
    const inode = inoFrom < inoTo ? parseHex(rest, inoFrom, inoTo) : NO_INODE;
    fits &&= packed.add(fd, events, inode, deviceFrom < deviceTo ? rest.slice(deviceFrom, deviceTo) : '');
  });
  if (!fits || packed.size < MANY) return { targets: parseTargets(rest) };
  return detailOf(packed);
}

/** Apart, since what is made here is kept with all that it could see: the text is none of it. */
function detailOf(packed: PackedTargets): EpollDetail {
  return {
    packed,
    get targets(): EpollTarget[] {
      return Array.from({ length: packed.size }, (_, index) => packed.at(index));
    },
  };
}

function linesIn(text: string): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}
