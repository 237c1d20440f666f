/** What an address in the code stands for: the size of its frame, and the calls it shows, inlined ones included. */
import type { Frame } from '../../kernel/goroutines.ts';
import { ownedBy } from '../names.ts';
import { type Fn, FUNCDATA_INLINE, PCDATA_INLINE } from './pclntab.ts';
import type { Program } from './program.ts';

/** One call of a stack, as the runtime would consider it for printing. */
export interface Call {
  frame: Frame;
  /** Name without the abbreviations of printing. */
  name: string;
  isWrapper: boolean;
}

export interface Step {
  fn: Fn;
  /** Where it stands, or goes on when what it called returns. */
  pc: number;
  /** Innermost first. */
  calls: Call[];
  /** Bytes between the stack pointer and the return address. */
  size: number;
  /** Nothing called it. */
  isLast: boolean;
  /** The runtime put the call in: who "called" it was about to execute the very instruction of its address. */
  isInjected: boolean;
}

const TOP_FRAME = 1;
const WRITES_SP = 2;
const INJECTED = new Set(['runtime.sigpanic', 'runtime.asyncPreempt', 'runtime.debugCallV2']);
const MOST_INLINED = 64;
const MOST_NODES = 2000;
/** Places in the code where goroutines stand; a program that has more is made to exhaust us. */
const MOST_STEPS = 1_000_000;
const LARGEST_FRAME = 1024 * 1024 * 1024;
const INLINED_NEW = 16;
const INLINED_OLD = 20;
/** Bytes of `CALL rel32`. */
const DIRECT_CALL = 5;
const ANY = 0;

export class Calls {
  private readonly program: Program;
  private readonly steps = new Map<number, Step | undefined>();
  private readonly exact = new Map<number, Step | undefined>();
  private readonly first = new Map<number, Step | undefined>();
  /** Per address behind a direct call, what it calls. */
  private readonly targets = new Map<number, number>();

  constructor(program: Program) {
    this.program = program;
  }

  /**
   * @param pc where it goes on when what it called returns
   * @param place `first`: the innermost one; `exact`: it was about to execute this very instruction
   * @returns undefined for what is no Go code
   */
  at(pc: number, place: 'first' | 'exact' | 'caller'): Step | undefined {
    const known = place === 'first' ? this.first : place === 'exact' ? this.exact : this.steps;
    if (known.has(pc)) return known.get(pc);
    if (known.size >= MOST_STEPS) return undefined;
    const step = this.make(pc, place);
    known.set(pc, step);
    return step;
  }

  /**
   * Could the call before `pc` have led to `callee`? Words of two moments make stacks of calls that nobody ever wrote. A direct
   * call names its target in the code (amd64: E8 and a distance); what is called through a pointer may be anything.
   */
  leadTo(pc: number, callee: Fn): boolean {
    let target = this.targets.get(pc);
    if (target === undefined) {
      target = this.targetBefore(pc);
      if (this.targets.size < MOST_STEPS) this.targets.set(pc, target);
    }
    return target === ANY || target === callee.entry;
  }

  private targetBefore(pc: number): number {
    const { machine, constants, functions } = this.program;
    const code = machine === 'amd64' ? constants(pc - DIRECT_CALL, DIRECT_CALL) : undefined;
    if (code?.[0] !== 0xe8) return ANY;
    const target = pc + code.readInt32LE(1);
    const fn = functions.find(target);
    // The end of another instruction may look like it, but leads to no beginning of a function.
    return fn?.entry === target && !this.jumpsOn(fn) ? target : ANY;
  }

  /** Assembly, and what the compiler wraps around methods, may go on in another function without a frame of its own. */
  private jumpsOn(fn: Fn): boolean {
    const { functions } = this.program;
    return fn.id === functions.wrapperId || fn.name.startsWith('runtime.') || !fn.table.position(fn, fn.entry).file.endsWith('.go');
  }

  private make(pc: number, place: 'first' | 'exact' | 'caller'): Step | undefined {
    const { functions } = this.program;
    const fn = functions.find(pc);
    if (!fn) return undefined;
    const size = fn.table.frameSize(fn, pc);
    if (size !== undefined && (size < 0 || size > LARGEST_FRAME || size % 8 !== 0)) return undefined;
    // Functions that change their stack pointer in ways the table does not tell. cgocallback takes care to look right.
    const isLost = (fn.flag & WRITES_SP) !== 0 && place !== 'first' && fn.name !== 'runtime.cgocallback';
    const source = place !== 'exact' && pc > fn.entry ? pc - 1 : pc;
    return {
      fn,
      pc,
      calls: this.callsAt(fn, source),
      size: size ?? 0,
      isLast: size === undefined || isLost || (fn.flag & TOP_FRAME) !== 0,
      isInjected: INJECTED.has(fn.name),
    };
  }

