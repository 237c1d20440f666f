/** Which programs hold a descriptor of a target, or a target one of its parent's, because an exec took it along. */
import { fdAt, fdsOf } from '../../kernel/fd-index.ts';
import { closesOnExec, LAST_STANDARD_FD, type SharedFd, sharedAcrossExec } from '../../kernel/inheritance.ts';
import { epoll } from '../../kernel/kinds/epoll.ts';
import { isKind } from '../../kernel/kinds/kind.ts';
import { socket } from '../../kernel/kinds/socket.ts';
import { eachFd, fdUnder } from '../../kernel/plain-fds.ts';
import { accessMode } from '../../kernel/proc/fdinfo.ts';
import { sameDescription } from '../../kernel/same-description.ts';
import { areTwoPrograms } from '../../kernel/services.ts';
import type { Fd, FdTable, Process, Snapshot } from '../../kernel/types.ts';

export interface Inherited {
  /** Nearest the root: where the descriptor came from. */
  owner: Process;
  holder: Process;
  /** The descriptor as a target holds it. */
  fd: Fd;
  /** `kcmp`: one open file description; `inode`: a socket, which has only one; `position`: same file, position and flags. */
  proof: 'kcmp' | 'inode' | 'position';
  /** Could it be seen that the holder neither polls nor serves it? Not for a process outside the family. */
  family: boolean;
  /** A thread waits in poll() or select(), maybe for it; or what the threads wait for could not be read. */
  doubt?: 'polls' | 'unread';
}

/** Service managers of all: they hold the sockets they hand over. */
const INIT = 1;

/** A target looks at all of its known ancestors, a relative only at those that are targets; the farthest is the origin. */
export function inheritedPairs(snapshot: Snapshot): Inherited[] {
  const byNumber = new Map<string, Inherited>();
  for (const shared of sharedAcrossExec(snapshot.tables, snapshot.relatives)) {
    const { owner, holder, own, other } = shared;
    const proof = proofOf(snapshot, own, other);
    if (!proof || isWanted(snapshot, shared)) continue;
    const pair: Inherited = { owner: owner.process, holder: holder.process, fd: own, proof, family: true, ...doubtOf(snapshot, holder.process, own.fd) };
    byNumber.set(`${holder.process.pid}:${own.fd}`, pair);
  }
  const family = new Set([...snapshot.relatives, ...snapshot.tables].map((table) => table.process.pid));
  return [...byNumber.values(), ...snapshot.tables.flatMap((table) => strangers(snapshot, table, family))];
}

function proofOf(snapshot: Snapshot, fd: Fd, other: Fd): Inherited['proof'] | undefined {
  if (fd.link !== other.link) return undefined;
  const one = sameDescription(snapshot, fd, other);
  if (one === false) return undefined;
  if (isKind(fd, socket)) return one ? 'kcmp' : 'inode';
  if (fd.kind !== 'file' || !['w', 'rw'].includes(accessMode(fd.info!.flags))) return undefined;
  if (one) return 'kcmp';
  const same = fd.info!.ino === other.info!.ino && fd.info!.pos === other.info!.pos && fd.info!.flags === other.info!.flags;
  return same ? 'position' : undefined;
}

/** Announced to the holder, waited for, polled or served by it: then it was handed over on purpose. */
function isWanted(snapshot: Snapshot, { owner, holder, own, below, other }: SharedFd): boolean {
  if (isIntended(snapshot, holder.process, own.fd) || isInUse(snapshot, holder.process, own.fd)) return true;
  const held = below ? other : own;
  if (!isKind(held, socket)) return false;
  return polls(holder, held.fd, held.detail.inode, owner) || serves(holder, held.detail.row?.localPort, owner);
}

function isInUse({ fdUse }: Snapshot, process: Process, fd: number): boolean {
  return fdUse?.get(process.pid)?.fds.includes(fd) ?? false;
}

/** Why it may be in use all the same. */
function doubtOf({ fdUse }: Snapshot, process: Process, fd: number): Pick<Inherited, 'doubt'> {
  const use = fdUse?.get(process.pid);
  if (use && fd < use.pollsBelow) return { doubt: 'polls' };
  return !use || use.unread ? { doubt: 'unread' } : {};
}

function isIntended({ intendedFds }: Snapshot, process: Process, fd: number): boolean {
  return intendedFds.get(process.pid)?.includes(fd) ?? false;
}

function polls(holder: FdTable, number: number, inode: string, owner: FdTable): boolean {
  return holder.fds.some((fd) => {
    if (!isKind(fd, epoll) || !fd.detail.targets?.some((target) => target.fd === number && (target.ino ?? inode) === inode)) return false;
    // An epoll instance may have come along by the same accident: it then lists what its owner registered.
    const origin = fdAt(owner.fds, fd.fd);
    if (!origin || !isKind(origin, epoll) || closesOnExec(origin)) return true;
    return JSON.stringify(origin.detail.targets) !== JSON.stringify(fd.detail.targets);
  });
}

/** Does it hold connections of its own that came in through this port? Then it accepts on it, blocking, without epoll. */
function serves(holder: FdTable, port: number | undefined, owner: FdTable): boolean {
  if (port === undefined) return false;
  for (const fd of eachFd(holder, socket.name)) {
    if (!isKind(fd, socket) || !fd.detail.inbound || fd.detail.row?.localPort !== port) continue;
    if (fdUnder(owner, fd.fd)?.link !== fd.link) return true;
  }
  return false;
}

/** Listeners that a process outside the family holds: a child whose parent is gone keeps what it got. */
function strangers(snapshot: Snapshot, table: FdTable, family: ReadonlySet<number>): Inherited[] {
  const found: Inherited[] = [];
  for (const fd of fdsOf(table.fds, socket)) {
    if (fd.detail.row?.state !== 'LISTEN' || fd.fd <= LAST_STANDARD_FD || closesOnExec(fd)) continue;
    if (isIntended(snapshot, table.process, fd.fd)) continue;
    for (const foreign of snapshot.foreign.get(fd.link) ?? []) {
      if (foreign.fd !== fd.fd || foreign.process.pid === INIT || family.has(foreign.process.pid)) continue;
      if (!areTwoPrograms(table.process, foreign.process) || isIntended(snapshot, foreign.process, foreign.fd)) continue;
      if (isInUse(snapshot, foreign.process, foreign.fd)) continue;
      found.push({ owner: table.process, holder: foreign.process, fd, proof: 'inode', family: false });
    }
  }
  return found;
}
