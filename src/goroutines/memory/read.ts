/**
 * Every goroutine of a running program, without stopping it: each is read, then its stack, then it once more. One that moved in
 * between is read again, and counted as torn when it never stands still.
 */
import type { Dump, Group, Sample } from '../../kernel/goroutines.ts';
import { isSystem } from '../names.ts';
import { semaphoreOffset } from '../objects.ts';
import { GroupTable, MOST_SAMPLES, type Seen } from '../parse/group-table.ts';
import { SeenIds } from '../parse/seen-ids.ts';
import { isBlocking, isLock, stateOfStack } from '../states.ts';
import { findGoroutines } from './allgs.ts';
import { Calls, isShown, printedName } from './calls.ts';
import { isRuntimeStart } from './count.ts';
import { Labels } from './labels.ts';
import { LiveWords } from './live-words.ts';
import type { Program } from './program.ts';
import { isLeaked, isSame, isStack, isWaiting, minutesOf, needsStack, printedState, type Raw, rawOf } from './raw.ts';
import { Gatherer, type Space, Words } from './space.ts';
import { type Stack, StackWords, Stacks } from './stacks.ts';
import { type Channel, type Found, type Waiting, Waits } from './waits.ts';

export interface MemoryOptions {
  /** Keep every goroutine. */
  rows: boolean;
  /** CLOCK_MONOTONIC now, ns, of the host the program runs on; undefined where nobody knows (a core file). */
  nowNs?: number;
  /** Asked between pieces of work: ends what takes too long, or what nobody waits for any more. */
  stop?: () => Promise<string | undefined>;
}

export interface Connection {
  group: number;
  fd: number;
  id: string;
}

export interface MemoryDump {
  dump: Dump;
  /** Those that never stood still while they were read, or whose stack made no sense. */
  torn: number;
  /** All that were read. */
  read: number;
  channels: Map<number, Channel>;
  /** Descriptors that goroutines wait on. */
  waitsOnFds: Connection[];
  /** The list was found by its shape. */
  guessed: boolean;
}

const AT_ONCE = 2048;
const TRIES = 6;
/** Most stacks are used by less than this; what is deeper is read as it is needed. */
const STACK_AT_ONCE = 64 * 1024;
const G_BYTES = 384;
const MOST_CONNECTIONS = 20_000;

/** Throws Unreadable. */
export async function readGoroutines(program: Program, space: Space, options: MemoryOptions): Promise<MemoryDump> {
  return new Reading(program, space, options).run();
}

class Reading {
  private readonly program: Program;
  private readonly space: Space;
  private readonly options: MemoryOptions;
  private readonly gatherer: Gatherer;
  private readonly stacks: Stacks;
  private readonly live: LiveWords;
  private readonly labels: Labels;
  private readonly waits: Waits;
  private readonly view: StackWords;
  private readonly table: GroupTable;
  private readonly groups = new Map<Stack | undefined, Map<string, Group>>();
  private readonly creators = new Map<number, { func: string; file: string; line: number } | undefined>();
  private readonly systems = new Map<number, boolean>();
  private readonly connections: Connection[] = [];
  private readonly ids = new SeenIds();
  private torn = 0;
  private read = 0;
  private total = 0;
  private stopped: string | undefined;
  private own: Words | undefined;
  private readonly single = new Words(G_BYTES + 128);

  constructor(program: Program, space: Space, options: MemoryOptions) {
    this.program = program;
    this.space = space;
    this.options = options;
    this.gatherer = new Gatherer(space);
    const calls = new Calls(program);
    this.stacks = new Stacks(calls, program.machine);
    this.live = new LiveWords(program, space, calls);
    this.labels = new Labels(space, program.layout.labelList);
    this.waits = new Waits(program.layout, space, this.gatherer);
    this.view = new StackWords(space, () => (this.own ??= new Words(256 * 1024)));
    this.table = new GroupTable(options.rows);
  }

  async run(): Promise<MemoryDump> {
    const { addresses, guessed } = findGoroutines(this.program, this.space);
    for (let from = 0; from < addresses.length; from += AT_ONCE) {
      this.stopped = await this.options.stop?.();
      if (this.stopped !== undefined) break;
      this.slice(addresses.slice(from, from + AT_ONCE));
    }
    this.table.finish();
    for (const group of this.table.groups) {
      const told = group.samples.flatMap(({ parent }) => parent ?? []);
      if (told.length > 0) group.parents = { told: told.length, gone: told.filter((parent) => !this.ids.has(Number(parent))).length };
    }
    const { groups, rows } = this.table;
    const notes: string[] = [];
    if (this.labels.dropped) notes.push('so many sets of labels that some were left out');
    if (this.waits.manyChannels) notes.push('so many channels that some were left out');
    return {
      dump: {
        format: 'memory', profile: 'goroutine', total: this.total, groups, notes, bytes: 0, goVersion: this.program.version,
        ...(rows && { rows }),
        ...(this.stopped !== undefined && { cut: { kind: 'interrupted' as const, detail: this.stopped } }),
      },
      torn: this.torn, read: this.read, channels: this.waits.channels, waitsOnFds: this.connections, guessed,
    };
  }

