/**
 * Who waits for which lock, and who may hold it. A dump does not say who holds a lock; it says who is inside the code that
 * takes it and is not waiting for it.
 */
import type { Frame, Group, Sample } from '../kernel/goroutines.ts';
import { Inside } from './inside.ts';
import { codeOf, isRuntime, ownerOf, receiverOf } from './names.ts';
import { waitsForLock } from './states.ts';

export interface Waiters {
  group: Group;
  count: number;
}

export interface Holder {
  group: Group;
  sample?: Sample;
  /** `address`: the lock, or what it is part of, is among its arguments; `type`: it is inside a method of the same type, or the same function. */
  by: 'address' | 'type';
  frame: Frame;
}

export interface ContendedLock {
  /** The address of the lock or of its owner; absent where the dump tells none (then one per place). */
  address?: string;
  /** `main.(*registry)`; absent for functions. */
  type?: string;
  /** It is that of a sync.Once: who is inside runs what must run once. */
  once?: true;
  /** Types and functions that take it. */
  codes: Set<string>;
  /** Addresses of what it is part of. */
  bases: Set<string>;
  waiters: Waiters[];
  count: number;
  /** Minutes, see Sample.waitMinutes. */
  wait?: { min: number; max: number };
  /** The garbage collector found that nobody can unlock it. */
  proven: boolean;
  writersWait: boolean;
  readersWait: boolean;
  /** Those that are in the same code and wait for no lock. */
  holders: Holder[];
  /** Those that came to the wait through a caller that may hold this lock, or another: they wait while they hold. */
  nested: Nested[];
  /** Somebody who waits for no lock has it, or what it is part of, among the arguments of whatever code. */
  atHand: boolean;
  /** Who is inside by its type is so of other locks, too: it cannot hold them all. */
  ambiguous: boolean;
  /** Somebody who waits for no lock is still in a function around the one that takes it: what that declares, it may have locked. */
  enclosed: boolean;
  /** Where nobody is in that code: those that came through it, or got further in it, and wait for another lock. */
  chained: Holder[];
  /** Where nobody is in that code: those in other code of the program that may have taken it and called on. */
  bystanders: Holder[];
}

export interface Nested {
  waiters: Waiters;
  outer: Frame;
  /** The caller is a method of the same type as the one that waits. */
  sameType: boolean;
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
    if (!waitsForLock(group) || group.system) continue;
    for (const [address, count] of group.objects ?? [[undefined, group.count] as const]) add(locks, group, address, count);
  }
  for (const group of groups) if (waitsForLock(group) && !group.system) addBases(locks, group);
  const found = [...locks.values()].sort((a, b) => b.count - a.count);
  if (found.length === 0) return found;
  const inside = new Inside(groups);
  const alive = new Set(groups.flatMap((group) => (group.system || waitsForLock(group) ? [] : group.frames.map(({ func }) => func))));
  for (const lock of found) {
    lock.holders = inside.of(lock).filter(mayHold(lock));
    lock.atHand = inside.hasAtHand(lock);
    lock.enclosed = around(lock).some((func) => alive.has(func));
    if (lock.holders.length > 0 && (lock.address === undefined || lock.holders.some(({ by }) => by === 'address'))) continue;
    lock.chained = chainedTo(lock, found).filter(mayHold(lock));
    // Who has it at hand is likelier to hold it than one that is in the same code with another at hand.
    if (lock.chained.length > 0) lock.holders = lock.holders.filter(isSameFunction(lock));
    if (lock.holders.length === 0) lock.bystanders = inside.besides(lock);
  }
  const perGroup = new Map<Group, number>();
  for (const { group } of found.flatMap(byTypeOnly)) perGroup.set(group, (perGroup.get(group) ?? 0) + 1);
  for (const lock of found) lock.ambiguous = byTypeOnly(lock).some(({ group }) => perGroup.get(group)! > group.count);
  return found;
}

/** What is proven to be out of reach is held by nobody who still runs, or will: such a one would reach it. */
function mayHold({ proven }: ContendedLock): (holder: Holder) => boolean {
  return ({ group }) => !proven || group.leaked > 0;
}

/** Functions that a closure which takes it was written in: `main.run` of `main.run.func1.2`. */
function around({ waiters }: ContendedLock): string[] {
  return waiters.flatMap(({ group }) => {
    const parts = userFrame(group.frames)?.func.split('.') ?? [];
    const first = parts.findIndex((part) => CLOSURE.test(part));
    return first < 0 ? [] : parts.slice(first).map((_, index) => parts.slice(0, first + index).join('.'));
  });
}

const CLOSURE = /^(func|gowrap|deferwrap)?\d+$/;

function byTypeOnly({ holders }: ContendedLock): Holder[] {
  return holders.filter(({ by }) => by === 'type');
}

/** So many of the most wanted locks are looked through: beyond, the same fault repeats itself. */
const MOST_CHAINED = 100;

