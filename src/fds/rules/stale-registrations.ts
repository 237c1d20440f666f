/** Which epoll registrations belong to no descriptor of their number any more, and what may still hold the registered file. */
import { type EpollSuspect, epollSuspects, epollTargetKey } from '../../kernel/epoll-suspects.ts';
import { epoll } from '../../kernel/kinds/epoll.ts';
import type { EpollTarget } from '../../kernel/kinds/epoll-targets.ts';
import { isKind } from '../../kernel/kinds/kind.ts';
import { pipe } from '../../kernel/kinds/pipe.ts';
import { socket } from '../../kernel/kinds/socket.ts';
import { sameDescription } from '../../kernel/same-description.ts';
import { eachFd, fdUnder } from '../../kernel/plain-fds.ts';
import { programKey } from '../../kernel/services.ts';
import type { Fd, FdTable, Process, Snapshot } from '../../kernel/types.ts';

export interface Stale {
  process: Process;
  epoll: Fd;
  target: EpollTarget;
  /** What is open under the number now; absent: nothing. */
  now?: Fd;
  /** Checked again (kcmp or a second read). */
  verified: boolean;
  /** Another descriptor of the process for the registered file: what keeps the registration alive. */
  duplicate?: Fd;
}

const EPOLLIN = 1;
const EPOLLOUT = 4;

/**
 * Registrations in the epolls of one process for files that its table no longer has under that number; none when the table
 * could not be read.
 */
export function staleRegistrations(snapshot: Snapshot, table: FdTable): Stale[] {
  if (table.errno !== undefined) return [];
  const suspects = epollSuspects(table).filter((suspect) => isStale(snapshot, suspect));
  if (suspects.length === 0) return [];
  const inodes = exactInodes(table, new Set(suspects.map(({ target }) => target.ino)));
  const sharers = new Map<Fd, FdTable[]>();
  return suspects.flatMap((suspect): Stale[] => {
    const duplicate = duplicateOf(suspect.target, inodes);
    const sharing = sharers.get(suspect.epoll) ?? sharersOf(snapshot, table, suspect.epoll);
    sharers.set(suspect.epoll, sharing);
    // A forked family with one epoll registers numbers of different tables in it. The number may be right in a table that was
    // seen, or in one of a sibling that was not; only the file itself, found here under another number, tells that it is wrong.
    if (sharing.length > 0 && (!duplicate || sharing.some((other) => holds(other, suspect.target)))) return [];
    return [{
      process: table.process,
      epoll: suspect.epoll,
      target: suspect.target,
      verified: snapshot.epollTargets.has(epollTargetKey(suspect)),
      ...(suspect.now && { now: suspect.now }),
      ...(duplicate && { duplicate }),
    }];
  });
}

/** An answer wins. Without one, another inode under the number or nothing at all is a sign; anonymous inodes are all alike. */
function isStale(snapshot: Snapshot, suspect: EpollSuspect): boolean {
  const alive = snapshot.epollTargets.get(epollTargetKey(suspect));
  return alive === undefined ? suspect.reason !== 'anonymous' : !alive;
}

/** Of these inodes the sockets and pipes, whose inodes no two of them share. */
function exactInodes(table: FdTable, wanted: ReadonlySet<string | undefined>): Map<string, Fd[]> {
  const inodes = new Map<string, Fd[]>();
  for (const fd of eachFd(table)) {
    const inode = isKind(fd, socket) || isKind(fd, pipe) ? fd.detail.inode : undefined;
    if (inode !== undefined && wanted.has(inode)) inodes.set(inode, [...(inodes.get(inode) ?? []), fd]);
  }
  return inodes;
}

/** Both ends of a pipe have one inode: which end was registered shows in what was waited for. */
function duplicateOf(target: EpollTarget, inodes: ReadonlyMap<string, Fd[]>): Fd | undefined {
  const wrongEnd = target.events & EPOLLIN ? 'write' : target.events & EPOLLOUT ? 'read' : undefined;
  return inodes.get(target.ino ?? '')?.find((fd) => fd.fd !== target.fd && !(isKind(fd, pipe) && fd.detail.end === wrongEnd));
}

/** Processes that may have this very epoll instance, by fork: same program, same number, mostly the same registrations. */
function sharersOf(snapshot: Snapshot, table: FdTable, own: Fd): FdTable[] {
  return [...snapshot.relatives, ...snapshot.tables].filter((other) => {
    if (other.process.pid === table.process.pid || programKey(other.process) !== programKey(table.process)) return false;
    const theirs = other.fds.find((fd) => fd.fd === own.fd);
    if (!theirs || !isKind(theirs, epoll) || !isKind(own, epoll)) return false;
    return sameDescription(snapshot, own, theirs) ?? mayBeOne(own.detail.targets ?? [], theirs.detail.targets);
  });
}

/** The two lists are read at different moments, so those of one busy instance need not be equal. An unread list excludes nothing. */
function mayBeOne(own: readonly EpollTarget[], theirs: readonly EpollTarget[] | undefined): boolean {
  if (theirs === undefined) return true;
  const known = new Set(theirs.map(({ fd, ino }) => `${fd} ${ino}`));
  const common = own.filter(({ fd, ino }) => known.has(`${fd} ${ino}`)).length;
  return common > 0 && common * 2 >= Math.max(own.length, theirs.length);
}

function holds(table: FdTable, target: EpollTarget): boolean {
  const fd = fdUnder(table, target.fd);
  if (!fd) return false;
  const inode = isKind(fd, socket) || isKind(fd, pipe) ? fd.detail.inode : (fd.info ?? fd.stat)?.ino;
  return target.ino === undefined || inode === undefined || inode === target.ino;
}
