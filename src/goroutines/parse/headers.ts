/** First lines of goroutines, read once each: ids aside, a dump has few. */
import { type Header, parseHeader } from './header.ts';
import type { StackRoot } from './stack-tree.ts';

const MOST_HEADERS = 20_000;
const PRIME_1 = 0x01000193;
const PRIME_2 = 0x5bd1e995;

export interface CachedHeader<T> {
  header: Header;
  /** Stacks with this state and these labels, shared by headers that differ in their waiting time. */
  stacks: StackRoot<T>;
  /** What parts groups with equal stacks: the state, the labels. */
  seed: number;
  seedUnlabelled: number;
}

export class Headers<T> {
  private readonly known = new Map<string, CachedHeader<T>>();
  private readonly stacks = new Map<number, StackRoot<T>>();
  private readonly states = new Map<string, number>();

  /** @param text from behind the id to the end of the line @returns undefined when it is no header */
  of(text: string): CachedHeader<T> | undefined {
    const known = this.known.get(text);
    if (known) return known;
    const header = parseHeader(text);
    if (!header) return undefined;
    const seedUnlabelled = this.intern(header.state);
    const seed = header.labelText === '' ? seedUnlabelled : this.intern(`${header.state}\n${header.labelText}`);
    let stacks = this.stacks.get(seed);
    if (!stacks) this.stacks.set(seed, (stacks = { children: [] }));
    const cached = { header, seedUnlabelled, seed, stacks };
    if (this.known.size >= MOST_HEADERS) this.known.clear();
    if (this.stacks.size >= MOST_HEADERS) this.stacks.clear();
    this.known.set(text, cached);
    return cached;
  }

  clear(): void {
    this.known.clear();
    this.stacks.clear();
  }

  private intern(text: string): number {
    let seed = 0x811c9dc5;
    for (let i = 0; i < text.length; i++) seed = Math.imul(seed ^ text.charCodeAt(i), PRIME_1);
    // Equal hashes of different states would make one group of two: the number of the state parts them.
    let number = this.states.get(text);
    if (number === undefined && this.states.size < MOST_HEADERS) this.states.set(text, (number = this.states.size + 1));
    return seed ^ Math.imul(number ?? 0, PRIME_2);
  }
}