  private callsAt(fn: Fn, pc: number): Call[] {
    const calls: Call[] = [];
    let at = pc;
    for (let depth = 0; depth < MOST_INLINED; depth++) {
      const index = fn.table.data(fn, PCDATA_INLINE, at);
      const inlined = index < 0 ? undefined : this.inlined(fn, index);
      if (!inlined) break;
      calls.push(this.call(inlined.name, inlined.id, fn, at));
      at = fn.entry + inlined.parent;
    }
    calls.push(this.call(fn.name, fn.id, fn, at));
    return calls;
  }

  /** All that is inlined into a function, by number. */
  inlinedIn(fn: Fn): Map<number, Inlined> {
    const found = new Map<number, Inlined>();
    for (const [index, start] of fn.table.dataPlaces(fn, PCDATA_INLINE)) {
      const one = index < 0 || found.size >= MOST_NODES ? undefined : this.inlined(fn, index);
      if (one) found.set(index, { index, name: one.name, line: fn.entry + one.parent, start, parentIndex: this.inlineIndex(fn, fn.entry + one.parent) });
    }
    for (const { start, parentIndex } of [...found.values()]) {
      let above = found.get(parentIndex);
      for (let depth = 0; above && depth < MOST_INLINED; depth++, above = found.get(above.parentIndex)) above.start = Math.min(above.start, start);
    }
    return found;
  }

  /** Number of the innermost inlined call at an address; -1 outside of any. */
  inlineIndex(fn: Fn, pc: number): number {
    return fn.table.data(fn, PCDATA_INLINE, pc);
  }

  private call(name: string, id: number, fn: Fn, pc: number): Call {
    const { functions, build } = this.program;
    return { frame: ownedBy({ func: printedName(name), ...fn.table.position(fn, pc) }, build.module), name, isWrapper: id === functions.wrapperId };
  }

  /** runtime/symtabinl.go inlinedCall. */
  private inlined(fn: Fn, index: number): { name: string; id: number; parent: number } | undefined {
    const { constants } = this.program;
    const { table } = fn;
    const offset = table.funcdata(fn, FUNCDATA_INLINE);
    if (offset === undefined) return undefined;
    if (table.header.isNew) {
      const entry = constants(table.gofunc + offset + index * INLINED_NEW, INLINED_NEW);
      return entry && { id: entry[0]!, name: table.nameAt(entry.readInt32LE(4)), parent: entry.readInt32LE(8) };
    }
    const entry = constants(table.gofunc + offset + index * INLINED_OLD, INLINED_OLD);
    return entry && { id: entry[2]!, name: table.nameAt(entry.readInt32LE(12)), parent: entry.readInt32LE(16) };
  }
}

/** One call that was inlined into a function. */
export interface Inlined {
  index: number;
  name: string;
  /** An address of the same line as the call. */
  line: number;
  /** Where its code begins, or that of what it calls; a rarely taken part of it may lie far behind. */
  start: number;
  /** Of what was inlined around it; below 0: the function itself. */
  parentIndex: number;
}

/** As the runtime prints it: without what a generic function was made for (runtime/symtab.go funcNameForPrint). */
export function printedName(name: string): string {
  if (name === 'runtime.gopanic') return 'panic';
  const open = name.indexOf('[');
  const close = open < 0 ? -1 : name.lastIndexOf(']');
  return close > open ? `${name.slice(0, open)}[...]${name.slice(close + 1)}` : name;
}

const PANICS = new Set(['runtime.gopanic', 'runtime.sigpanic', 'runtime.panicwrap']);
/** A stack is printed so far from both ends (runtime/traceback.go tracebackInnerFrames, tracebackOuterFrames). */
const INNER = 50;
export const OUTER = 50;

export interface Shown {
  frames: Frame[];
  /** For each frame, which of the steps it belongs to. */
  stepOf: number[];
  elided: boolean;
}

/** What a dump would show of these calls: not the runtime's own, nor wrappers; all of them when nothing is left. */
export function shownFrames(steps: readonly Step[]): Shown {
  const all = steps.flatMap(({ calls }, step) => calls.map((call) => ({ call, step })));
  let isFirst = true;
  const shown = all.filter(({ call: { name, isWrapper } }, index) => {
    const is = isShown(name, isWrapper, isFirst, all[index - 1]?.call.name ?? '');
    isFirst &&= !is;
    return is;
  });
  const told = shown.length > 0 ? shown : all;
  const elided = told.length > INNER + OUTER;
  const kept = elided ? [...told.slice(0, INNER), ...told.slice(-OUTER)] : told;
  return { frames: kept.map(({ call }) => call.frame), stepOf: kept.map(({ step }) => step), elided };
}

/** runtime/traceback.go showfuncinfo. */
export function isShown(name: string, isWrapper: boolean, isFirst: boolean, callee: string): boolean {
  if (isWrapper && !PANICS.has(callee)) return false;
  if (name === 'runtime.gopanic' && !isFirst) return true;
  // Go 1.25 and later: what calls finalizers is shown, or nothing would tell that they run.
  if (name === 'runtime.runFinalizers' || name === 'runtime.runCleanups') return true;
  return name.includes('.') && (!name.startsWith('runtime.') || /^runtime\.(?:\(\*?[A-Z]\w*\)\.|[A-Z]\w*\.)?[A-Z]\w*$/.test(name));
}
