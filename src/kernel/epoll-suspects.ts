/** Epoll registrations whose number no longer seems to be the registered file. */
import { fdsOf } from './fd-index.ts';
import { epoll } from './kinds/epoll.ts';
import type { EpollDetail, EpollTarget } from './kinds/epoll-targets.ts';
import { isKind } from './kinds/kind.ts';
import { pipe } from './kinds/pipe.ts';
import { socket } from './kinds/socket.ts';
import { fdUnder } from './plain-fds.ts';
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

/** Registrations whose number now means another file, or may: what the links and fdinfo of one table tell, before kcmp is asked. */
export function epollSuspects(table: FdTable): EpollSuspect[] {
  const suspects: EpollSuspect[] = [];
  for (const fd of fdsOf(table.fds, epoll)) {
    for (const { target, now } of openUnder(table, fd)) {
      const inode = now && inodeOf(now);
      if (!now) suspects.push({ epoll: fd, target, reason: 'closed' });
      else if (inode === undefined || target.ino === undefined) continue;
      else if (inode !== target.ino) suspects.push({ epoll: fd, target, reason: 'other', now });
      else if (now.link.startsWith(ANONYMOUS)) suspects.push({ epoll: fd, target, reason: 'anonymous', now });
    }
  }
  return suspects;
}

interface Registered {
  target: EpollTarget;
  now: Fd | undefined;
}

/** Kept with the table: it is asked for three times, and there may be 100,000 registrations. */
const known = new WeakMap<readonly Fd[], Map<EpollDetail, Registered[]>>();

/** Each registration with what is open now under its number; of very many those that are not the very socket that was registered. */
function openUnder(table: FdTable, { detail }: Fd<EpollDetail>): Registered[] {
  const ofTable = known.get(table.fds) ?? new Map<EpollDetail, Registered[]>();
  known.set(table.fds, ofTable);
  let open = ofTable.get(detail);
  if (!open) ofTable.set(detail, (open = [...registeredIn(table, detail)]));
  return open;
}

function* registeredIn(table: FdTable, detail: EpollDetail): Generator<Registered> {
  const { packed } = detail;
  if (!packed) {
    for (const target of detail.targets ?? []) yield { target, now: fdUnder(table, target.fd) };
    return;
  }
  for (let index = 0; index < packed.size; index++) {
    const position = table.plain?.positionOf(packed.numberAt(index)) ?? -1;
    const inode = position < 0 ? 0 : table.plain!.inodeAt(position);
    if (inode !== 0 && inode === packed.inodeAt(index)) continue;
    const target = packed.at(index);
    yield { target, now: fdUnder(table, target.fd) };
  }
}

/** Decimal. Sockets and pipes are called by theirs, so that it is known also of those that were not asked for more. */
function inodeOf(fd: Fd): string | undefined {
  return fd.info?.ino ?? (isKind(fd, socket) || isKind(fd, pipe) ? fd.detail.inode : undefined);
}

/** Descriptors under registered numbers whose inode is not known. */
export function unknownTargets(table: FdTable): Fd[] {
  const unknown = new Set<Fd>();
  for (const fd of fdsOf(table.fds, epoll)) {
    for (const { now } of openUnder(table, fd)) {
      if (now && inodeOf(now) === undefined) unknown.add(now);
    }
  }
  return [...unknown];
}

/** Key of one registration in `Snapshot.epollTargets`. */
export function epollTargetKey(suspect: Pick<EpollSuspect, 'epoll' | 'target'>): string {
  return `${suspect.epoll.pid}:${suspect.epoll.fd}:${suspect.target.fd}`;
}
