/** Who holds a user's instances, by process. */
import type { InotifyUser } from '../../kernel/inotify-users/index.ts';
import { decodeText } from '../../kernel/text.ts';

export interface Holder {
  pid: number;
  comm: string;
  /** Each counted once: where several processes have one, by the oldest of them. */
  instances: number;
  /** null when fdinfo of one could not be read. */
  watches: number | null;
  /** Other processes that have some of them too: closing them here frees nothing. */
  sharedWith?: number[];
  /** The parent, which runs the same program and has none of them: they may be left over from it. */
  onlyInChildOf?: { pid: number; comm: string };
  /** Whom they are charged to is not sure: the process has changed its user. */
  changedUser?: true;
}

/** Most instances first. */
export function holdersOf(user: InotifyUser): Holder[] {
  const byPid = new Map<number, Holder>();
  for (const { held, watches } of user.instances) {
    const { watcher } = held[0]!;
    const others = [...new Set(held.map((one) => one.watcher.pid))].filter((pid) => pid !== watcher.pid);
    const known = byPid.get(watcher.pid);
    const holder: Holder = known ?? { pid: watcher.pid, comm: decodeText(watcher.comm).text, instances: 0, watches: 0 };
    holder.instances++;
    holder.watches = holder.watches === null || watches === null ? null : holder.watches + watches;
    if (others.length > 0) holder.sharedWith = [...new Set([...(holder.sharedWith ?? []), ...others])].sort((a, b) => a - b);
    if (watcher.changedUser) holder.changedUser = true;
    const { twin } = watcher;
    if (twin) holder.onlyInChildOf = { pid: twin.pid, comm: decodeText(twin.comm).text };
    byPid.set(watcher.pid, holder);
  }
  // A parent that holds some itself needs no telling that it does not.
  for (const holder of byPid.values()) if (holder.onlyInChildOf && byPid.has(holder.onlyInChildOf.pid)) delete holder.onlyInChildOf;
  return [...byPid.values()].sort((a, b) => b.instances - a.instances || (b.watches ?? 0) - (a.watches ?? 0) || a.pid - b.pid);
}