  private slice(addresses: readonly number[]): void {
    const { size } = this.program.layout;
    const raws: Raw[] = [];
    this.gatherer.gather(addresses, size, (index, words, at) => {
      const raw = rawOf(this.program.layout, addresses[index]!, words, at);
      if (raw) raws.push(raw);
    });
    const stacks = this.stacksOf(raws);
    // Each once more: who moved meanwhile has a stack of two moments.
    const still = new Set<Raw>();
    this.gatherer.gather(raws.map(({ address }) => address), size, (index, words, at) => {
      const raw = raws[index]!;
      const again = rawOf(this.program.layout, raw.address, words, at);
      if (again && isSame(raw, again)) still.add(raw);
    });
    const whole: { raw: Raw; stack: Stack | undefined }[] = [];
    for (const raw of raws) {
      const stack = stacks.get(raw);
      if (!needsStack(raw) || (stack && still.has(raw))) whole.push({ raw, stack });
      else {
        const retried = this.retry(raw.address);
        if (retried) whole.push(retried);
      }
    }
    this.count(whole);
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
  private retry(address: number): { raw: Raw; stack: Stack | undefined } | undefined {
    const { size } = this.program.layout;
    const once = (): Raw | undefined => (this.space.read(address, this.single.bytes, 0, size) < size ? undefined : rawOf(this.program.layout, address, this.single, 0));
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const raw = once();
      // It ended: no loss.
      if (!raw) return undefined;
      if (!needsStack(raw)) return { raw, stack: undefined };
      const stack = this.stacksOf([raw]).get(raw);
      const again = once();
      if (stack && again && isSame(raw, again)) return { raw, stack };
    }
    this.torn++;
    return undefined;
  }

  private count(whole: readonly { raw: Raw; stack: Stack | undefined }[]): void {
    const waiting: Waiting[] = [];
    const indexes: number[] = [];
    for (const [index, { raw, stack }] of whole.entries()) {
      if (!stack || !isWaiting(raw)) continue;
      waiting.push({ g: raw.address, sp: raw.sp, low: raw.low, high: raw.high, stack, reason: printedState(raw, this.program.waitReasons), sudog: raw.sudog });
      indexes.push(index);
    }
    const founds: (Found | undefined)[] = [];
    for (const [at, found] of this.waits.find(waiting).entries()) founds[indexes[at]!] = found;
    for (const [index, { raw, stack }] of whole.entries()) this.add(raw, stack, founds[index]);
  }

  private add(raw: Raw, stack: Stack | undefined, found: Found | undefined): void {
    this.read++;
    const group = this.groupOf(raw, stack);
    const waitMinutes = minutesOf(raw, this.options.nowNs);
    const object = objectOf(group, found);
    const id = String(raw.id);
    this.ids.add(raw.id);
    const seen: Seen = { id, lockedToThread: raw.locked, leaked: isLeaked(raw), ...(object && { object: object.address }) };
    if (waitMinutes !== undefined) seen.waitMinutes = waitMinutes;
    if (object && !group.objectKind) group.objectKind = object.kind;
    const isSample = group.samples.length < MOST_SAMPLES;
    const args = isSample && stack && this.program.machine === 'amd64' ? this.live.of(stack, raw) : [];
    const sample: Sample | undefined = isSample ? { id, args, ...(waitMinutes !== undefined && { waitMinutes }), ...(raw.parent !== 0 && { parent: String(raw.parent) }), ...(object && { object: hex(object.address) }) } : undefined;
    this.table.count(group, seen, sample);
    if (!group.system) this.total++;
    if (found?.descriptor !== undefined && this.connections.length < MOST_CONNECTIONS) this.connections.push({ group: group.index, fd: found.descriptor, id });
  }

  private groupOf(raw: Raw, stack: Stack | undefined): Group {
    let known = this.groups.get(stack);
    if (!known) this.groups.set(stack, (known = new Map()));
    const labels = this.labels.at(raw.labels);
    const key = `${raw.status} ${raw.reason} ${raw.gopc} ${raw.startpc} ${raw.labels === 0 ? '' : JSON.stringify(labels)}`;
    let group = known.get(key);
    if (group) return group;
    const creator = this.creatorOf(raw);
    const printed = printedState(raw, this.program.waitReasons);
    const frames = stack?.frames ?? [];
    const state = stateOfStack(printed, frames);
    group = this.table.add({
      state, stateFrom: state === printed ? 'printed' : 'frames', frames, elided: stack?.elided ?? false, labels,
      system: this.isOfRuntime(raw.startpc) || (frames.length > 0 && raw.startpc === 0 && isSystem(frames, creator)),
      ...(creator && { creator }),
    });
    known.set(key, group);
    return group;
  }

  /** runtime/traceback.go printcreatedby. */
  private creatorOf({ gopc, id }: Raw): { func: string; file: string; line: number } | undefined {
    if (id === 1 || gopc === 0) return undefined;
    if (this.creators.has(gopc)) return this.creators.get(gopc);
    const { functions } = this.program;
    const fn = functions.find(gopc);
    const isTold = fn && isShown(fn.name, fn.id === functions.wrapperId, false, '');
    const creator = isTold ? { func: printedName(fn.name), ...functions.position(fn, gopc > fn.entry ? gopc - functions.header.quantum : gopc) } : undefined;
    this.creators.set(gopc, creator);
    return creator;
  }

  private isOfRuntime(startpc: number): boolean {
    let known = this.systems.get(startpc);
    if (known === undefined) {
      known = isRuntimeStart(this.program.functions.find(startpc)?.name ?? '');
      this.systems.set(startpc, known);
    }
    return known;
  }
}

function objectOf({ state, frames }: Group, found: Found | undefined): { kind: 'channel' | 'lock'; address: number } | undefined {
  if (!found || !isBlocking(state)) return undefined;
  const [channel, ...more] = found.channels ?? [];
  if (channel !== undefined) return more.length === 0 ? { kind: 'channel', address: channel } : undefined;
  if (found.semaphore === undefined || !(isLock(state) || state === 'sync.WaitGroup.Wait')) return undefined;
  return { kind: 'lock', address: found.semaphore - semaphoreOffset(frames) };
}

export function hex(address: number): string {
  return `0x${address.toString(16)}`;
}
