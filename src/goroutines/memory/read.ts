/**
 * Every goroutine of a running program, without stopping it: each is read, then its stack, then it once more. One that moved in
 * between is read again, and counted as torn when it never stands still.
 */
import type { Cut, Dump } from '../../kernel/goroutines.ts';
import { findGoroutines, type Goroutines } from './allgs.ts';
import { Calls } from './calls.ts';
import { Census, type Connection } from './census.ts';
import type { Program } from './program.ts';
import { isSame, isStack, isWaiting, needsStack, printedState, type Raw, rawOf } from './raw.ts';
import { Gatherer, type Space, Words } from './space.ts';
import { type Stack, StackWords, Stacks } from './stacks.ts';
import { type Channel, type Found, type Waiting, Waits } from './waits.ts';

export interface MemoryOptions {
  /** Keep every goroutine. */
  rows: boolean;
  /** Counts only: not what they wait for, nor what they have at hand. */
  light?: boolean;
  /**
   * CLOCK_MONOTONIC now, ns, of the host the program runs on; `last seen` where nobody knows (a core file): when its collector
   * last saw one wait; `stands still`: the program is paused, and its waits have lasted for no time of its own.
   */
  nowNs: number | 'last seen' | 'stands still';
  /** Asked between pieces of work: ends what takes too long, or what nobody waits for any more. */
  stop?: () => Promise<string | undefined>;
}

export interface MemoryDump {
  dump: Dump;
  /** Those that never stood still while they were read, or whose stack made no sense. */
  torn: number;
  /** Of those, they that stood still all the time: their stacks lead into code that is not the program's own. */
  foreign: number;
  /** All that were read. */
  read: number;
  channels: Map<number, Channel>;
  /** Descriptors that goroutines wait on. */
  waitsOnFds: Connection[];
  /** False: no collection has seen any of them wait, and no waiting time is known. */
  hasTimes: boolean;
  /** The list was found by its shape. */
  guessed: boolean;
}

const AT_ONCE = 2048;
const TRIES = 6;
/** Most stacks are used by less than this; what is deeper is read as it is needed. */
const STACK_AT_ONCE = 64 * 1024;
const G_BYTES = 384;
/** A machine that has been up for so long has been up for a century. */
const MOST_NS = 3.2e18;

/** Throws Unreadable. */
export async function readGoroutines(program: Program, space: Space, options: MemoryOptions): Promise<MemoryDump> {
  const found = findGoroutines(program, space);
  const nowNs = options.nowNs === 'last seen' ? lastSeen(program, space, found.addresses) : options.nowNs === 'stands still' ? 0 : options.nowNs;
  return new Reading(program, space, found, { ...options, nowNs }).run();
}

/** The latest time that the runtime noted as a beginning of a wait: it cannot be later now than it was then. */
function lastSeen({ layout }: Program, space: Space, addresses: readonly number[]): number {
  let latest = 0;
  new Gatherer(space).gather(addresses, layout.size, (_, words, at) => {
    const since = words.word(at + layout.waitsince);
    if (since > latest && since < MOST_NS) latest = since;
  });
  return latest;
}

class Reading {
  private readonly program: Program;
  private readonly space: Space;
  private readonly options: MemoryOptions;
  private readonly gatherer: Gatherer;
  private readonly stacks: Stacks;
  private readonly waits: Waits;
  private readonly view: StackWords;
  private readonly census: Census;
  private torn = 0;
  private foreign = 0;
  private readonly addresses: readonly number[];
  private readonly guessed: boolean;
  /** Those addresses, once somebody asks. */
  private all: ReadonlySet<number> | undefined;
  private own: Words | undefined;
  private readonly single = new Words(G_BYTES + 128);

  constructor(program: Program, space: Space, { addresses, guessed }: Goroutines, options: MemoryOptions & { nowNs: number }) {
    this.addresses = addresses;
    this.guessed = guessed;
    this.program = program;
    this.space = space;
    this.options = options;
    this.gatherer = new Gatherer(space);
    const calls = new Calls(program);
    this.stacks = new Stacks(calls, program.machine);
    this.waits = new Waits(program.layout, space, this.gatherer, (address) => (this.all ??= new Set(this.addresses)).has(address));
    this.view = new StackWords(space, () => (this.own ??= new Words(256 * 1024)));
    this.census = new Census(program, space, calls, options);
  }

