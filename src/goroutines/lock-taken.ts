/** Who waits for a lock and took another before, as the code of its functions has it: it holds that, where nobody else is seen to. */
import type { CycleMember, LockCycle } from './lock-cycles.ts';
import { type ContendedLock, userFrame } from './locks.ts';

/** So many locks are a circle; more are one fault in many copies. */
const MOST_IN_CIRCLE = 3;

/** @param free locks that nobody outside is seen to hold */
export function cyclesByCode(free: readonly ContendedLock[]): LockCycle[] {
  const all = free.flatMap((lock) => {
    const member = lock.address === undefined || lock.holders.length > 0 ? undefined : memberOf(lock);
    return member ? [{ lock, member }] : [];
  });
  const isCircle = all.length > 1 && all.length <= MOST_IN_CIRCLE && !all.every(isInCallers) && all.some(({ lock }) => !lock.enclosed);
  // Who is still in a function around the one that takes a lock may hold it: but of a circle, and of who read-locked it before.
  const found = isCircle ? all : all.filter((one) => !one.lock.enclosed || isUpgrade(one));
  if (found.length === 0) return [];
  const [locks, members] = [found.map(({ lock }) => lock), found.map(({ member }) => member)];
  return [{ kind: isCircle ? 'order' : 'twice', locks, members: isCircle ? members : distinct(members), by: 'code' }];
}

function memberOf({ waiters, address }: ContendedLock): CycleMember | undefined {
  // The crowd waits with empty hands: of those that took something the fewest came another way.
  const [one] = waiters.filter(({ group: { took } }) => took !== undefined).sort((a, b) => a.count - b.count);
  const sample = one?.group.samples.find(({ object }) => object === address);
  return one && { waiters: one, outer: one.group.took!, ...(sample && { sample }) };
}

/** It took a lock in the same function, and waits to write. */
function isUpgrade({ member: { outer, waiters } }: { member: CycleMember }): boolean {
  return waiters.group.state === 'sync.RWMutex.Lock' && outer?.func === userFrame(waiters.group.frames)?.func;
}

/** A caller took it, and nobody else waits: of several such each waits for its own. */
function isInCallers({ lock, member }: { lock: ContendedLock; member: CycleMember }): boolean {
  return lock.count === 1 && member.outer?.func !== userFrame(member.waiters.group.frames)?.func;
}

/** The same fault in many copies: one for all of a group. */
function distinct(members: readonly CycleMember[]): CycleMember[] {
  const groups = new Map<unknown, CycleMember>();
  for (const member of members) {
    const { group } = member.waiters;
    const known = groups.get(group);
    groups.set(group, known ? { ...known, waiters: { group, count: known.waiters.count + member.waiters.count } } : member);
  }
  return [...groups.values()];
}
