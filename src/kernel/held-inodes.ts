import { PackedLinks } from '../evidence/packed-links.ts';
import type { LinkList } from './links.ts';
import { NumberIndex } from './number-index.ts';

/** What a NumberIndex takes. */
const MOST = 0xffffffff;

/** Socket inodes of some processes, decimal: as texts, or as numbers where there are very many. */
export class HeldInodes {
  /** Only of very many. */
  readonly packed: NumberIndex | undefined;
  /** Of packed links: by index the place of a socket in `packed`; -1 for what is none, or has no such number. */
  readonly places = new Map<LinkList, Int32Array>();
  /** All of them, or what fits no such number. */
  readonly #texts = new Set<string>();

  constructor(all: readonly LinkList[]) {
    const isPacked = all.some((links) => links instanceof PackedLinks);
    this.packed = isPacked ? new NumberIndex(all.reduce((sum, links) => sum + (links instanceof PackedLinks ? links.sockets : links.size), 0)) : undefined;
    for (const links of all) this.#addAll(links);
  }

  get size(): number {
    return this.#texts.size + (this.packed?.size ?? 0);
  }

  #addAll(links: LinkList): void {
    if (!(links instanceof PackedLinks)) {
      for (let index = 0; index < links.size; index++) this.#add(links.socketInode(index));
      return;
    }
    const places = new Int32Array(links.size);
    for (let index = 0; index < places.length; index++) {
      const inode = links.inodeAt(index);
      places[index] = inode === 0 ? this.#add(links.socketInode(index)) : this.packed!.add(inode);
    }
    this.places.set(links, places);
  }

  #add(text: string | undefined): number {
    if (text === undefined) return -1;
    const number = Number(text);
    if (this.packed && number > 0 && number <= MOST && String(number) === text) return this.packed.add(number);
    this.#texts.add(text);
    return -1;
  }

  has(inode: string): boolean {
    return (this.packed && this.packed.placeOf(Number(inode)) >= 0) || this.#texts.has(inode);
  }

  *[Symbol.iterator](): Generator<string> {
    yield* this.#texts;
    for (const number of this.packed ?? []) yield String(number);
  }
}