  async run(): Promise<MemoryDump> {
    const { addresses } = this;
    let stopped: string | undefined;
    for (let from = 0; from < addresses.length; from += AT_ONCE) {
      stopped = await this.options.stop?.();
      if (stopped !== undefined) break;
      this.slice(addresses.slice(from, from + AT_ONCE));
    }
    const { waits, census } = this;
    const notes = waits.manyChannels ? ['so many channels that some were left out'] : [];
    const cut: Cut | undefined = stopped === undefined ? undefined : { kind: 'interrupted', detail: stopped };
    return { dump: census.dump(notes, cut), torn: this.torn, foreign: this.foreign, read: census.read, hasTimes: census.hasTimes, channels: waits.channels, waitsOnFds: census.connections, guessed: this.guessed };
  }

  private slice(addresses: readonly number[]): void {
    const { size } = this.program.layout;
    const raws: Raw[] = [];
    this.gatherer.gather(addresses, size, (index, words, at) => {
      const raw = rawOf(this.program.layout, addresses[index]!, words, at);
      if (raw) raws.push(raw);
    });
    const stacks = this.stacksOf(raws);
    const founds = this.findWaits(raws, stacks);
    // Each once more: who moved meanwhile has a stack of two moments.
    const still = new Set<Raw>();
    this.gatherer.gather(raws.map(({ address }) => address), size, (index, words, at) => {
      const raw = raws[index]!;
      const again = rawOf(this.program.layout, raw.address, words, at);
      if (again && isSame(raw, again)) still.add(raw);
    });
    for (const raw of raws) {
      const stack = stacks.get(raw);
      if (!needsStack(raw) || (stack && still.has(raw))) this.add(raw, stack, founds.get(raw));
      else this.retry(raw.address);
    }
  }

  private stacksOf(raws: readonly Raw[]): Map<Raw, Stack> {
    const found = new Map<Raw, Stack>();
    const wanted = raws.filter((raw) => needsStack(raw) && isStack(raw));
    const lengths = wanted.map(({ sp, high }) => Math.min(STACK_AT_ONCE, high - sp));
    this.gatherer.gather(wanted.map(({ sp }) => sp), lengths, (index, words, at) => {
      const raw = wanted[index]!;
      this.view.set(words, at, raw.sp, raw.sp + lengths[index]!);
      const stack = this.stacks.walk(raw.pc, raw.sp, raw.high, this.view);
      if (stack) found.set(raw, stack);
    });
    return found;
  }

  /** One alone, as quickly as can be. */
  private retry(address: number): void {
    const { size } = this.program.layout;
    const once = (): Raw | undefined => (this.space.read(address, this.single.bytes, 0, size) < size ? undefined : rawOf(this.program.layout, address, this.single, 0));
    let stood = 0;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const raw = once();
      // It ended: no loss.
      if (!raw) return;
      if (!needsStack(raw)) {
        this.add(raw, undefined, undefined);
        return;
      }
      const stacks = this.stacksOf([raw]);
      const stack = stacks.get(raw);
      const found = this.findWaits([raw], stacks).get(raw);
      const again = once();
      if (!again || !isSame(raw, again)) continue;
      if (stack) {
        this.add(raw, stack, found);
        return;
      }
      stood++;
    }
    this.torn++;
    if (stood === TRIES) this.foreign++;
  }

  private add(raw: Raw, stack: Stack | undefined, found: Found | undefined): void {
    if (found) this.waits.count(printedState(raw, this.program.waitReasons), found);
    this.census.add(raw, stack, found);
  }

  private findWaits(raws: readonly Raw[], stacks: ReadonlyMap<Raw, Stack>): Map<Raw, Found> {
    const found = new Map<Raw, Found>();
    if (this.options.light) return found;
    const waiting = raws.flatMap((raw): Waiting[] => {
      const stack = stacks.get(raw);
      if (!stack || !isWaiting(raw)) return [];
      return [{ raw, stack, reason: printedState(raw, this.program.waitReasons) }];
    });
    for (const [index, one] of this.waits.find(waiting).entries()) found.set(waiting[index]!.raw, one);
    return found;
  }
}
