/**
 * Pointers that each call of a stack still needs, by the maps that the compiler made for the garbage collector
 * (runtime/stkframe.go getStackMap): what is left over from earlier calls is not among them.
 */
import type { Calls, Step } from './calls.ts';
import { type Fn, FUNCDATA_ARGUMENTS, FUNCDATA_LOCALS, PCDATA_STACK_MAP } from './pclntab.ts';
import type { Program } from './program.ts';
import { MOST_ADDRESS, type Space, Words } from './space.ts';
import type { Stack } from './stacks.ts';

const MOST_BYTES = 16 * 1024;
const MOST_CALLS = 50;
const MOST_WORDS = 32;
const CLOSURE_WORDS = 3;
const MOST_MAP_BITS = 4096;

/** A map of the collector: which words hold pointers. */
interface PointerMap {
  bits: number;
  bytes: Uint8Array;
}

const EMPTY: PointerMap = { bits: 0, bytes: new Uint8Array(0) };

export class LiveWords {
  private readonly program: Program;
  private readonly space: Space;
  private readonly calls: Calls;
  private readonly words = new Words(MOST_BYTES);
  private readonly maps = new Map<string, PointerMap>();

  constructor(program: Program, space: Space, calls: Calls) {
    this.program = program;
    this.space = space;
    this.calls = calls;
  }

  /** For each frame of the stack its pointers into the heap; empty ones when it moved since it was walked. */
  of(stack: Stack, { pc, sp, low, high }: { pc: number; sp: number; low: number; high: number }): string[][] {
    const args: string[][] = stack.frames.map(() => []);
    const got = this.space.read(sp, this.words.bytes, 0, Math.min(MOST_BYTES, high - sp)) & ~7;
    const isPointer = (word: number): boolean => word > 4096 && word < MOST_ADDRESS && (word < low || word >= high) && !this.isOfImage(word);
    let at = 0;
    let address = pc;
    for (const [index, step] of stack.steps.slice(0, MOST_CALLS).entries()) {
      const slot = at + step.size;
      if (slot + 8 > got) break;
      const place = index === 0 ? 'first' : stack.steps[index - 1]!.isInjected ? 'exact' : 'caller';
      if (this.calls.at(address, place) !== step) return stack.frames.map(() => []);
      // Inlined calls have no frame of their own: what is in it belongs to the outermost of them that is shown.
      const frame = stack.stepOf.lastIndexOf(index);
      if (frame >= 0) {
        const words = this.pointersOf(step, address, at, got).flatMap((word) => [word, ...this.insideOf(word, sp, got)]);
        args[frame] = words.filter((word, place) => isPointer(word) || this.isGlobalInterface(words, place)).slice(0, MOST_WORDS).map((word) => `0x${word.toString(16)}`);
      }
      address = this.words.word(slot);
      at = slot + 8;
    }
    return args;
  }

  /** What a deferred call was given lies in a closure on the stack itself: its function, then what it captured. */
  private insideOf(word: number, sp: number, got: number): number[] {
    const at = word - sp;
    if (at < 0 || at % 8 !== 0 || at + CLOSURE_WORDS * 8 > got) return [];
    return Array.from({ length: CLOSURE_WORDS }, (_, index) => this.words.word(at + index * 8));
  }

  /** A type among the constants and, behind it, a global that is of this type: as context.Background() is. */
  private isGlobalInterface(words: readonly number[], place: number): boolean {
    return this.isPair(words[place]!, words[place + 1] ?? 0) || this.isPair(words[place - 1] ?? 0, words[place]!);
  }

  private isPair(type: number, value: number): boolean {
    const { constantRange, image } = this.program;
    return type >= constantRange.start && type < constantRange.end && value >= constantRange.end && value < image.end;
  }

  private isOfImage(word: number): boolean {
    const { image, plugins } = this.program;
    return (word >= image.start && word < image.end) || plugins.some(({ image: { start, end } }) => word >= start && word < end);
  }

  /** @param at where its frame begins in the words read */
  private pointersOf({ fn, size }: Step, pc: number, at: number, got: number): number[] {
    const source = pc > fn.entry ? pc - 1 : pc;
    // Behind the locals lie the saved frame pointer and the return address, then the arguments.
    const top = size > 0 ? at + size - 8 : at + size;
    const locals = this.mapOf(fn, FUNCDATA_LOCALS, source);
    const given = this.mapOf(fn, FUNCDATA_ARGUMENTS, source);
    return [...this.marked(locals, top - locals.bits * 8, at, top), ...this.marked(given, at + size + 8, at, got)];
  }

  private marked({ bits, bytes }: PointerMap, base: number, low: number, high: number): number[] {
    const found: number[] = [];
    for (let bit = 0; bit < bits; bit++) {
      const place = base + bit * 8;
      if (!((bytes[bit >> 3]! >> (bit & 7)) & 1) || place < low || place + 8 > high) continue;
      const word = this.words.word(place);
      // Of an interface only the second word is one for the collector.
      const type = place >= 8 ? this.words.word(place - 8) : 0;
      if (this.isPair(type, word)) found.push(type);
      found.push(word);
    }
    return found;
  }

  /** runtime/symtab.go stackmap: {n, nbit int32, bytes}. */
  private mapOf(fn: Fn, kind: number, pc: number): PointerMap {
    const { constants } = this.program;
    const { table } = fn;
    const index = Math.max(0, table.data(fn, PCDATA_STACK_MAP, pc));
    const key = `${fn.entry} ${kind} ${index}`;
    const known = this.maps.get(key);
    if (known) return known;
    const offset = table.funcdata(fn, kind);
    const header = offset === undefined ? undefined : constants(table.gofunc + offset, 8);
    const [count, bits] = header ? [header.readInt32LE(0), header.readInt32LE(4)] : [0, 0];
    const size = Math.ceil(bits / 8);
    const isSane = index < count && bits > 0 && bits <= MOST_MAP_BITS;
    const bytes = isSane ? constants(table.gofunc + offset! + 8 + index * size, size) : undefined;
    const map = bytes ? { bits, bytes } : EMPTY;
    this.maps.set(key, map);
    return map;
  }
}
