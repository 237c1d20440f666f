/** What was seen of a tree, by inode: a watch is on an inode, under however many names. */

/**
 * Inodes that are kept in mind at most, of what links lead to and of files of several names together. Measured: 43 bytes each, 165 for
 * a directory with a link of 65 characters that leads there. Anything else is counted as it comes and forgotten.
 */
export const MOST_INODES = 1_000_000;

/** A budget that several sets share. */
export interface Room {
  left: number;
}

export function roomForInodes(most = MOST_INODES): Room {
  return { left: most };
}

/** A map from inodes of any device. Inode numbers that a double cannot hold (overlayfs puts its layer into the upper bits) stay text. */
export class InodeMap<V> {
  readonly #devices = new Map<string, Map<number | string, V>>();
  readonly #room: Room;

  constructor(room: Room) {
    this.#room = room;
  }

  /** @param id `DEVICE:INODE`, decimal; `full`: there is no room to remember it */
  add(id: string, value: V): 'new' | 'known' | 'full' {
    const [device, ino] = parts(id);
    let inodes = this.#devices.get(device);
    if (inodes?.has(ino)) return 'known';
    if (this.#room.left === 0) return 'full';
    if (!inodes) {
      inodes = new Map();
      this.#devices.set(device, inodes);
    }
    this.#room.left--;
    inodes.set(ino, value);
    return 'new';
  }

  has(id: string): boolean {
    const [device, ino] = parts(id);
    return this.#devices.get(device)?.has(ino) ?? false;
  }

  *values(): Generator<V> {
    for (const inodes of this.#devices.values()) yield* inodes.values();
  }
}

function parts(id: string): [device: string, ino: number | string] {
  const colon = id.indexOf(':');
  const text = id.slice(colon + 1);
  const number = Number(text);
  return [id.slice(0, colon), Number.isSafeInteger(number) ? number : text];
}
