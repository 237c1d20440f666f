/**
 * What goroutines wait for, by its address: channels from the list of waits that each keeps (g.waiting), locks and descriptors
 * from the one word of their innermost calls that leads back to them. A word is believed when what it points to names the
 * goroutine: a sudog its g (runtime/sema.go semacquire1), a pollDesc who waits to read or write (runtime/netpoll.go).
 */
import { Conds } from './conds.ts';
import type { Layout } from './layouts.ts';
import type { Raw } from './raw.ts';
import { type Gatherer, MOST_ADDRESS, type Space, Words } from './space.ts';
import type { Stack } from './stacks.ts';

export interface Channel {
  length: number;
  capacity: number;
  closed: boolean;
  senders: number;
  receivers: number;
  /** In a select, which tells not whether they would send or receive. */
  selecting: number;
  /** A timer or ticker that runs will send to it (Go 1.23 and later). */
  timer?: true;
}

export interface Waiting {
  raw: Raw;
  stack: Stack;
  reason: string;
}

export interface Found {
  /** Channels of a wait; of a select those that are not nil. */
  channels?: number[];
  /** It waits for one channel, and a timer will send to that. */
  timed?: true;
  /** The word that a lock sleeps on. */
  semaphore?: number;
  /** Address of a sync.Cond. */
  cond?: number;
  descriptor?: number;
}

const MOST_CASES = 32;
const CHANNEL_BYTES = 40;
const CHANNEL_TIMER = 32;
/** Later than a century of uptime: for ever. */
const MOST_WHEN = 3.2e18;
const SUDOG_BYTES = 104;
const POLL_BYTES = 48;
const MOST_NEAR = 2048;
/** Of one stack. */
const MOST_SEARCHES = 50;
const MOST_PLACES = 6;
const MOST_CHANNELS = 200_000;

export class Waits {
  readonly channels = new Map<number, Channel>();
  /** There were more channels than are kept. */
  manyChannels = false;
  private readonly layout: Layout;
  private readonly space: Space;
  private readonly gatherer: Gatherer;
  /** Per stack the places, from its stack pointer on, where a word was seen that leads to the wait. */
  private readonly places = new Map<Stack, number[]>();
  /** How often a stack was searched: some never show it. */
  private readonly searches = new Map<Stack, number>();
  private readonly one = new Words(POLL_BYTES);
  private readonly near = new Words(MOST_NEAR);
  private readonly conds: Conds;

  /** @param isGoroutine is there a runtime.g at this address? */
  constructor(layout: Layout, space: Space, gatherer: Gatherer, isGoroutine: (address: number) => boolean) {
    this.conds = new Conds(space, isGoroutine);
    this.layout = layout;
    this.space = space;
    this.gatherer = gatherer;
  }

  /** In the order of `waiting`. */
  find(waiting: readonly Waiting[]): Found[] {
    const found: Found[] = waiting.map(() => ({}));
    this.findChannels(waiting, found);
    let open = waiting.flatMap(({ reason }, index) => (isPoll(reason) || isSemaphore(reason) || isCond(reason) ? [index] : []));
    // Most have the word where another of the same stack has it. Some places hold it by chance: those come later.
    for (let round = 0; round < MOST_PLACES && open.length > 0; round++) open = this.follow(open, waiting, found, round);
    while (open.length > 0) {
      const first = open.shift()!;
      const { stack } = waiting[first]!;
      const before = this.places.get(stack)?.length ?? 0;
      const after = this.search(waiting[first]!);
      const [same, others] = [[first], [] as number[]];
      for (const index of open) (waiting[index]!.stack === stack ? same : others).push(index);
      let rest = same;
      for (let round = before; round < after; round++) rest = this.follow(rest, waiting, found, round);
      open = [...(this.searches.get(stack)! < MOST_SEARCHES ? rest.filter((index) => index !== first) : []), ...others];
    }
    return found;
  }

  /** All that have the word at the place of this number, read together. @returns the others */
  private follow(open: readonly number[], waiting: readonly Waiting[], found: Found[], round: number): number[] {
    const known = open.filter((index) => this.places.get(waiting[index]!.stack)?.[round] !== undefined);
    const missed = new Set(open);
    const pointers: number[] = [];
    const owners: number[] = [];
    this.gatherer.gather(known.map((index) => waiting[index]!.raw.sp + this.places.get(waiting[index]!.stack)![round]!), 8, (at, words, from) => {
      const pointer = words.word(from);
      if (!isAddress(pointer)) return;
      pointers.push(pointer);
      owners.push(known[at]!);
    });
    this.gatherer.gather(pointers, POLL_BYTES, (at, words, from) => {
      const index = owners[at]!;
      const told = this.told(waiting[index]!, pointers[at]!, words, from);
      if (!told) return;
      found[index] = told;
      missed.delete(index);
    });
    return [...missed];
  }

