/** The lines of one goroutine's stack to frames (runtime/traceback.go traceback2, printcreatedby). */
import type { Frame } from '../../kernel/goroutines.ts';

export interface Stack {
  frames: Frame[];
  /** Pointer-like arguments of each frame. Those with a `?` may be long out of date and are left out. */
  args: string[][];
  /** The first argument of each frame, where it is such a pointer. */
  firsts: (string | undefined)[];
  elided: boolean;
  creator?: Frame;
  parent?: string;
}

const FILE = /^\s+(.*?):(\d+)(?: \+0x[\da-f]+.*)?\s*$/;
const ELIDED = /^\s*\.\.\.(?:additional|\d+) frames? elided|^\.\.\.additional frames elided/;
const CREATED = /^created by (.+?)(?: in goroutine (\d+))?(?: gp=\S+| m=\S+)*\s*$/;
const POINTER = /\b0x[\da-f]+(?![\da-f?])/g;
/** Smaller numbers are lengths, flags, file descriptors; a pointer of user space is larger. */
const LEAST_POINTER_DIGITS = 6;

/** @param lines of one goroutine without its header, latin1 @param known frames that were made before: equal ones are shared */
export function parseStack(lines: readonly string[], known: Map<string, Frame> = new Map()): Stack {
  const stack: Stack = { frames: [], args: [], firsts: [], elided: false };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (line.startsWith('[originating from goroutine')) break;
    if (ELIDED.test(line)) {
      stack.elided = true;
      continue;
    }
    if (line === '' || /^\s/.test(line)) continue;
    const place = FILE.exec(lines[i + 1] ?? '');
    const frameOf = (func: string): Frame => shared(known, { func, file: place?.[1] ?? '', line: Number(place?.[2] ?? 0) });
    const created = CREATED.exec(line);
    if (created) {
      stack.creator = frameOf(created[1]!);
      if (created[2] !== undefined) stack.parent = created[2];
      continue;
    }
    const paren = argumentsAt(line);
    stack.frames.push(frameOf(paren < 0 ? line.trimEnd() : line.slice(0, paren)));
    const given = paren < 0 ? '' : line.slice(paren);
    stack.args.push(pointersIn(given));
    stack.firsts.push(firstPointer(given));
  }
  return stack;
}

function shared(known: Map<string, Frame>, frame: Frame): Frame {
  const key = `${frame.func}\n${frame.file}\n${frame.line}`;
  const found = known.get(key);
  if (found) return found;
  known.set(key, frame);
  return frame;
}

/** Where the arguments begin: the first parenthesis that is not that of a receiver. -1 without any. */
export function argumentsAt(line: string): number {
  for (let at = line.indexOf('('); at >= 0; at = line.indexOf('(', at + 1)) if (line[at + 1] !== '*') return at;
  return -1;
}

function pointersIn(given: string): string[] {
  return (given.match(POINTER) ?? []).filter(isPointer);
}

/** @param given from the parenthesis on */
export function firstPointer(given: string): string | undefined {
  const word = /^\((0x[\da-f]+)(?=[,)])/.exec(given)?.[1];
  return word !== undefined && isPointer(word) ? word : undefined;
}

function isPointer(word: string): boolean {
  return word.length >= LEAST_POINTER_DIGITS + 2;
}
