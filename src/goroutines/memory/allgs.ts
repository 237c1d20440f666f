/** The list of all goroutines (runtime.allgs), by its symbol or by what it must look like, and whether the layout holds. */
import { numberAt } from '../../kernel/elf.ts';
import type { Program, Range } from './program.ts';
import { MOST_ADDRESS, type Space, Words } from './space.ts';
import { Unreadable } from './unreadable.ts';

export interface Goroutines {
  /** Addresses of every runtime.g there ever was; those that ended are used again. */
  addresses: number[];
  /** Found by its shape, not by its name. */
  guessed: boolean;
}

/** So many take 25 GB at least. */
const MOST_GOROUTINES = 10_000_000;
const MOST_BSS = 64 * 1024 * 1024;
const ATTEMPTS = 3;
const CHUNK = 1024 * 1024;
const LOOKED_AT = 64;
/** Some may change while they are looked at. */
const MOST_WRONG = 0.1;

/** Throws Unreadable when there is no such list, more than one, or the goroutines are not laid out as the version says. */
export function findGoroutines(program: Program, space: Space): Goroutines {
  // The list may move, and goroutines begin and end, while it is looked at.
  for (let attempt = 1; ; attempt++) {
    try {
      return findOnce(program, space);
    } catch (error) {
      if (!(error instanceof Unreadable) || attempt === ATTEMPTS) throw error;
    }
  }
}

function findOnce(program: Program, space: Space): Goroutines {
  const named = program.allgs === undefined ? undefined : listAt(program, space, program.allgs);
  if (named) return { addresses: readList(space, named), guessed: false };
  const found = candidates(program, space);
  if (found.length === 0) throw new Unreadable(`has no list of goroutines where ${program.version} has it: its layout is unverified`);
  if (found.length > 1) throw new Unreadable(`has ${found.length} lists that may be that of goroutines: its layout is unverified`);
  return { addresses: readList(space, found[0]!), guessed: true };
}

interface List {
  address: number;
  length: number;
}

/** Slices in `.bss` whose elements are goroutines. The runtime keeps the address of the first element by itself, too (runtime.allgptr). */
function candidates(program: Program, space: Space): List[] {
  const { start, end } = program.bss;
  const words = new Words(Math.min(MOST_BSS, Math.max(0, end - start)));
  const got = space.read(start, words.bytes, 0, words.bytes.length);
  const found = new Map<number, List>();
  const twice = repeated(words, got);
  for (let at = 0; at + 24 <= got; at += 8) {
    const length = words.word(at + 8);
    if (length === 0 || length > MOST_GOROUTINES) continue;
    const [address, capacity] = [words.word(at), words.word(at + 16)];
    if (!twice.has(address) || !isPlausible(address, length, capacity) || found.has(address)) continue;
    const list = { address, length };
    if (areGoroutines(program, space, list)) found.set(address, list);
  }
  return [...found.values()];
}

/** Words that may be addresses and are there more than once. */
function repeated(words: Words, length: number): Set<number> {
  const once = new Set<number>();
  const twice = new Set<number>();
  for (let at = 0; at + 8 <= length; at += 8) {
    const word = words.word(at);
    if (word <= 4096 || word >= MOST_ADDRESS) continue;
    if (once.has(word)) twice.add(word);
    else once.add(word);
  }
  return twice;
}

function isPlausible(address: number, length: number, capacity: number): boolean {
  return address > 4096 && address < MOST_ADDRESS && address % 8 === 0 && length >= 1 && length <= capacity && capacity <= MOST_GOROUTINES;
}

function listAt(program: Program, space: Space, at: number): List | undefined {
  const bytes = Buffer.alloc(24);
  if (space.read(at, bytes, 0, 24) < 24) return undefined;
  const [address, length, capacity] = [numberAt(bytes, 0), numberAt(bytes, 8), numberAt(bytes, 16)];
  const list = { address, length };
  return isPlausible(address, length, capacity) && areGoroutines(program, space, list) ? list : undefined;
}

/** The first one is that of main, unless main ended it; all have a stack, a number of their own and a status there is. */
function areGoroutines(program: Program, space: Space, { address, length }: List): boolean {
  const looked = Math.min(length, LOOKED_AT);
  const pointers = Buffer.alloc(looked * 8);
  if (space.read(address, pointers, 0, pointers.length) < pointers.length) return false;
  const ids = new Set<number>();
  let wrong = 0;
  for (let index = 0; index < looked; index++) {
    const id = goroutineId(program, space, numberAt(pointers, index * 8));
    // A list of something else is known by its first element.
    if (id === undefined && index === 0) return false;
    if (id === undefined || (id !== 0 && ids.has(id))) wrong++;
    else ids.add(id);
  }
  return wrong <= Math.max(looked === 1 ? 0 : 1, looked * MOST_WRONG);
}

const DEAD = [6, 11];

/** Undefined for what is no runtime.g of this layout. */
function goroutineId(program: Program, space: Space, address: number): number | undefined {
  if (address < 4096 || address >= MOST_ADDRESS || address % 8 !== 0) return undefined;
  const { layout } = program;
  const g = Buffer.alloc(layout.size);
  if (space.read(address, g, 0, g.length) < g.length) return undefined;
  const status = g.readUInt32LE(layout.atomicstatus) & 0xfff;
  const id = numberAt(g, layout.goid);
  if (status > 11 || id > 2 ** 50) return undefined;
  const self = numberAt(g, 72);
  if (DEAD.includes(status)) return self === address || self === 0 ? id : undefined;
  const stack: Range = { start: numberAt(g, 0), end: numberAt(g, 8) };
  const isStack = stack.start > 4096 && stack.start < stack.end && stack.end < MOST_ADDRESS && stack.end - stack.start <= 2 ** 31;
  return self === address && isStack && id > 0 && isCode(g, program) ? id : undefined;
}

function isCode(g: Buffer, { layout: { startpc, gopc }, functions, plugins }: Program): boolean {
  // Goroutines of threads that C started begin nowhere.
  const isKnown = (pc: number): boolean => pc === 0 || functions.find(pc) !== undefined || plugins.some(({ code: { start, end } }) => pc >= start && pc < end);
  return isKnown(numberAt(g, startpc)) && isKnown(numberAt(g, gopc));
}

function readList(space: Space, { address, length }: List): number[] {
  const addresses: number[] = [];
  const bytes = Buffer.allocUnsafe(Math.min(CHUNK, length * 8));
  while (addresses.length < length) {
    const wanted = Math.min(bytes.length, (length - addresses.length) * 8);
    const got = space.read(address + addresses.length * 8, bytes, 0, wanted) & ~7;
    for (let at = 0; at < got; at += 8) addresses.push(numberAt(bytes, at));
    if (got < wanted) break;
  }
  return addresses.filter((one) => one > 4096 && one < MOST_ADDRESS && one % 8 === 0);
}
