/** Locks that can never be had again: waits that go in a circle, or come back to oneself. */
import type { Frame } from '../kernel/goroutines.ts';
import type { ContendedLock, Waiters } from './locks.ts';

export interface LockCycle {
  kind: 'order' | 'twice' | 'read-twice';
  locks: ContendedLock[];
  /** Those who wait while they hold: one of each lock. */
  members: { waiters: Waiters; outer: Frame }[];
  /** Seen by addresses or types, not only by nobody else being there. */
  sure: boolean;
}

/** @param locks of one dump, most contended first */
export function cyclesOf(locks: readonly ContendedLock[]): LockCycle[] {
  const stuck = locks.filter(isStuck);
  const cycles: LockCycle[] = [];
  const alone: ContendedLock[] = [];
  for (const lock of stuck) {
    const twice = twiceOf(lock);
    if (twice) cycles.push(twice);
    else alone.push(lock);
  }
  const order = orderOf(alone);
  return order ? [order, ...cycles] : cycles;
}

/** Nobody outside can hold it, and it was wanted for a while. */
function isStuck({ holders, nested, wait, count, proven }: ContendedLock): boolean {
  return holders.length === 0 && nested.length > 0 && (proven || (wait?.max ?? 0) >= 1 || count >= 2);
}

/** The caller of who waits is a method of the same thing: it locked already. */
function twiceOf(lock: ContendedLock): LockCycle | undefined {
  const own = lock.nested.filter(({ sameType }) => sameType);
  const reader = own.find(({ waiters }) => waiters.group.state === 'sync.RWMutex.RLock');
  if (reader && lock.writersWait) return { kind: 'read-twice', locks: [lock], members: [reader], sure: true };
  const writer = own.find(({ waiters }) => waiters.group.state !== 'sync.RWMutex.RLock');
  return writer && isOddOneOut(writer.waiters, lock) ? { kind: 'twice', locks: [lock], members: [writer], sure: true } : undefined;
}

/** The one that holds it has come another way than those who wait for it. */
function isOddOneOut(waiters: Waiters, lock: ContendedLock): boolean {
  return waiters.count === 1 || waiters.count < lock.count;
}

/** Two locks or more, each wanted by one who came through code that took another. */
function orderOf(locks: readonly ContendedLock[]): LockCycle | undefined {
  const nested = locks.filter((lock) => lock.nested.some(({ waiters }) => isOddOneOut(waiters, lock)) && lock.address !== undefined);
  if (nested.length < 2) return undefined;
  const members = nested.map((lock) => lock.nested.find(({ waiters }) => isOddOneOut(waiters, lock))!);
  const byAddress = nested.every((lock, index) => {
    const others = nested.filter((other) => other !== lock).map(({ address }) => address!);
    return members[index]!.waiters.group.samples.some(({ args }) => args.some((words) => words.some((word) => others.includes(word))));
  });
  return { kind: 'order', locks: nested, members, sure: byAddress };
}
