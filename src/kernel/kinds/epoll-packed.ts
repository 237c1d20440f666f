import type { EpollDetail, EpollTarget } from './epoll.ts';

/** Fewer registrations are not worth it. */
const MANY = 256;

/** Registrations of one instance in columns. */
export class PackedTargets {
  readonly size: number;
  readonly #fds: Float64Array;
  readonly #events: Float64Array;
  /** -1 where it is not known. */
  readonly #inodes: Float64Array;
  readonly #devices: (string | undefined)[];

  constructor(targets: readonly EpollTarget[]) {
    this.size = targets.length;
    this.#fds = Float64Array.from(targets, ({ fd }) => fd);
    this.#events = Float64Array.from(targets, ({ events }) => events);
    this.#inodes = Float64Array.from(targets, ({ ino }) => (ino === undefined ? -1 : Number(ino)));
    this.#devices = targets.map(({ sdev }) => sdev);
  }

  numberAt(index: number): number {
    return this.#fds[index]!;
  }

  inodeAt(index: number): number {
    return this.#inodes[index]!;
  }

  at(index: number): EpollTarget {
    const target: EpollTarget = { fd: this.#fds[index]!, events: this.#events[index]! };
    const [ino, sdev] = [this.#inodes[index]!, this.#devices[index]];
    if (ino >= 0) target.ino = String(ino);
    if (sdev !== undefined) target.sdev = sdev;
    return target;
  }
}

/** The same, with many registrations in columns: they are made again whenever somebody asks for them. What does not fit is left as it is. */
export function packTargets(detail: EpollDetail): EpollDetail {
  const { targets = [] } = detail;
  if (targets.length < MANY || !targets.every(({ ino }) => ino === undefined || Number.isSafeInteger(Number(ino)))) return detail;
  const packed = new PackedTargets(targets);
  return {
    packed,
    get targets(): EpollTarget[] {
      return Array.from({ length: packed.size }, (_, index) => packed.at(index));
    },
  };
}
