/** Epoll registrations whose number no longer seems to be the registered file. */
import { type EpollTarget, epoll } from './kinds/epoll.ts';
import { isKind } from './kinds/kind.ts';
import type { Fd, FdTable } from './types.ts';

export interface EpollSuspect {
  epoll: Fd;
  target: EpollTarget;
  /** `closed`: nothing is open at the number; `other`: a file with another inode is; `anonymous`: an anonymous inode is, which only kcmp can tell apart. */
  reason: 'closed' | 'other' | 'anonymous';
  /** What is open at the number now. */
  now?: Fd;
}

/** All anonymous inodes are one inode, so their numbers prove nothing. */
const ANONYMOUS = 'anon_inode:';

export function epollSuspects(table: FdTable): EpollSuspect[] {
  const byNumber = new Map(table.fds.map((fd) => [fd.fd, fd]));
  const suspects: EpollSuspect[] = [];
  for (const fd of table.fds) {
    if (!isKind(fd, epoll)) continue;
    for (const target of fd.detail.targets ?? []) {
      const now = byNumber.get(target.fd);
      if (!now) suspects.push({ epoll: fd, target, reason: 'closed' });
      else if (now.info?.ino === undefined || target.ino === undefined) continue;
      else if (now.info.ino !== target.ino) suspects.push({ epoll: fd, target, reason: 'other', now });
      else if (now.link.startsWith(ANONYMOUS)) suspects.push({ epoll: fd, target, reason: 'anonymous', now });
    }
  }
  return suspects;
}

/** Key of one registration in `Snapshot.epollTargets`. */
export function epollTargetKey(suspect: Pick<EpollSuspect, 'epoll' | 'target'>): string {
  return `${suspect.epoll.pid}:${suspect.epoll.fd}:${suspect.target.fd}`;
}
