/** Locks that can never be had again: waits that go in a circle, or come back to oneself. */
import type { Frame, Sample } from '../kernel/goroutines.ts';
import { circleOf } from './lock-graph.ts';
import { type ContendedLock, type Nested, userFrame, type Waiters } from './locks.ts';
import { packageOf } from './names.ts';

export interface CycleMember {
  waiters: Waiters;
  /** It came through here, where it may have taken what it holds; absent where it took both in the same function. */
  outer?: Frame;
  sample?: Sample;
}

export interface LockCycle {
  kind: 'order' | 'twice' | 'read-twice';
  locks: ContendedLock[];
  /** Those who wait while they hold: one of each lock. */
  members: CycleMember[];
  /**
   * `address`: who waits for one lock has the other, or what that is part of, among its arguments; `type`: the caller is a
   * method of the same type; `nobody`: only that nobody else in the dump could hold them.
   */
  by: 'address' | 'type' | 'nobody';
}

/** So many locks that nobody seems to hold are a cycle or two; more are a lock that was not unlocked, in many copies. */
const MOST_UNEXPLAINED = 3;

/** @param locks of one dump, most contended first */
export function cyclesOf(locks: readonly ContendedLock[]): LockCycle[] {
  const free = locks.filter((lock) => isStuck(lock) && !lock.holders.some(({ by }) => by === 'address'));
  const circle = circleOf(free);
  if (circle) return [circle, ...single(free.filter((lock) => !circle.locks.includes(lock) && lock.holders.length === 0))];
  return single(free.filter(({ holders }) => holders.length === 0));
}

/** It was wanted for a while, or by more than one. */
function isStuck({ wait, count, proven, address }: ContendedLock): boolean {
  return proven || (wait?.max ?? 0) >= 1 || count >= 2 || address !== undefined;
}

function single(locks: readonly ContendedLock[]): LockCycle[] {
  const cycles: LockCycle[] = [];
  const alone: ContendedLock[] = [];
  for (const lock of locks) {
    const twice = isWanted(lock) ? twiceOf(lock) : undefined;
    if (twice) cycles.push(twice);
    else alone.push(lock);
  }
  const order = unexplainedOrder(alone) ?? (alone.length === 1 ? perhapsTwice(alone[0]!) : undefined);
  return order ? [order, ...cycles] : cycles;
}

function isWanted({ wait, count, proven }: ContendedLock): boolean {
  return proven || (wait?.max ?? 0) >= 1 || count >= 2;
}

/** The caller of who waits is a method of the same thing: it locked already. */
function twiceOf(lock: ContendedLock): LockCycle | undefined {
  const own = lock.nested.filter(({ sameType }) => sameType);
  const reader = own.find(({ waiters }) => waiters.group.state === 'sync.RWMutex.RLock');
  if (reader && lock.writersWait) return { kind: 'read-twice', locks: [lock], members: [memberOf(reader)], by: 'type' };
  const writer = own.find(({ waiters }) => waiters.group.state !== 'sync.RWMutex.RLock');
  return writer && isOddOneOut(writer.waiters, lock) ? { kind: 'twice', locks: [lock], members: [memberOf(writer)], by: 'type' } : undefined;
}

function memberOf({ waiters, outer }: Nested): CycleMember {
  const sample = waiters.group.samples.at(0);
  return { waiters, outer, ...(sample && { sample }) };
}

/** A function that locks was called by one of the same package, and nobody else is seen who could hold the lock. */
function perhapsTwice(lock: ContendedLock): LockCycle | undefined {
  const found = lock.nested.find(({ waiters, outer }) => {
    const user = userFrame(waiters.group.frames);
    return user !== undefined && packageOf(user.func) === packageOf(outer.func) && isOddOneOut(waiters, lock) && (waiters.count === 1 || lock.count > 2 * waiters.count);
  });
  return found && { kind: 'twice', locks: [lock], members: [memberOf(found)], by: 'nobody' };
}

/** The one that holds it has come another way than those who wait for it. */
function isOddOneOut(waiters: Waiters, lock: ContendedLock): boolean {
  return waiters.count === 1 || waiters.count < lock.count;
}

/** Two locks, or three, that nobody else can hold: those who wait in different functions, or called from where another was taken, may. */
function unexplainedOrder(locks: readonly ContendedLock[]): LockCycle | undefined {
  const wanted = locks.filter((lock) => lock.address !== undefined && lock.waiters.some((waiters) => isOddOneOut(waiters, lock)));
  if (wanted.length < 2 || wanted.length > MOST_UNEXPLAINED) return undefined;
  const members = wanted.map((lock) => {
    const nested = lock.nested.find(({ waiters }) => isOddOneOut(waiters, lock));
    const waiters = nested?.waiters ?? rarest(lock.waiters);
    const sample = waiters.group.samples.at(0);
    return { waiters, ...(nested && { outer: nested.outer }), ...(sample && { sample }) };
  });
  const functions = new Set(members.map(({ waiters }) => userFrame(waiters.group.frames)?.func));
  const isNested = members.every(({ outer }) => outer !== undefined);
  return isNested || functions.size === wanted.length ? { kind: 'order', locks: wanted, members, by: 'nobody' } : undefined;
}

function rarest(all: readonly Waiters[]): Waiters {
  return all.reduce((least, one) => (one.count < least.count ? one : least));
}
