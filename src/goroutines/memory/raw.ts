/** One runtime.g as its bytes say it (runtime/runtime2.go). */
import type { Layout } from './layouts.ts';
import type { Words } from './space.ts';

const RUNNING = 2;
const SYSCALL = 3;
const WAITING = 4;
const LEAKED = 10;
const STATUS: readonly string[] = ['idle', 'runnable', 'running', 'syscall', 'waiting', 'moribund', 'dead', 'enqueue', 'copystack', 'preempted', 'leaked', 'dead'];
const NONE = new Set([0, 6, 11]);
const MINUTE_NS = 60e9;

/** What is copied out of one runtime.g. */
export interface Raw {
  address: number;
  low: number;
  high: number;
  pc: number;
  sp: number;
  status: number;
  id: number;
  waitsince: number;
  reason: number;
  /** Another one when it ran in between, even if it came back to where it was. */
  flags: number;
  locked: boolean;
  parent: number;
  gopc: number;
  startpc: number;
  sudog: number;
  labels: number;
}

/** Undefined for one that ended, or that is not made yet. */
export function rawOf(layout: Layout, address: number, words: Words, at: number): Raw | undefined {
  const status = words.half(at + layout.atomicstatus) & 0xfff;
  if (NONE.has(status) || status > 11) return undefined;
  const inSyscall = words.word(at + layout.syscallsp);
  const reason = words.byte(at + layout.waitreason);
  return {
    address, status, reason,
    low: words.word(at), high: words.word(at + 8),
    sp: inSyscall !== 0 ? inSyscall : words.word(at + 56),
    pc: inSyscall !== 0 ? words.word(at + layout.syscallpc) : words.word(at + 64),
    id: words.word(at + layout.goid), flags: words.half(at + layout.flags) ^ words.half(at + layout.flags + 4), waitsince: words.word(at + layout.waitsince), locked: words.word(at + layout.lockedm) !== 0,
    parent: layout.parentGoid === undefined ? 0 : words.word(at + layout.parentGoid),
    gopc: words.word(at + layout.gopc), startpc: words.word(at + layout.startpc), sudog: words.word(at + layout.waiting), labels: words.word(at + layout.labels),
  };
}

export function needsStack({ status }: Raw): boolean {
  return status !== RUNNING;
}

export function isStack({ low, high, sp, pc }: Raw): boolean {
  return pc !== 0 && low > 0 && sp >= low && sp < high && sp % 8 === 0;
}

/** Nothing that matters to its stack has changed. */
export function isSame(one: Raw, other: Raw): boolean {
  return one.id === other.id && one.status === other.status && one.sp === other.sp && one.pc === other.pc && one.low === other.low && one.high === other.high && one.reason === other.reason && one.flags === other.flags && one.sudog === other.sudog;
}

export function isLeaked({ status }: Raw): boolean {
  return status === LEAKED;
}

/** The collector marks those that it found leaked: they wait, too. */
export function isWaiting({ status }: Raw): boolean {
  return status === WAITING || status === LEAKED;
}

/** As a dump prints it (runtime/traceback.go goroutineheader). */
export function printedState(raw: Raw, waitReasons: readonly string[]): string {
  const text = isWaiting(raw) ? waitReasons[raw.reason] : undefined;
  return (text === undefined || text === '' ? STATUS[raw.status]! : text).replace(/ \(durable\)$/, '');
}

/** As the runtime says it: whole minutes since the collector first saw it wait. */
export function minutesOf(raw: Raw, nowNs: number): number | undefined {
  if (raw.waitsince === 0 || !(isWaiting(raw) || raw.status === SYSCALL)) return undefined;
  const minutes = Math.floor((nowNs - raw.waitsince) / MINUTE_NS);
  return minutes >= 1 && minutes < 2 ** 31 ? minutes : undefined;
}
