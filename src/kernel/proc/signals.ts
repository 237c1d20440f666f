/** Signal masks of /proc/PID/status, kernel fs/proc/array.c task_sig: bit N-1 is signal N. And the names of signals. */
import type { ByteString } from '../../evidence/types.ts';
import { wholeLine } from './scan.ts';

export interface SignalMasks {
  /** Sent to the process and not delivered yet. */
  pending: bigint;
  /** Of the thread the file is about. */
  blocked: bigint;
  ignored: bigint;
  caught: bigint;
}

/** Numbers of x86, arm, RISC-V, powerpc and s390 (include/uapi/asm-generic/signal.h); alpha, mips, parisc and sparc number some otherwise. */
const NUMBERS: Readonly<Record<string, number>> = {
  HUP: 1, INT: 2, QUIT: 3, ILL: 4, TRAP: 5, ABRT: 6, BUS: 7, FPE: 8, KILL: 9, USR1: 10, SEGV: 11, USR2: 12, PIPE: 13, ALRM: 14, TERM: 15,
  STKFLT: 16, CHLD: 17, CONT: 18, STOP: 19, TSTP: 20, TTIN: 21, TTOU: 22, URG: 23, XCPU: 24, XFSZ: 25, VTALRM: 26, PROF: 27, WINCH: 28,
  IO: 29, PWR: 30, SYS: 31,
};
const NAMES = new Map(Object.entries(NUMBERS).map(([name, number]) => [number, name]));
const RTMIN = 34;
const RTMAX = 64;

/** Null when a mask is missing, cut off or no hexadecimal number: a default would be a false "this signal kills it". */
export function parseSignals(status: ByteString): SignalMasks | null {
  const [pending, blocked, ignored, caught] = ['ShdPnd:', 'SigBlk:', 'SigIgn:', 'SigCgt:'].map((label) => maskOf(wholeLine(status, label)));
  if (pending === undefined || blocked === undefined || ignored === undefined || caught === undefined) return null;
  return { pending, blocked, ignored, caught };
}

function maskOf(line: ByteString | undefined): bigint | undefined {
  const hex = line?.trim();
  return hex !== undefined && /^[0-9a-f]{1,32}$/i.test(hex) ? BigInt(`0x${hex}`) : undefined;
}

/** Is signal `number` in the mask? */
export function hasSignal(mask: bigint, number: number): boolean {
  return ((mask >> BigInt(number - 1)) & 1n) === 1n;
}

/** `USR2`, `RTMIN+3`, or the number where it has no name. */
export function signalName(number: number): string {
  return NAMES.get(number) ?? (number >= RTMIN && number <= RTMAX ? `RTMIN${number > RTMIN ? `+${number - RTMIN}` : ''}` : String(number));
}

/** Names in the mask, lowest first. */
export function signalNames(mask: bigint): string[] {
  const names: string[] = [];
  for (let number = 1; number <= RTMAX; number++) if (hasSignal(mask, number)) names.push(signalName(number));
  return names;
}

/** The number of `USR2`, `SIGUSR2`, `RTMIN+3` or `12`, in either case; undefined for what is no signal. */
export function signalNumber(text: string): number | undefined {
  const name = text.toUpperCase().replace(/^SIG/, '');
  if (/^\d{1,2}$/.test(name)) return Number(name) >= 1 && Number(name) <= RTMAX ? Number(name) : undefined;
  const realTime = /^RTMIN(?:\+(\d{1,2}))?$/.exec(name);
  if (realTime) return RTMIN + Number(realTime[1] ?? 0) <= RTMAX ? RTMIN + Number(realTime[1] ?? 0) : undefined;
  return Object.hasOwn(NUMBERS, name) ? NUMBERS[name] : undefined;
}

/** All names, for a suggestion. */
export const signalWords: readonly string[] = Object.keys(NUMBERS);

/** What the kernel does with a signal that has no handler (signal(7)). */
export function defaultAction(number: number): 'ends' | 'stops' | 'nothing' {
  const name = NAMES.get(number);
  if (name === 'CHLD' || name === 'URG' || name === 'WINCH' || name === 'CONT') return 'nothing';
  return name === 'STOP' || name === 'TSTP' || name === 'TTIN' || name === 'TTOU' ? 'stops' : 'ends';
}
