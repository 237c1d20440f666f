/**
 * Stacks by the sizes of their frames, as the runtime walks them (runtime/traceback.go unwinder). Most goroutines have a stack
 * that was seen: addresses lead through a tree whose leaves are stacks, so that names are looked up once for each.
 */
import { type Calls, OUTER, type Shown, shownFrames, type Step } from './calls.ts';
import { type Space, Words } from './space.ts';

export interface Stack extends Shown {
  /** Innermost first; of deep recursions the first few hundred. */
  steps: readonly Step[];
  /** Bytes from the stack pointer to where the innermost calls end. */
  nearBytes: number;
}

interface Node {
  step: Step | undefined;
  parent: Node | undefined;
  depth: number;
  /** From the stack pointer of the innermost call to behind this one. */
  offset: number;
  next: Map<number, Node>;
  stack?: Stack;
}

const NEAR = 8;
/** Deeper ones are recursions: no branch of the tree for each depth. */
const DEEPEST_BRANCH = 200;
/** Of all deep stacks together: some seconds of work. The largest stack that the runtime allows (1 GiB) has less. */
const MOST_FRAMES = 128 * 1024 * 1024;
const MOST_BRANCHES = 2_000_000;
const REFILL = 256 * 1024;

/** The words of one stack, more of them read as they are needed. */
export class StackWords {
  private readonly space: Space;
  private words: Words;
  private start = 0;
  private end = 0;
  private at = 0;
  private readonly own: () => Words;

  constructor(space: Space, own: () => Words) {
    this.space = space;
    this.own = own;
    this.words = new Words(8);
  }

  /** `words` hold [start, end) from `at` on. */
  set(words: Words, at: number, start: number, end: number): void {
    this.words = words;
    this.at = at;
    this.start = start;
    this.end = end;
  }

  /** NaN for what cannot be read. */
  word(address: number): number {
    if (address < this.start || address + 8 > this.end) {
      const words = this.own();
      const got = this.space.read(address, words.bytes, 0, REFILL) & ~7;
      if (got < 8) return Number.NaN;
      this.set(words, 0, address, address + got);
    }
    return this.words.word(this.at + address - this.start);
  }
}

export class Stacks {
  private readonly calls: Calls;
  private readonly roots = new Map<number, Node>();
  private readonly deep = new Map<string, Stack>();
  private deepFrames = 0;
  private branches = 0;
  /** The return address lies at the stack pointer, not behind the frame. */
  private readonly usesLinkRegister: boolean;

  constructor(calls: Calls, machine: 'amd64' | 'arm64') {
    this.calls = calls;
    this.usesLinkRegister = machine === 'arm64';
  }

  /** @returns undefined when these words are no stack: they changed while they were read */
  walk(pc: number, sp: number, high: number, view: StackWords): Stack | undefined {
    let node = this.roots.get(pc);
    if (!node) this.roots.set(pc, (node = { step: this.calls.at(pc, 'first'), parent: undefined, depth: 0, offset: 0, next: new Map() }));
    let address = sp;
    for (;;) {
      const { step }: Node = node;
      if (!step) return undefined;
      if (step.isLast || (this.usesLinkRegister && step.size === 0)) return (node.stack ??= stackOf(node));
      const slot = this.usesLinkRegister ? address : address + step.size;
      address += step.size + (this.usesLinkRegister ? 0 : 8);
      if (slot + 8 > high || address > high) return undefined;
      const caller = view.word(slot);
      if (this.usesLinkRegister && step.isInjected) address += 16;
      if (node.depth >= DEEPEST_BRANCH) return this.walkDeep(node, caller, address, high, view);
      let next = node.next.get(caller);
      if (!next && (++this.branches > MOST_BRANCHES || !this.isCallOf(step, caller))) return undefined;
      if (!next) node.next.set(caller, (next = { step: this.calls.at(caller, step.isInjected ? 'exact' : 'caller'), parent: node, depth: node.depth + 1, offset: address - sp, next: new Map() }));
      node = next;
    }
  }

  /** The last calls are kept, those between are counted. */
  private walkDeep(branch: Node, from: number, start: number, high: number, view: StackWords): Stack | undefined {
    const inner = stepsTo(branch);
    let outer: Step[] = [];
    let caller = from;
    let address = start;
    let callee = branch.step!;
    for (; this.deepFrames < MOST_FRAMES; this.deepFrames++) {
      const step = this.calls.at(caller, callee.isInjected ? 'exact' : 'caller');
      if (!step || !this.isCallOf(callee, caller)) return undefined;
      outer.push(step);
      if (outer.length > 8 * OUTER) outer = outer.slice(-4 * OUTER);
      if (step.isLast) {
        const shown = shownFrames([...inner, ...outer]);
        const key = JSON.stringify(shown.frames);
        let stack = this.deep.get(key);
        if (!stack) this.deep.set(key, (stack = { ...shown, steps: inner, nearBytes: nearBytes(branch) }));
        return stack;
      }
      const slot = this.usesLinkRegister ? address : address + step.size;
      address += step.size + (this.usesLinkRegister ? 0 : 8);
      if (slot + 8 > high || address > high) return undefined;
      caller = view.word(slot);
      callee = step;
    }
    return undefined;
  }

  /** Nobody called what the runtime put in. */
  private isCallOf({ fn, isInjected }: Step, caller: number): boolean {
    return isInjected || this.calls.leadTo(caller, fn);
  }
}

function stepsTo(node: Node): Step[] {
  const steps: Step[] = [];
  for (let one: Node | undefined = node; one; one = one.parent) if (one.step) steps.push(one.step);
  return steps.reverse();
}

function stackOf(node: Node): Stack {
  const steps = stepsTo(node);
  return { ...shownFrames(steps), steps, nearBytes: nearBytes(node) };
}

function nearBytes(leaf: Node): number {
  let node = leaf;
  while (node.depth > NEAR && node.parent) node = node.parent;
  return node.offset;
}
