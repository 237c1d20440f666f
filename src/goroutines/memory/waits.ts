/**
 * What goroutines wait for, by its address: channels from the list of waits that each keeps (g.waiting), locks and descriptors
 * from the one word of their innermost calls that leads back to them. A word is believed when what it points to names the
 * goroutine: a sudog its g (runtime/sema.go semacquire1), a pollDesc who waits to read or write (runtime/netpoll.go).
 */
import type { Layout } from './layouts.ts';
import { type Gatherer, MOST_ADDRESS, type Space, Words } from './space.ts';
import type { Stack, StackWords } from './stacks.ts';

export interface Channel {
  length: number;
  capacity: number;
  closed: boolean;
  senders: number;
  receivers: number;
}

export interface Waiting {
  /** Address of the g. */
  g: number;
  sp: number;
  low: number;
  high: number;
  stack: Stack;
  reason: string;
  /** g.waiting. */
  sudog: number;
}

export interface Found {
  /** Channels of a wait; of a select those that are not nil. */
  channels?: number[];
  /** The word that a lock sleeps on. */
  semaphore?: number;
  descriptor?: number;
}

const MOST_CASES = 32;
const CHANNEL_BYTES = 32;
const SUDOG_BYTES = 104;
const POLL_BYTES = 48;
const MOST_NEAR = 2048;
/** Of one stack. */
const MOST_SEARCHES = 200;
const MOST_CHANNELS = 200_000;

export class Waits {
  readonly channels = new Map<number, Channel>();
  /** There were more channels than are kept. */
  manyChannels = false;
  private readonly layout: Layout;
  private readonly space: Space;
  private readonly gatherer: Gatherer;
  /** Per stack the place, from its stack pointer on, where the word that leads to the wait was seen last. */
  private readonly places = new Map<Stack, number>();
  /** How often a stack was searched: some never show it. */
  private readonly searches = new Map<Stack, number>();
  private readonly one = new Words(128);

  constructor(layout: Layout, space: Space, gatherer: Gatherer) {
    this.layout = layout;
    this.space = space;
    this.gatherer = gatherer;
  }

  /** In the order of `waiting`. @param viewOf the words of the stack of one of them */
  find(waiting: readonly Waiting[], viewOf: (one: Waiting) => StackWords): Found[] {
    const found: Found[] = waiting.map(() => ({}));
    this.findChannels(waiting, found);
    const asleep = waiting.flatMap(({ reason }, index) => (isPoll(reason) || /^(semacquire|sync\.)/.test(reason) ? [index] : []));
    const missed = this.followKnown(asleep, waiting, found, viewOf);
    for (const index of missed) found[index] = this.search(waiting[index]!, viewOf(waiting[index]!)) ?? {};
    return found;
  }

  /** Most have the word where others of the same stack have it: those are read together. @returns the rest */
  private followKnown(asleep: readonly number[], waiting: readonly Waiting[], found: Found[], viewOf: (one: Waiting) => StackWords): number[] {
    const missed = new Set(asleep);
    const pointers: number[] = [];
    const owners: number[] = [];
    for (const index of asleep) {
      const one = waiting[index]!;
      const place = this.places.get(one.stack);
      const pointer = place === undefined ? 0 : viewOf(one).word(one.sp + place);
      if (!isAddress(pointer)) continue;
      pointers.push(pointer);
      owners.push(index);
    }
    this.gatherer.gather(pointers, POLL_BYTES, (at, words, from) => {
      const index = owners[at]!;
      const told = this.told(waiting[index]!, words, from);
      if (!told) return;
      found[index] = told;
      missed.delete(index);
    });
    return [...missed];
  }

  /** Through the words of its innermost calls. */
  private search(one: Waiting, view: StackWords): Found | undefined {
    const searches = this.searches.get(one.stack) ?? 0;
    if (searches >= MOST_SEARCHES) return undefined;
    this.searches.set(one.stack, searches + 1);
    const end = Math.min(one.high, one.sp + Math.min(MOST_NEAR, one.stack.nearBytes));
    for (let address = one.sp; address + 8 <= end; address += 8) {
      const word = view.word(address);
      if (!isAddress(word) || (word >= one.low && word < one.high) || word === one.g) continue;
      if (this.space.read(word, this.one.bytes, 0, POLL_BYTES) < POLL_BYTES) continue;
      const told = this.told(one, this.one, 0);
      if (!told) continue;
      this.places.set(one.stack, address - one.sp);
      return told;
    }
    return undefined;
  }

  /** What this memory says when it is that of the wait of this very goroutine. */
  private told({ g, reason }: Waiting, words: Words, at: number): Found | undefined {
    if (isPoll(reason)) return isPollOf(words, at, g) ? { descriptor: words.word(at + 8) } : undefined;
    const semaphore = words.word(at + this.layout.sudogElement);
    return words.word(at) === g && isWordOf32(semaphore) ? { semaphore } : undefined;
  }

  private findChannels(waiting: readonly Waiting[], found: Found[]): void {
    const { sudogWaitlink, sudogChannel } = this.layout;
    let open = waiting.flatMap(({ sudog }, index) => (isAddress(sudog) ? [{ index, sudog }] : []));
    for (let round = 0; round < MOST_CASES && open.length > 0; round++) {
      const next: typeof open = [];
      this.gatherer.gather(open.map(({ sudog }) => sudog), SUDOG_BYTES, (at, words, from) => {
        const { index } = open[at]!;
        if (words.word(from) !== waiting[index]!.g) return;
        const channel = words.word(from + sudogChannel);
        if (isAddress(channel)) (found[index]!.channels ??= []).push(channel);
        const link = words.word(from + sudogWaitlink);
        if (isAddress(link)) next.push({ index, sudog: link });
      });
      open = next;
    }
    this.readChannels(waiting, found);
  }

  private readChannels(waiting: readonly Waiting[], found: readonly Found[]): void {
    const fresh = new Set<number>();
    for (const { channels } of found) for (const channel of channels ?? []) if (!this.channels.has(channel)) fresh.add(channel);
    const list = [...fresh].slice(0, Math.max(0, MOST_CHANNELS - this.channels.size));
    if (list.length < fresh.size) this.manyChannels = true;
    this.gatherer.gather(list, CHANNEL_BYTES, (index, words, at) => {
      const [length, capacity, closed] = [words.word(at), words.word(at + 8), words.half(at + 28)];
      // What is in a channel fits into it: else this is none (any more).
      if (length <= capacity && closed <= 1) this.channels.set(list[index]!, { length, capacity, closed: closed === 1, senders: 0, receivers: 0 });
    });
    for (const [index, { channels }] of found.entries()) {
      const isSend = waiting[index]!.reason.startsWith('chan send');
      const isReceive = waiting[index]!.reason.startsWith('chan receive');
      for (const address of channels ?? []) {
        const channel = this.channels.get(address);
        if (channel && isSend) channel.senders++;
        else if (channel && isReceive) channel.receivers++;
      }
    }
  }
}

function isPoll(reason: string): boolean {
  return reason === 'IO wait';
}

/** `rg` and `wg` lie at 24 and 32 before Go 1.20, at 32 and 40 from then on. */
function isPollOf(words: Words, at: number, g: number): boolean {
  return words.word(at + 8) < 2 ** 31 && (words.word(at + 24) === g || words.word(at + 32) === g || words.word(at + 40) === g);
}

function isAddress(word: number): boolean {
  return word > 4096 && word < MOST_ADDRESS && word % 8 === 0;
}

function isWordOf32(word: number): boolean {
  return word > 4096 && word < MOST_ADDRESS && word % 4 === 0;
}
