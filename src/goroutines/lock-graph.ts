/** Who waits for one lock and has another at hand: a circle of them is a deadlock, whatever their code is. */
import type { Group, Sample } from '../kernel/goroutines.ts';
import type { CycleMember, LockCycle } from './lock-cycles.ts';
import { type ContendedLock, isNearBehind, userFrame, type Waiters } from './locks.ts';
import { codeOf, ownerOf } from './names.ts';

/** The most wanted ones: a circle is among them, or the dump shows none. */
const MOST_LOCKS = 200;
const LONGEST = 4;

interface Edge {
  to: ContendedLock;
  member: CycleMember;
}

/** @param locks that nobody is seen to hold */
export function circleOf(locks: readonly ContendedLock[]): LockCycle | undefined {
  const known = locks.filter(({ address }) => address !== undefined).slice(0, MOST_LOCKS);
  if (known.length < 2) return undefined;
  const addresses = new Set(locks.flatMap(({ address }) => address ?? []));
  const index = indexOf(known, addresses, lastLines(locks));
  const edges = new Map(known.map((lock) => [lock, edgesOf(lock, index)]));
  for (const start of known) {
    const path = pathBack(start, start, edges, []);
    if (path) return { kind: 'order', locks: path.map(({ lock }) => lock), members: path.map(({ edge }) => edge.member), by: 'address' };
  }
  return undefined;
}

interface Step {
  lock: ContendedLock;
  edge: Edge;
}

function pathBack(from: ContendedLock, start: ContendedLock, edges: ReadonlyMap<ContendedLock, Edge[]>, path: readonly Step[]): Step[] | undefined {
  for (const edge of edges.get(from) ?? []) {
    const step = { lock: from, edge };
    if (edge.to === start) return [...path, step];
    if (path.length + 2 > LONGEST || path.some(({ lock }) => lock === edge.to)) continue;
    const found = pathBack(edge.to, start, edges, [...path, step]);
    if (found) return found;
  }
  return undefined;
}

/** Who waits for `lock` and has others at hand; of several the rarest, which came another way than the crowd. */
function edgesOf(lock: ContendedLock, index: Index): Edge[] {
  const found = new Map<ContendedLock, Edge>();
  for (const waiters of [...lock.waiters].sort((a, b) => a.count - b.count)) {
    for (const sample of waiters.group.samples) {
      if (sample.object !== lock.address) continue;
      for (const to of atHand(waiters.group, sample, index)) if (to !== lock && !found.has(to)) found.set(to, { to, member: memberOf(lock, waiters, sample) });
    }
  }
  return [...found.values()];
}

interface Index {
  /** Locks by their addresses, and by what they lie in. */
  byWord: ReadonlyMap<string, readonly ContendedLock[]>;
  /** By the code that takes them. */
  byCode: ReadonlyMap<string, readonly ContendedLock[]>;
  addresses: ReadonlySet<string>;
  lastLines: ReadonlyMap<string, number>;
}

/** Of each function the last line that anybody waits for a lock in. */
function lastLines(locks: readonly ContendedLock[]): Map<string, number> {
  const lines = new Map<string, number>();
  for (const { group } of locks.flatMap(({ waiters }) => waiters)) {
    const user = userFrame(group.frames);
    if (user) lines.set(user.func, Math.max(lines.get(user.func) ?? 0, user.line));
  }
  return lines;
}

function indexOf(locks: readonly ContendedLock[], addresses: ReadonlySet<string>, last: ReadonlyMap<string, number>): Index {
  const byWord = new Map<string, ContendedLock[]>();
  const byCode = new Map<string, ContendedLock[]>();
  const add = (map: Map<string, ContendedLock[]>, key: string, lock: ContendedLock): void => {
    const known = map.get(key);
    if (known) known.push(lock);
    else map.set(key, [lock]);
  };
  for (const lock of locks) {
    for (const word of new Set([lock.address!, ...lock.bases])) add(byWord, word, lock);
    for (const code of lock.codes) add(byCode, code, lock);
  }
  return { byWord, byCode, addresses, lastLines: last };
}

/** Locks that are, or whose owners are, among the arguments of the program's own functions. */
function atHand({ frames }: Group, { args }: Sample, { byWord, byCode, addresses, lastLines: last }: Index): Set<ContendedLock> {
  const found = new Set<ContendedLock>();
  const user = userFrame(frames);
  // Others wait further on in the same function: here it takes the first of its locks, and has no other yet.
  const isFirst = user !== undefined && user.line < (last.get(user.func) ?? 0);
  for (const [at, words] of args.entries()) {
    const frame = frames[at];
    const [first] = words;
    if (first === undefined || frame === undefined || ownerOf(frame) === 'stdlib' || (isFirst && frame === user)) continue;
    for (const word of words) for (const lock of byWord.get(word) ?? []) found.add(lock);
    // The receiver of a method of the type that takes this lock; another lock is only its neighbour (globals, arrays of shards).
    if (addresses.has(first)) continue;
    for (const lock of byCode.get(codeOf(frame.func)) ?? []) if (isNearBehind(lock.address!, first)) found.add(lock);
  }
  return found;
}

function memberOf({ nested }: ContendedLock, waiters: Waiters, sample: Sample): CycleMember {
  const outer = nested.find((one) => one.waiters === waiters)?.outer;
  return { waiters, sample, ...(outer && { outer }) };
}
