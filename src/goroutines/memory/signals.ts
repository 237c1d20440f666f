/**
 * Which signals a Go program has asked for (os/signal.Notify). The runtime has a handler for all of them, so that SigCgt tells nothing: those
 * that nobody asked for end the program, or do nothing (runtime/signal_unix.go sighandler, runtime/sigtab_linux_generic.go).
 *
 * runtime/sigqueue.go keeps them in `sig`: note (8 bytes), then mask, wanted, ignored and recv of three words each, two counts, inuse. No
 * table says where that lies; the function that sets a bit of `wanted` says it in its code.
 */
import type { Evidence } from '../../evidence/types.ts';
import { openProcessMemory, Refused } from './open.ts';
import type { Program } from './program.ts';
import type { Space } from './space.ts';
import { Unreadable } from './unreadable.ts';

const SETTER = 'os/signal.signal_enable';
const WORDS = 3;
const WANTED = 20;
const IGNORED = 32;
const IN_USE = 64;
const LONGEST_CODE = 1024;

/** Undefined where it cannot be told: memory that may not be read, a program that is no Go, a layout that is not known. */
export async function askedSignals(evidence: Evidence, pid: number): Promise<ReadonlySet<number> | undefined> {
  if (!evidence.memory) return undefined;
  try {
    const opened = await openProcessMemory(evidence, evidence.memory, pid);
    try {
      const { program, others, space, isThere } = opened;
      // Each runtime has a list of its own, and which one has the handlers is not told.
      const asked = others.length > 0 ? undefined : readAsked(program, space);
      return isThere() ? asked : undefined;
    } finally {
      opened.close();
    }
  } catch (error) {
    if (error instanceof Refused || error instanceof Unreadable) return undefined;
    throw error;
  }
}

/** Undefined where the variable is not found. */
export function readAsked({ functions, constants, machine, plugins }: Pick<Program, 'functions' | 'constants' | 'machine' | 'plugins'>, space: Space): ReadonlySet<number> | undefined {
  const code = functions.rangeOf(SETTER);
  // Without it nothing of the program can ask; a plugin shares the runtime, and may bring it.
  if (!code) return plugins.length > 0 ? undefined : new Set();
  const bytes = constants(code.start, Math.min(code.end - code.start, LONGEST_CODE));
  const at = bytes && variableIn(bytes, code.start, machine);
  const state = Buffer.alloc(IN_USE + 1);
  if (at === undefined || space.read(at, state, 0, state.length) < state.length || state[IN_USE]! > 1) return undefined;
  const asked = new Set<number>();
  for (let number = 1; number < WORDS * 32; number++) {
    if ((state.readUInt32LE(WANTED + (number >>> 5) * 4) >>> (number & 31)) & 1) asked.add(number);
  }
  return asked;
}

/** Address of `sig`: what the code refers to has three of its fields, at their distances. */
export function variableIn(code: Buffer, start: number, machine: Program['machine']): number | undefined {
  const referred = new Set(machine === 'amd64' ? referredOnAmd64(code, start) : referredOnArm64(code, start));
  const found = [...referred].map((address) => address - WANTED).filter((at) => referred.has(at + IGNORED) && referred.has(at + IN_USE));
  return found.length === 1 ? found[0] : undefined;
}

/** LEA register, [RIP + distance]; CMP byte [RIP + distance], constant. */
function* referredOnAmd64(code: Buffer, start: number): Generator<number> {
  for (let at = 0; at + 7 <= code.length; at++) {
    const [first, second, third] = [code[at]!, code[at + 1]!, code[at + 2]!];
    if ((first === 0x48 || first === 0x4c) && second === 0x8d && (third & 0xc7) === 0x05) yield start + at + 7 + code.readInt32LE(at + 3);
    if (first === 0x80 && second === 0x3d) yield start + at + 7 + code.readInt32LE(at + 2);
  }
}

/** ADRP register, page; then ADD or LDRB of a constant to that register. */
function* referredOnArm64(code: Buffer, start: number): Generator<number> {
  for (let at = 0; at + 8 <= code.length; at += 4) {
    const page = code.readUInt32LE(at);
    const next = code.readUInt32LE(at + 4);
    const isPage = (page & 0x9f000000) >>> 0 === 0x90000000;
    const operation = (next & 0xffc00000) >>> 0;
    if (!isPage || (operation !== 0x91000000 && operation !== 0x39400000) || ((next >>> 5) & 31) !== (page & 31)) continue;
    const pages = ((((page >>> 5) & 0x7ffff) << 13) >> 11) | ((page >>> 29) & 3);
    const pc = start + at;
    yield pc - (pc % 4096) + pages * 4096 + ((next >>> 10) & 0xfff);
  }
}
