/** Who waits for one lock and has another at hand: a circle of them is a deadlock, whatever their code is. */
import type { Group, Sample } from '../kernel/goroutines.ts';
import type { CycleMember, LockCycle } from './lock-cycles.ts';
import { type ContendedLock, isNearBehind, type Waiters } from './locks.ts';
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
  const edges = new Map(known.map((lock) => [lock, edgesOf(lock, known, addresses)]));
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
function edgesOf(lock: ContendedLock, all: readonly ContendedLock[], addresses: ReadonlySet<string>): Edge[] {
  const found = new Map<ContendedLock, Edge>();
  for (const waiters of [...lock.waiters].sort((a, b) => a.count - b.count)) {
    for (const sample of waiters.group.samples) {
      if (sample.object !== lock.address) continue;
      for (const to of all) if (to !== lock && !found.has(to) && hasAtHand(waiters.group, sample, to, addresses)) found.set(to, { to, member: memberOf(lock, waiters, sample) });
    }
  }
  return [...found.values()];
}

function memberOf({ nested }: ContendedLock, waiters: Waiters, sample: Sample): CycleMember {
  const outer = nested.find((one) => one.waiters === waiters)?.outer;
  return { waiters, sample, ...(outer && { outer }) };
}

/** Is the lock, or what it is part of, among the arguments of its own functions? */
function hasAtHand({ frames }: Group, { args }: Sample, { address, bases, codes }: ContendedLock, addresses: ReadonlySet<string>): boolean {
  return frames.some((frame, index) => {
    const words = args[index] ?? [];
    if (words.length === 0 || ownerOf(frame) === 'stdlib') return false;
    if (words.some((word) => word === address || bases.has(word))) return true;
    // The receiver of a method of the type that takes this lock; another lock is only its neighbour (globals, arrays of shards).
    return codes.has(codeOf(frame.func)) && !addresses.has(words[0]!) && isNearBehind(address!, words[0]!);
  });
}
