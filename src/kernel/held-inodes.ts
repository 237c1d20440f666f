import { PackedLinks } from '../evidence/packed-links.ts';
import type { LinkList } from './links.ts';
import { NumberIndex } from './number-index.ts';

/** What a NumberIndex takes. */
const MOST = 0xffffffff;

/** Socket inodes of some processes, decimal: as texts, or as numbers where there are very many. */
export class HeldInodes {
  /** Only of very many. */
  readonly packed: NumberIndex | undefined;
  /** All of them, or what fits no such number. */
  readonly #texts = new Set<string>();
  readonly #numbers: number[] = [];

  constructor(packed: boolean) {
    this.packed = packed ? new NumberIndex(0) : undefined;
  }

  get size(): number {
    return this.#texts.size + (this.packed?.size ?? 0);
  }

  addAll(links: LinkList): void {
    for (let index = 0; index < links.size; index++) {
      const number = links instanceof PackedLinks ? links.inodeAt(index) : 0;
      if (number !== 0 && this.packed) this.#addNumber(this.packed, number);
      else this.#add(links.socketInode(index));
    }
  }

  #add(text: string | undefined): void {
    if (text === undefined) return;
    const number = Number(text);
    if (this.packed && number > 0 && number <= MOST && String(number) === text) this.#addNumber(this.packed, number);
    else this.#texts.add(text);
  }

  #addNumber(packed: NumberIndex, number: number): void {
    if (packed.add(number) === this.#numbers.length) this.#numbers.push(number);
  }

  has(inode: string): boolean {
    return (this.packed && this.packed.placeOf(Number(inode)) >= 0) || this.#texts.has(inode);
  }

  *[Symbol.iterator](): Generator<string> {
    yield* this.#texts;
    for (const number of this.#numbers) yield String(number);
  }
}
