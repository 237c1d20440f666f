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
const MOST_CHANNELS = 200_000;

export class Waits {
  readonly channels = new Map<number, Channel>();
  /** There were more channels than are kept. */
  manyChannels = false;
  private readonly layout: Layout;
  private readonly space: Space;
  private readonly gatherer: Gatherer;
  /** Per stack the place, from its stack pointer on, of the word that leads to the wait; -1: it has none. */
  private readonly places = new Map<Stack, number>();
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
    const pointers: number[] = [];
    const owners: number[] = [];
    for (const [index, one] of waiting.entries()) {
      const isPoll = one.reason === 'IO wait';
      if (!isPoll && !/^(semacquire|sync\.)/.test(one.reason)) continue;
      const pointer = this.pointerOf(one, isPoll, viewOf(one));
      if (pointer === undefined) continue;
      pointers.push(pointer);
      owners.push(index);
    }
    this.gatherer.gather(pointers, POLL_BYTES, (at, words, from) => {
      const index = owners[at]!;
      const { g, reason } = waiting[index]!;
      if (reason === 'IO wait') {
        if (isPollOf(words, from, g)) found[index] = { descriptor: words.word(from + 8) };
      } else if (words.word(from) === g) found[index] = { semaphore: words.word(from + 24) };
    });
    return found;
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

  private pointerOf(one: Waiting, isPoll: boolean, view: StackWords): number | undefined {
    const place = this.places.get(one.stack);
    if (place !== undefined && place >= 0) {
      const word = view.word(one.sp + place);
      return isAddress(word) ? word : undefined;
    }
    if (place === -1) return undefined;
    const end = Math.min(one.high, one.sp + Math.min(MOST_NEAR, one.stack.nearBytes));
    for (let address = one.sp; address + 8 <= end; address += 8) {
      const word = view.word(address);
      if (!isAddress(word) || (word >= one.low && word < one.high) || word === one.g) continue;
      if (this.space.read(word, this.one.bytes, 0, POLL_BYTES) < POLL_BYTES) continue;
      if (isPoll ? isPollOf(this.one, 0, one.g) : this.one.word(0) === one.g && isAddress4(this.one.word(24))) {
        this.places.set(one.stack, address - one.sp);
        return word;
      }
    }
    this.places.set(one.stack, -1);
    return undefined;
  }
}

/** `rg` and `wg` lie at 24 and 32 before Go 1.20, at 32 and 40 from then on. */
function isPollOf(words: Words, at: number, g: number): boolean {
  return words.word(at + 8) < 2 ** 31 && (words.word(at + 24) === g || words.word(at + 32) === g || words.word(at + 40) === g);
}

function isAddress(word: number): boolean {
  return word > 4096 && word < MOST_ADDRESS && word % 8 === 0;
}

/** A semaphore is a word of 32 bits. */
function isAddress4(word: number): boolean {
  return word > 4096 && word < MOST_ADDRESS && word % 4 === 0;
}
