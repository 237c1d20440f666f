/** A lock whose holder waits for a channel: whoever could be at the other side may be in line for that lock, and then none of them ever gets on. */
import type { Group } from '../kernel/goroutines.ts';
import type { GoroutinesEvent } from '../series/index.ts';
import { benignReason, SLEEPING } from './benign.ts';
import { type ContendedLock, contendedLocks, type Waiters } from './locks.ts';
import { lasts } from './minutes.ts';
import { ownerOf } from './names.ts';
import { isServing } from './requests.ts';
import { placeKey, sitesOf } from './sites.ts';
import { isForever } from './states.ts';

export interface BehindTheLock {
  /** In line for the lock in other functions than the one that holds it; first those that few came through. */
  who: Waiters[];
  /** Nobody else in the dump runs code that could be at the other side. */
  only: boolean;
}

const AT_CHANNEL = /^(chan (send|receive)|select)$/;

/** Undefined where no holder is seen, where one of them waits for something else, or where all in line would do the same as the holder. */
export function behindTheLock(lock: ContendedLock, groups: readonly Group[]): BehindTheLock | undefined {
  const { holders, waiters } = lock;
  if (holders.length === 0 || !holders.every(({ group, frame }) => AT_CHANNEL.test(group.state) && waitsThere(group.frames, frame.func))) return undefined;
  const inside = new Set(holders.map(({ frame }) => frame.func));
  const who = waiters.filter(({ group }) => !group.frames.some(({ func }) => inside.has(func))).sort((a, b) => a.count - b.count);
  if (who.length === 0) return undefined;
  const known = new Set([...waiters, ...holders].map(({ group }) => group));
  // Who waits for another lock may be at the other side once it has that.
  return { who, only: contendedLocks(groups).length === 1 && groups.every((group) => known.has(group) || hasNoPart(group)) };
}

/** Nobody but those in line could end what the holder waits for: for minutes, or in all looks. Undefined where that is not so, or not seen to last. */
export function isStuckBehind(lock: ContendedLock, { dump: { groups, total }, settled }: Pick<GoroutinesEvent, 'dump' | 'settled'>): 'minutes' | 'looks' | undefined {
  const behind = behindTheLock(lock, groups);
  if (!behind?.only) return undefined;
  if (lasts(lock.wait) && lock.holders.every(({ group }) => lasts(group.wait))) return 'minutes';
  const both = new Set([...lock.holders, ...behind.who].map(({ group }) => group));
  const sites = sitesOf(groups, total).filter((site) => site.groups.some((group) => both.has(group)));
  const stay = sites.every((site) => {
    const staying = settled?.places.get(placeKey(site));
    return staying !== undefined && staying.before > 0 && staying.stayed === staying.before;
  });
  return stay ? 'looks' : undefined;
}

/** In that function itself, or in one of the program's own that it called. */
function waitsThere(frames: Group['frames'], func: string): boolean {
  const at = frames.findIndex((frame) => ownerOf(frame) !== 'stdlib');
  return at >= 0 && frames.slice(at).some((frame) => frame.func === func);
}

/** Libraries, servers and those that wait for the end of the program are at no channel of it. */
function hasNoPart(group: Group): boolean {
  const { frames, state, system } = group;
  if (system || isServing(group) || isForever(state)) return true;
  if (frames.some(({ func }) => func === 'main.main')) return AT_CHANNEL.test(state);
  const why = benignReason(group);
  return (why !== undefined && why !== SLEEPING) || frames.every((frame) => ownerOf(frame) === 'stdlib');
}
