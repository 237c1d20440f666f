/** Arithmetic of limits: what is left, what binds, whether a need fits, what a limit would have to be. */
import type { InotifyUser, Level, Use } from '../../kernel/inotify-users/index.ts';

export type Resource = 'instances' | 'watches';
export type Fits = 'yes' | 'no' | 'unknown';
export type Needs = Record<Resource, number>;

/** Kernel memory of a watch: mark, connector and tree node, as the slabs grew by on Linux 6.18. The inode is pinned besides. */
export const WATCH_BYTES = 116;
/** An inode of ext4, which would else be thrown out of the cache when memory is short. */
export const INODE_BYTES = 1128;

/** Room above what is needed: what else that user starts must have a place, too. */
const SLACK = 1.25;

/** The sysctl that holds a limit. */
export function settingOf(level: Level, resource: Resource): string {
  return level.isFirst ? `fs.inotify.max_user_${resource}` : `user.max_inotify_${resource}`;
}

/** `uid 1000`, in another than the first user namespace with that. */
export function nameOf({ uid, userns }: { uid: number; userns: string }, isFirst: boolean): string {
  return isFirst ? `uid ${uid}` : `uid ${uid} of user namespace ${userns === '' ? '(not known)' : userns}`;
}

export interface Room {
  used: number;
  atMost: number | null;
  /** The smallest of all levels; null when none is known. */
  limit: number | null;
  /** What is left at most: at the level that has least. null when no limit is known. */
  left: number | null;
  /** What is left at least; null when that cannot be told. */
  leftAtLeast: number | null;
  /** The level that has least left; null also when trying met a limit that is not seen from here. */
  binding: Level | null;
}

export function roomOf(user: InotifyUser, resource: Resource): Room {
  const own = user.levels[0]![resource];
  let binding: Level | null = null;
  let left: number | null = null;
  let limit: number | null = null;
  let leftAtLeast: number | null = user.isComplete ? Number.POSITIVE_INFINITY : null;
  for (const level of user.levels) {
    const use = level[resource];
    const here = leftIn(use);
    if (use.limit !== null) limit = Math.min(limit ?? use.limit, use.limit);
    if (here !== null && (left === null || here < left)) {
      left = here;
      binding = level;
    }
    const surely = use.limit === null || use.atMost === null ? null : Math.max(0, use.limit - use.atMost);
    leftAtLeast = leftAtLeast === null || surely === null ? null : Math.min(leftAtLeast, surely);
  }
  const tried = triedOf(user, resource);
  if (tried) {
    leftAtLeast = Math.max(leftAtLeast ?? 0, tried.made);
    if (tried.made < tried.wanted) {
      // Less than is left by what is seen, and not all around us is seen: the limit that was met is another one.
      if (!user.isComplete && left !== null && left > tried.made) binding = null;
      left = tried.made;
    }
  }
  return { used: own.used, atMost: own.atMost, limit, left, leftAtLeast, binding };
}

/** What trying gave. */
export function triedOf({ tried, triedWatches }: InotifyUser, resource: Resource): InotifyUser['tried'] {
  return resource === 'instances' ? tried : triedWatches;
}

function leftIn({ used, atLeast = used, limit }: Use): number | null {
  return limit === null ? null : Math.max(0, limit - atLeast);
}

/** What a level has in use: when trying failed, all that could not be made is, whoever holds it. */
export function inUse(user: InotifyUser, level: Level, resource: Resource): number {
  const { used, limit } = level[resource];
  const tried = triedOf(user, resource);
  return tried !== undefined && tried.made < tried.wanted && limit !== null ? Math.max(used, limit - tried.made) : used;
}

/** Of a limit of nothing all is used. */
export function shareOf(used: number, limit: number): number {
  return limit === 0 ? 1 : used / limit;
}

/** Would `need` more fit? Surely not when they exceed what is left at most, surely when they are within what is left at least. */
export function fits(room: Room, need: number): Fits {
  if (need === 0) return 'yes';
  if (room.left !== null && need > room.left) return 'no';
  return room.leftAtLeast !== null && need <= room.leftAtLeast ? 'yes' : 'unknown';
}

/** fs/notify/inotify/inotify_user.c, kernel/ucount.c: neither sysctl takes more. */
export const MOST_SETTABLE = 2_147_483_647;

/** A power of two with some room above what is used and needed; null when no setting allows so many. */
export function recommended(used: number, need: number): number | null {
  if (used + need > MOST_SETTABLE) return null;
  return Math.min(MOST_SETTABLE, 2 ** Math.ceil(Math.log2(Math.max(1, Math.ceil((used + need) * SLACK)))));
}
