/**
 * Who waits for which lock, and who may hold it. A dump does not say who holds a lock; it says who is inside the code that
 * takes it and is not waiting for it.
 */
import type { Frame, Group, Sample } from '../kernel/goroutines.ts';
import { isRuntime, ownerOf } from './names.ts';
import { isLock } from './states.ts';

export interface Waiters {
  group: Group;
  count: number;
}

export interface Holder {
  group: Group;
  sample?: Sample;
  /** `address`: the lock, or what it is part of, is among its arguments; `type`: it is inside a method of the same type. */
  by: 'address' | 'type';
  frame: Frame;
}

export interface ContendedLock {
  /** The address of the lock or of its owner; absent where the dump tells none (then one per place). */
  address?: string;
  /** `main.(*registry)`; absent for functions. */
  type?: string;
  waiters: Waiters[];
  count: number;
  /** Minutes, lower bounds. */
  wait?: { min: number; max: number };
  /** The garbage collector found that nobody can unlock it. */
  proven: boolean;
  writersWait: boolean;
  readersWait: boolean;
  /** Those that are in the same code and wait for no lock. */
  holders: Holder[];
  /** Those that came to the wait through a caller that may hold this lock, or another: they wait while they hold. */
  nested: { waiters: Waiters; outer: Frame; sameType: boolean }[];
}

/** Most contended first. */
export function contendedLocks(groups: readonly Group[]): ContendedLock[] {
  const locks = new Map<string, ContendedLock>();
  for (const group of groups) {
    if (!isLock(group.state) || group.system) continue;
    for (const [address, count] of group.objects ?? [[undefined, group.count] as const]) add(locks, group, address, count);
  }
  const found = [...locks.values()].sort((a, b) => b.count - a.count);
  for (const lock of found) lock.holders = holdersOf(lock, groups);
  return found;
}

function add(locks: Map<string, ContendedLock>, group: Group, address: string | undefined, count: number): void {
  const user = userFrame(group.frames);
  const type = user ? receiverOf(user.func) : undefined;
  const key = address ?? `?${type ?? user?.func ?? ''}`;
  let lock = locks.get(key);
  if (!lock) {
    lock = { waiters: [], count: 0, proven: false, writersWait: false, readersWait: false, holders: [], nested: [], ...(address !== undefined && { address }) };
    locks.set(key, lock);
  }
  if (lock.type === undefined && type !== undefined) lock.type = type;
  const waiters = { group, count };
  lock.waiters.push(waiters);
  lock.count += count;
  if (group.wait) lock.wait = lock.wait ? { min: Math.min(lock.wait.min, group.wait.min), max: Math.max(lock.wait.max, group.wait.max) } : { min: group.wait.min, max: group.wait.max };
  if (group.leaked > 0) lock.proven = true;
  if (group.state === 'sync.RWMutex.RLock') lock.readersWait = true;
  else lock.writersWait = true;
  const outer = outerFrame(group.frames, type);
  if (outer) lock.nested.push({ waiters, outer: outer.frame, sameType: outer.sameType });
}

/** The function that takes the lock. */
export function userFrame(frames: readonly Frame[]): Frame | undefined {
  return frames[userIndex(frames)];
}

function userIndex(frames: readonly Frame[]): number {
  return frames.findIndex(({ func }) => !isRuntime(func) && !/^(internal\/)?sync\./.test(func));
}

/** A caller of that function in the program's own code, best one of the same type. */
function outerFrame(frames: readonly Frame[], type: string | undefined): { frame: Frame; sameType: boolean } | undefined {
  const at = userIndex(frames);
  if (at < 0) return undefined;
  const callers = frames.slice(at + 1).filter((frame) => ownerOf(frame) !== 'stdlib' && frame.func !== 'main.main' && !isClosure(frame.func));
  const same = type === undefined ? undefined : callers.find(({ func }) => receiverOf(func) === type);
  if (same) return { frame: same, sameType: true };
  const [first] = callers;
  return first ? { frame: first, sameType: false } : undefined;
}

/** What `go` started is mostly a wrapper without code of its own. */
function isClosure(func: string): boolean {
  return /\.(func\d+|gowrap\d+)(\.\d+)*$/.test(func);
}

/** `main.(*registry)` of `main.(*registry).lookup`. */
export function receiverOf(func: string): string | undefined {
  return /^(.*\.\(\*[^)]+\))\.[^.]+/.exec(func)?.[1];
}

function holdersOf(lock: ContendedLock, groups: readonly Group[]): Holder[] {
  const found: Holder[] = [];
  for (const group of groups) {
    if (group.system || isLock(group.state) || group.state === 'sync.Cond.Wait') continue;
    const holder = holderIn(group, lock);
    if (holder) found.push(holder);
  }
  const sure = found.filter(({ by }) => by === 'address');
  return sure.length > 0 ? sure : found;
}

function holderIn(group: Group, { address, type }: ContendedLock): Holder | undefined {
  if (address !== undefined) {
    for (const sample of group.samples) {
      const at = sample.args.findIndex((words, index) => words.includes(address) && ownerOf(group.frames[index] ?? NOWHERE) !== 'stdlib');
      if (at >= 0) return { group, sample, by: 'address', frame: group.frames[at]! };
    }
  }
  const frame = type === undefined ? undefined : group.frames.find(({ func }) => receiverOf(func) === type);
  if (!frame) return undefined;
  const [sample] = group.samples;
  return { group, by: 'type', frame, ...(sample && { sample }) };
}

const NOWHERE: Frame = { func: 'runtime.', file: '', line: 0 };
