/** Which programs hold a descriptor of a target, or a target one of its parent's, because an exec took it along. */
import { fdsOf } from '../../kernel/fd-index.ts';
import { epoll } from '../../kernel/kinds/epoll.ts';
import { isKind } from '../../kernel/kinds/kind.ts';
import { socket } from '../../kernel/kinds/socket.ts';
import { accessMode, O_CLOEXEC } from '../../kernel/proc/fdinfo.ts';
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
}

const LAST_STANDARD_FD = 2;
/** Service managers of all: they hold the sockets they hand over. */
const INIT = 1;

export function inheritedPairs(snapshot: Snapshot): Inherited[] {
  const targets = new Set(snapshot.tables.map((table) => table.process.pid));
  const family = new Map([...snapshot.relatives, ...snapshot.tables].map((table) => [table.process.pid, table]));
  const pairs = [...family.values()].flatMap((holder) => fromAncestors(snapshot, holder, targets, family));
  return [...pairs, ...snapshot.tables.flatMap((table) => strangers(snapshot, table, family))];
}

/** A target looks at all of its known ancestors, a relative only at those that are targets; the farthest is the origin. */
function fromAncestors(
  snapshot: Snapshot,
  holder: FdTable,
  targets: ReadonlySet<number>,
  family: ReadonlyMap<number, FdTable>,
): Inherited[] {
  const byNumber = new Map<number, Inherited>();
  const known = new Set([holder.process.pid]);
  for (let owner = family.get(holder.process.ppid); owner && !known.has(owner.process.pid); owner = family.get(owner.process.ppid)) {
    known.add(owner.process.pid);
    const holderIsTarget = targets.has(holder.process.pid);
    if (!holderIsTarget && !targets.has(owner.process.pid)) continue;
    if (!areTwoPrograms(owner.process, holder.process)) continue;
    const own = new Map(owner.fds.map((fd) => [fd.fd, fd]));
    for (const held of holder.fds) {
      const origin = own.get(held.fd);
      if (!origin || held.fd <= LAST_STANDARD_FD || closesOnExec(origin) || closesOnExec(held)) continue;
      // Only targets are asked for stat, which tells a file from a device.
      const fd = holderIsTarget ? held : origin;
      const proof = proofOf(snapshot, fd, fd === held ? origin : held);
      if (!proof || isWanted(snapshot, holder, held, own)) continue;
      byNumber.set(held.fd, { owner: owner.process, holder: holder.process, fd, proof, family: true });
    }
  }
  return [...byNumber.values()];
}

/** Unknown flags count as closing: a claim needs to have seen them. */
function closesOnExec(fd: Fd): boolean {
  return fd.info === undefined || (fd.info.flags & O_CLOEXEC) !== 0;
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

/** Announced to the holder, polled by it, or served by it: then it was handed over on purpose. */
function isWanted(snapshot: Snapshot, holder: FdTable, held: Fd, own: ReadonlyMap<number, Fd>): boolean {
  if (isIntended(snapshot, holder.process, held.fd)) return true;
  if (!isKind(held, socket)) return false;
  return polls(holder, held.fd, held.detail.inode, own) || serves(holder, held.detail.row?.localPort, own);
}

function isIntended({ intendedFds }: Snapshot, process: Process, fd: number): boolean {
  return intendedFds.get(process.pid)?.includes(fd) ?? false;
}

function polls(holder: FdTable, number: number, inode: string, own: ReadonlyMap<number, Fd>): boolean {
  return holder.fds.some((fd) => {
    if (!isKind(fd, epoll) || !fd.detail.targets?.some((target) => target.fd === number && (target.ino ?? inode) === inode)) return false;
    // An epoll instance may have come along by the same accident: it then lists what its owner registered.
    const origin = own.get(fd.fd);
    if (!origin || !isKind(origin, epoll) || closesOnExec(origin)) return true;
    return JSON.stringify(origin.detail.targets) !== JSON.stringify(fd.detail.targets);
  });
}

/** Does it hold connections of its own that came in through this port? Then it accepts on it, blocking, without epoll. */
function serves(holder: FdTable, port: number | undefined, own: ReadonlyMap<number, Fd>): boolean {
  if (port === undefined) return false;
  return holder.fds.some((fd) => {
    if (!isKind(fd, socket) || !fd.detail.inbound || fd.detail.row?.localPort !== port) return false;
    return own.get(fd.fd)?.link !== fd.link;
  });
}

/** Listeners that a process outside the family holds: a child whose parent is gone keeps what it got. */
function strangers(snapshot: Snapshot, table: FdTable, family: ReadonlyMap<number, FdTable>): Inherited[] {
  const found: Inherited[] = [];
  for (const fd of fdsOf(table.fds, socket)) {
    if (fd.detail.row?.state !== 'LISTEN' || fd.fd <= LAST_STANDARD_FD || closesOnExec(fd)) continue;
    if (isIntended(snapshot, table.process, fd.fd)) continue;
    for (const foreign of snapshot.foreign.get(fd.link) ?? []) {
      if (foreign.fd !== fd.fd || foreign.process.pid === INIT || family.has(foreign.process.pid)) continue;
      if (!areTwoPrograms(table.process, foreign.process) || isIntended(snapshot, foreign.process, foreign.fd)) continue;
      found.push({ owner: table.process, holder: foreign.process, fd, proof: 'inode', family: false });
    }
  }
  return found;
}