/** Who waits for another lock, and came through code that takes this one with what it lies in at hand. */
function chainedTo(lock: ContendedLock, locks: readonly ContendedLock[]): Holder[] {
  const { address, bases } = lock;
  if (address === undefined) return [];
  const proven = passedThrough(lock, locks, (words) => words.some((word) => word === address || bases.has(word)));
  if (proven.length > 0) return proven;
  // Its arguments are out of date: there must be one only.
  const alike = passedThrough(lock, locks, (words) => words.length === 0).map((holder): Holder => ({ ...holder, by: 'type' }));
  return alike.length === 1 ? alike : [];
}

function passedThrough({ address, codes, waiters }: ContendedLock, locks: readonly ContendedLock[], fits: (words: readonly string[]) => boolean): Holder[] {
  const found: Holder[] = [];
  const places = waiters.flatMap(({ group }) => userFrame(group.frames) ?? []);
  // Who waits further on in a function that takes this lock first may have it.
  const isFurther = (one: Frame): boolean => places.some(({ func, line }) => func === one.func && line < one.line);
  for (const other of locks.slice(0, MOST_CHAINED)) {
    for (const { group } of other.waiters) {
      const at = userIndex(group.frames);
      for (const sample of group.samples) {
        if (sample.object === undefined || sample.object !== other.address || sample.object === address) continue;
        const index = group.frames.findIndex((frame, i) => (i > at ? codes.has(codeOf(frame.func)) : i === at && isFurther(frame)) && fits(sample.args[i] ?? []));
        if (index >= 0 && !found.some(({ sample: known }) => known === sample)) found.push({ group, sample, by: 'address', frame: group.frames[index]! });
      }
    }
  }
  return found;
}

/**
 * Those who are elsewhere, without those who came there later than others began to wait: that does not show who holds it, but who
 * cannot have held it where it is now. Waiting times begin with a collection, for all that wait then (runtime/mgcmark.go).
 */
export function elsewhereForAsLong({ bystanders, wait }: ContendedLock): Holder[] {
  if ((wait?.min ?? 0) < 1) return bystanders;
  return bystanders.filter(({ group }) => !PARKED.test(group.state) || group.wait !== undefined);
}

const PARKED = /^(sleep|IO wait|chan |select|sync\.)/;

/** Is somebody in a function that others take this lock in? */
export function isSameFunction({ waiters }: ContendedLock): (holder: Holder) => boolean {
  const takers = new Set(waiters.flatMap(({ group }) => userFrame(group.frames)?.func ?? []));
  return ({ frame }) => takers.has(frame.func);
}

function add(locks: Map<string, ContendedLock>, group: Group, address: string | undefined, count: number): void {
  const user = userFrame(group.frames);
  const type = user && receiverOf(user.func);
  const key = address ?? `?${type ?? user?.func ?? ''}`;
  let lock = locks.get(key);
  if (!lock) {
    lock = { waiters: [], count: 0, proven: false, writersWait: false, readersWait: false, holders: [], nested: [], bystanders: [], chained: [], atHand: false, enclosed: false, ambiguous: false, codes: new Set(), bases: new Set(), ...(address !== undefined && { address }) };
    locks.set(key, lock);
  }
  if (lock.type === undefined && type !== undefined) lock.type = type;
  if (user) lock.codes.add(codeOf(user.func));
  if (group.frames.some(isOnce)) {
    lock.once = true;
    lock.codes.add(onceCode(group));
  }
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

/** A lock is so near behind the beginning of what it is part of. */
const NEAR_BYTES = 4096;

/** Of those that wait for it: what it lies in is mostly given to the function that takes it. */
function addBases(locks: ReadonlyMap<string, ContendedLock>, { frames, samples }: Group): void {
  const at = userIndex(frames);
  if (at < 0) return;
  for (const { object, args } of samples) {
    if (object === undefined) continue;
    const near = (args[at] ?? []).filter((word) => isNearBehind(object, word));
    // The nearest: another argument may lie before it by accident.
    const [base] = near.sort((a, b) => Number(b) - Number(a));
    if (base !== undefined) locks.get(object)?.bases.add(base);
  }
}

/** Does `address` lie in what begins at `base`? */
export function isNearBehind(address: string, base: string): boolean {
  const distance = Number(address) - Number(base);
  return distance >= 0 && distance < NEAR_BYTES;
}

export function isOnce({ func }: Frame): boolean {
  return func === 'sync.(*Once).doSlow';
}

/** Who asked a sync.Once for what it does: equal for those that wait and the one that does it. */
export function onceCode({ frames, creator }: Group): string {
  const caller = frames.slice(frames.findIndex(isOnce) + 1).find(({ func }) => !isRuntime(func) && !func.startsWith('sync.'));
  return `once of ${(caller ?? creator)?.func ?? ''}`;
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
