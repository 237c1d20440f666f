/** Locks that can never be had again: waits that go in a circle, or come back to oneself. */
import type { Frame, Sample } from '../kernel/goroutines.ts';
import { circleOf } from './lock-graph.ts';
import { cyclesByCode } from './lock-taken.ts';
import { type ContendedLock, elsewhereForAsLong, isNearBehind, isSameFunction, type Nested, userFrame, type Waiters } from './locks.ts';
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
   * method of the same type; `code`: their code takes one lock, and another before it gives that back; `nobody`: only that nobody
   * else in the dump could hold them.
   */
  by: 'address' | 'type' | 'code' | 'nobody';
}

/** The most wanted ones: behind them the same fault repeats itself. */
const MOST_JUDGED = 1000;
/** So many locks that nobody seems to hold are a cycle or two; more are a lock that was not unlocked, in many copies. */
const MOST_UNEXPLAINED = 3;

const cache = new WeakMap<readonly ContendedLock[], LockCycle[]>();

/** @param locks of one dump, most contended first */
export function cyclesOf(locks: readonly ContendedLock[]): LockCycle[] {
  let known = cache.get(locks);
  if (!known) cache.set(locks, (known = findCycles(locks)));
  return known;
}

function findCycles(locks: readonly ContendedLock[]): LockCycle[] {
  const free = locks.slice(0, MOST_JUDGED).filter((lock) => isStuck(lock) && !isHeldOutside(lock));
  const circle = circleOf(free);
  const rest = free.filter((lock) => lock.holders.length === 0 && !circle?.locks.includes(lock));
  const others = single(rest, locks.length === 1);
  const told = new Set(others.flatMap((cycle) => cycle.locks));
  return [...(circle ? [circle] : []), ...others, ...(circle ? [] : cyclesByCode(rest.filter((lock) => !told.has(lock))))];
}

/** Somebody who waits for no lock has it at hand, or is in the very function that takes it: all get on when that one does. */
function isHeldOutside(lock: ContendedLock): boolean {
  return lock.atHand || lock.holders.some(isSameFunction(lock));
}

/** It was wanted for a while, or by more than one. */
function isStuck({ wait, count, proven, address }: ContendedLock): boolean {
  return proven || (wait?.max ?? 0) >= 1 || count >= 2 || address !== undefined;
}

/** @param only there is no other lock that anybody waits for */
function single(locks: readonly ContendedLock[], only: boolean): LockCycle[] {
  const cycles: LockCycle[] = [];
  const alone: ContendedLock[] = [];
  for (const lock of locks) {
    const twice = isWanted(lock) ? twiceOf(lock) : undefined;
    if (twice) cycles.push(twice);
    else alone.push(lock);
  }
  const order = unexplainedOrder(alone) ?? (only && alone[0] ? perhapsTwice(alone[0]) : undefined);
  return order ? [order, ...cycles] : cycles;
}

function isWanted({ wait, count, proven }: ContendedLock): boolean {
  return proven || (wait?.max ?? 0) >= 1 || count >= 2;
}

/**
 * The caller of who waits is a method of the same thing: it may have locked already. That proves nothing (a method that only
 * calls another is the commonest shape there is) while somebody else may be inside; where the caller is seen to take this
 * very lock itself it stays a possibility.
 */
function twiceOf(lock: ContendedLock): LockCycle | undefined {
  const alone = lock.bystanders.length === 0;
  const own = lock.nested.filter((nested) => nested.sameType && isSameThing(nested, lock) && (elsewhereForAsLong(lock).length === 0 || takesIt(nested, lock)));
  const reader = own.find(({ waiters }) => waiters.group.state === 'sync.RWMutex.RLock');
  if (reader && lock.writersWait) return { kind: 'read-twice', locks: [lock], members: [memberOf(reader)], by: alone ? 'type' : 'nobody' };
  const writer = own.find(({ waiters }) => waiters.group.state !== 'sync.RWMutex.RLock');
  if (!writer || !isOddOneOut(writer.waiters, lock)) return undefined;
  // Only one can hold a lock. Without addresses several of them hold several locks: their own, or each other's.
  return { kind: 'twice', locks: [lock], members: [memberOf(writer)], by: writer.waiters.count === 1 && alone ? 'type' : 'nobody' };
}

/** Does anybody wait for this lock in the caller itself? */
function takesIt({ outer }: Nested, { waiters }: ContendedLock): boolean {
  return waiters.some(({ group }) => userFrame(group.frames)?.func === outer.func);
}

/** Where the receiver of the caller is told, the lock must lie in it: another one of the same type is another lock. */
function isSameThing({ waiters: { group }, outer }: Nested, { address, bases }: ContendedLock): boolean {
  const at = group.frames.indexOf(outer);
  const receivers = group.samples.filter(({ object }) => object === address).flatMap(({ args }) => args[at]?.[0] ?? []);
  return address === undefined || receivers.length === 0 || receivers.some((word) => bases.has(word) || isNearBehind(address, word));
}

function memberOf({ waiters, outer }: Nested): CycleMember {
  const sample = waiters.group.samples.at(0);
  return { waiters, outer, ...(sample && { sample }) };
}

/** A function that locks was called by one of the same package, and nobody else is seen who could hold the lock. */
function perhapsTwice(lock: ContendedLock): LockCycle | undefined {
  if (lock.bystanders.length > 0 || lock.enclosed) return undefined;
  const found = lock.nested.find((nested) => {
    const { waiters, outer } = nested;
    const user = userFrame(waiters.group.frames);
    return user !== undefined && isSameThing(nested, lock) && packageOf(user.func) === packageOf(outer.func) && isOddOneOut(waiters, lock) && (waiters.count === 1 || lock.count > 2 * waiters.count);
  });
  return found && { kind: 'twice', locks: [lock], members: [memberOf(found)], by: 'nobody' };
}

/** The one that holds it has come another way than those who wait for it. */
function isOddOneOut(waiters: Waiters, lock: ContendedLock): boolean {
  return waiters.count === 1 || waiters.count < lock.count;
}

/** Two locks, or three, that nobody else can hold: those who wait in different functions, or called from where another was taken, may. */
function unexplainedOrder(locks: readonly ContendedLock[]): LockCycle | undefined {
  // Where some have waited for minutes, a lock that was wanted a moment ago is none of them.
  const old = locks.filter(({ wait }) => (wait?.max ?? 0) >= 1);
  const wanted = (old.length > 0 ? old : locks).filter((lock) => lock.address !== undefined && !lock.enclosed && lock.waiters.some((waiters) => isOddOneOut(waiters, lock)));
  if (wanted.length < 2 || wanted.length > MOST_UNEXPLAINED) return undefined;
  const members = wanted.map((lock) => {
    const nested = lock.nested.find(({ waiters }) => isOddOneOut(waiters, lock));
    const waiters = nested?.waiters ?? rarest(lock.waiters);
    const sample = waiters.group.samples.at(0);
    return { waiters, ...(nested && { outer: nested.outer }), ...(sample && { sample }) };
  });
  const functions = new Set(members.map(({ waiters }) => userFrame(waiters.group.frames)?.func));
  const isNested = members.every(({ outer }) => outer !== undefined);
  // Locks of things that are told: who waits for one and had another would have that thing at hand, too.
  if (!isNested && wanted.every(({ bases }) => bases.size > 0)) return undefined;
  return isNested || functions.size === wanted.length ? { kind: 'order', locks: wanted, members, by: 'nobody' } : undefined;
}

function rarest(all: readonly Waiters[]): Waiters {
  return all.reduce((least, one) => (one.count < least.count ? one : least));
}
