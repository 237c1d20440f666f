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

const cache = new WeakMap<readonly Group[], ContendedLock[]>();

/** Most contended first. */
export function contendedLocks(groups: readonly Group[]): ContendedLock[] {
  let known = cache.get(groups);
  if (!known) cache.set(groups, (known = findLocks(groups)));
  return known;
}

function findLocks(groups: readonly Group[]): ContendedLock[] {
  const locks = new Map<string, ContendedLock>();
  for (const group of groups) {
    if (!isLock(group.state) || group.system) continue;
    for (const [address, count] of group.objects ?? [[undefined, group.count] as const]) add(locks, group, address, count);
  }
  const found = [...locks.values()].sort((a, b) => b.count - a.count);
  if (found.length === 0) return found;
  const inside = new Inside(groups);
  for (const lock of found) lock.holders = inside.of(lock);
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

/** Who is in which code, by the addresses and the types at hand: there may be as many locks as goroutines. */
class Inside {
  private readonly byAddress = new Map<string, Holder[]>();
  private readonly byType = new Map<string, Holder[]>();

  constructor(groups: readonly Group[]) {
    for (const group of groups) {
      if (!group.system && !isLock(group.state) && group.state !== 'sync.Cond.Wait') this.add(group);
    }
  }

  of({ address, type }: ContendedLock): Holder[] {
    const sure = address === undefined ? undefined : this.byAddress.get(address);
    return sure ?? (type === undefined ? undefined : this.byType.get(type)) ?? [];
  }

  private add(group: Group): void {
    const [first] = group.samples;
    const types = new Set<string>();
    for (const frame of group.frames) {
      const type = receiverOf(frame.func);
      if (type === undefined || types.has(type)) continue;
      types.add(type);
      push(this.byType, type, { group, by: 'type', frame, ...(first && { sample: first }) });
    }
    const own = group.frames.flatMap((frame, index) => (ownerOf(frame) === 'stdlib' ? [] : [{ frame, index }]));
    const seen = new Set<string>();
    for (const sample of group.samples) {
      for (const { frame, index } of own) {
        for (const address of sample.args[index] ?? []) {
          // One of a group speaks for it.
          if (seen.has(address)) continue;
          seen.add(address);
          push(this.byAddress, address, { group, sample, by: 'address', frame });
        }
      }
    }
  }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}