  /** Notes every place among its innermost calls that leads to its wait. @returns how many of its stack are known */
  private search(one: Waiting): number {
    const { raw, stack } = one;
    this.searches.set(stack, (this.searches.get(stack) ?? 0) + 1);
    const places = this.places.get(stack) ?? [];
    const length = Math.min(MOST_NEAR, stack.nearBytes, raw.high - raw.sp) & ~7;
    if (this.space.read(raw.sp, this.near.bytes, 0, length) < length) return places.length;
    for (let place = 0; place < length && places.length < MOST_PLACES; place += 8) {
      const word = this.near.word(place);
      if (!isAddress(word) || (word >= raw.low && word < raw.high) || word === raw.address || places.includes(place)) continue;
      if (this.space.read(word, this.one.bytes, 0, POLL_BYTES) === POLL_BYTES && this.told(one, word, this.one, 0)) places.push(place);
    }
    this.places.set(stack, places);
    return places.length;
  }

  /** What this memory says when it is that of the wait of this very goroutine. */
  private told({ raw, reason }: Waiting, pointer: number, words: Words, at: number): Found | undefined {
    if (isCond(reason)) {
      const cond = this.conds.address(pointer, words, at, raw.address);
      return cond === undefined ? undefined : { cond };
    }
    if (isPoll(reason)) return isPollOf(words, at, raw.address) ? { descriptor: words.word(at + 8) } : undefined;
    const semaphore = words.word(at + this.layout.sudogElement);
    return words.word(at) === raw.address && isWordOf32(semaphore) ? { semaphore } : undefined;
  }

  private findChannels(waiting: readonly Waiting[], found: Found[]): void {
    const { sudogWaitlink, sudogChannel } = this.layout;
    let open = waiting.flatMap(({ raw: { sudog } }, index) => (isAddress(sudog) ? [{ index, sudog }] : []));
    for (let round = 0; round < MOST_CASES && open.length > 0; round++) {
      const next: typeof open = [];
      this.gatherer.gather(open.map(({ sudog }) => sudog), SUDOG_BYTES, (at, words, from) => {
        const { index } = open[at]!;
        if (words.word(from) !== waiting[index]!.raw.address) return;
        const channel = words.word(from + sudogChannel);
        if (isAddress(channel)) (found[index]!.channels ??= []).push(channel);
        const link = words.word(from + sudogWaitlink);
        if (isAddress(link)) next.push({ index, sudog: link });
      });
      open = next;
    }
    this.readChannels(found);
    for (const one of found) {
      const [channel, ...more] = one.channels ?? [];
      if (channel !== undefined && more.length === 0 && this.channels.get(channel)?.timer) one.timed = true;
    }
  }

  private readChannels(found: readonly Found[]): void {
    const fresh = new Set<number>();
    for (const { channels } of found) for (const channel of channels ?? []) if (!this.channels.has(channel)) fresh.add(channel);
    const list = [...fresh].slice(0, Math.max(0, MOST_CHANNELS - this.channels.size));
    if (list.length < fresh.size) this.manyChannels = true;
    const timers: { channel: Channel; at: number }[] = [];
    this.gatherer.gather(list, CHANNEL_BYTES, (index, words, at) => {
      const [length, capacity, closed] = [words.word(at), words.word(at + 8), words.half(at + 28)];
      // What is in a channel fits into it: else this is none (any more).
      if (length > capacity || closed > 1) return;
      const channel: Channel = { length, capacity, closed: closed === 1, senders: 0, receivers: 0, selecting: 0 };
      this.channels.set(list[index]!, channel);
      const timer = words.word(at + CHANNEL_TIMER);
      if (isAddress(timer)) timers.push({ channel, at: timer });
    });
    this.readTimers(timers);
  }

  /** One that was stopped, or has fired its only time, has no time. */
  private readTimers(timers: readonly { channel: Channel; at: number }[]): void {
    const { timerWhen } = this.layout;
    if (timerWhen === undefined || timers.length === 0) return;
    this.gatherer.gather(timers.map(({ at }) => at + timerWhen), 8, (index, words, at) => {
      const when = words.word(at);
      if (when > 0 && when < MOST_WHEN) timers[index]!.channel.timer = true;
    });
  }

  /** One that stood still while all this was read. */
  count(reason: string, { channels = [] }: Found): void {
    const isSend = reason.startsWith('chan send');
    const isReceive = reason.startsWith('chan receive');
    for (const address of channels) {
      const channel = this.channels.get(address);
      if (channel && isSend) channel.senders++;
      else if (channel && isReceive) channel.receivers++;
      else if (channel) channel.selecting++;
    }
  }
}

function isCond(reason: string): boolean {
  return reason === 'sync.Cond.Wait';
}

function isSemaphore(reason: string): boolean {
  return /^(semacquire|sync\.)/.test(reason) && !isCond(reason);
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
