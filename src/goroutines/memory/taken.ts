/**
 * Locks that a function took before the place where it stands, and did not give back on the way there: read off its code, which
 * calls sync.(*Mutex).Lock or has it inlined. The order is that of the code, and a branch may have gone around: no proof.
 */
import type { Frame } from '../../kernel/goroutines.ts';
import { ownerOf } from '../names.ts';
import type { Calls, Inlined, Step } from './calls.ts';
import type { Program } from './program.ts';
import type { Stack } from './stacks.ts';

const TAKES = /^(internal\/)?sync\.\(\*(Mutex|RWMutex)\)\.R?Lock$/;
const GIVES = /^(internal\/)?sync\.\(\*(Mutex|RWMutex)\)\.R?Unlock$/;
const DIRECT_CALL = 5;
const MOST_CODE = 32 * 1024;
const MOST_STEPS = 20;

interface Call {
  /** Where it stands in the code of the function. */
  at: number;
  /** An address of its line. */
  line: number;
  name: string;
}

export class Taken {
  private readonly program: Program;
  private readonly calls: Calls;
  private readonly known = new Map<Stack, Frame | undefined>();

  constructor(program: Program, calls: Calls) {
    this.program = program;
    this.calls = calls;
  }

  /** The innermost such place of a stack whose first own function waits for a lock; undefined where there is none. */
  of(stack: Stack): Frame | undefined {
    if (!this.known.has(stack)) this.known.set(stack, this.find(stack));
    return this.known.get(stack);
  }

  private find({ steps }: Stack): Frame | undefined {
    if (this.program.machine !== 'amd64') return undefined;
    for (const step of steps.slice(0, MOST_STEPS)) {
      const outermost = step.calls.at(-1);
      if (!outermost || ownerOf(outermost.frame) === 'stdlib') continue;
      const last = this.takenIn(step);
      if (last !== undefined) return { ...outermost.frame, line: step.fn.table.position(step.fn, last).line };
    }
    return undefined;
  }

  /** Address of the last of its calls that took a lock, when it took more than it gave back. */
  private takenIn({ fn, pc }: Step): number | undefined {
    const nodes = this.calls.inlinedIn(fn);
    const here = rootOf(nodes, this.calls.inlineIndex(fn, pc - 1));
    const end = here ? here.start : pc - DIRECT_CALL;
    const calls = [...inlinedCalls(nodes), ...this.directCalls(fn.entry, end, (at) => this.calls.inlineIndex(fn, at) < 0)].filter(({ at }) => at < end).sort((a, b) => a.at - b.at);
    const open: number[] = [];
    for (const { line, name } of calls) {
      if (TAKES.test(name)) open.push(line);
      else open.pop();
    }
    return open.at(-1);
  }

  private *directCalls(start: number, end: number, isPlain: (at: number) => boolean): Generator<Call> {
    const code = end > start && end - start <= MOST_CODE ? this.program.constants(start, end - start) : undefined;
    if (!code) return;
    for (let at = code.indexOf(0xe8); at >= 0 && at + DIRECT_CALL <= code.length; at = code.indexOf(0xe8, at + 1)) {
      const target = start + at + DIRECT_CALL + code.readInt32LE(at + 1);
      const callee = this.program.functions.find(target);
      if (callee?.entry === target && isLockCall(callee.name) && isPlain(start + at)) yield { at: start + at, line: start + at, name: callee.name };
    }
  }
}

function isLockCall(name: string): boolean {
  return TAKES.test(name) || GIVES.test(name);
}

/** Lock has the fast way of another Lock inlined: the outermost counts. */
function inlinedCalls(nodes: ReadonlyMap<number, Inlined>): Call[] {
  return [...nodes.values()].flatMap((node) => {
    if (!isLockCall(node.name)) return [];
    for (let above = nodes.get(node.parentIndex); above; above = nodes.get(above.parentIndex)) if (isLockCall(above.name)) return [];
    const root = rootOf(nodes, node.index) ?? node;
    return [{ at: node.start, line: root.line, name: node.name }];
  });
}

/** The inlined call in the function itself that holds the one of this number. */
function rootOf(nodes: ReadonlyMap<number, Inlined>, index: number): Inlined | undefined {
  let node = nodes.get(index);
  for (let depth = 0; node && nodes.has(node.parentIndex) && depth < nodes.size; depth++) node = nodes.get(node.parentIndex);
  return node;
}
