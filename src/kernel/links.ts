import type { PackedLinks } from '../evidence/packed-links.ts';
import type { ByteString } from '../evidence/types.ts';

const SOCKET = 'socket:[';

/** What the descriptors of one process point at, ascending by number: as texts, or packed where there are very many. */
export type LinkList = Links | PackedLinks;

/** Two plain lists: most are only walked. */
export class Links {
  readonly numbers: number[] = [];
  readonly #texts: ByteString[] = [];
  readonly #inodes: string[] = [];

  get size(): number {
    return this.numbers.length;
  }

  /** Numbers must come in ascending order. */
  add(fd: number, text: ByteString): void {
    this.numbers.push(fd);
    this.#texts.push(text);
  }

  textAt(index: number): ByteString {
    return this.#texts[index]!;
  }

  /** The inode of the socket at this index, decimal; undefined for what is none. One string, however often it is asked for: its hash is known then. */
  socketInode(index: number): string | undefined {
    const known = this.#inodes[index];
    if (known !== undefined) return known;
    const text = this.#texts[index]!;
    if (!text.startsWith(SOCKET)) return undefined;
    const inode = text.slice(SOCKET.length, -1);
    this.#inodes[index] = inode;
    return inode;
  }

  get(fd: number): ByteString | undefined {
    const { numbers } = this;
    let from = 0;
    let to = numbers.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (numbers[middle]! < fd) from = middle + 1;
      else to = middle;
    }
    return numbers[from] === fd ? this.#texts[from] : undefined;
  }
}
