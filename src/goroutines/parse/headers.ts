/** First lines of goroutines, read once each: ids aside, a dump has few. */
import { type Header, parseHeader } from './header.ts';
import { keyOf } from './stacks/hash.ts';

const MOST_HEADERS = 20_000;
const PRIME_1 = 0x01000193;
const PRIME_2 = 0x5bd1e995;

export interface CachedHeader {
  header: Header;
  /** What parts groups with equal stacks: the state, the labels. */
  seed: number;
  seedUnlabelled: number;
}

export class Headers {
  private readonly known = new Map<string, CachedHeader>();
  private readonly byHash = new Map<number, CachedHeader>();
  private readonly states = new Map<string, number>();

  /** @param text from behind the id to the end of the line @returns undefined when it is no header */
  of(text: string): CachedHeader | undefined {
    const known = this.known.get(text);
    if (known) return known;
    const header = parseHeader(text);
    if (!header) return undefined;
    const seedUnlabelled = this.intern(header.state);
    const seed = header.labelText === '' ? seedUnlabelled : this.intern(`${header.state}\n${header.labelText}`);
    const cached = { header, seedUnlabelled, seed };
    if (this.known.size >= MOST_HEADERS) this.known.clear();
    this.known.set(text, cached);
    return cached;
  }

  /** The same of bytes whose hashes are at hand. */
  hashed(one: number, two: number, buffer: Buffer, from: number, to: number): CachedHeader | undefined {
    const key = keyOf(one, two, 0);
    const known = this.byHash.get(key);
    if (known) return known;
    const cached = this.of(buffer.toString('latin1', from, to));
    if (this.byHash.size >= MOST_HEADERS) this.byHash.clear();
    if (cached) this.byHash.set(key, cached);
    return cached;
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
