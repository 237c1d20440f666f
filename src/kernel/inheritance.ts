/** Descriptors that another program holds at the same number: what an exec took along. */
import { fdAt } from './fd-index.ts';
import { O_CLOEXEC } from './proc/fdinfo.ts';
import { areTwoPrograms } from './services.ts';
import type { Fd, FdTable, Process } from './types.ts';

export interface SharedFd {
  /** Held by a target. */
  own: Fd;
  /** The same link at the same number, held by an ancestor or a descendant of another program. */
  other: Fd;
  /** Who holds `other`. */
  process: Process;
  /** True when that one is below: it got the descriptor from the target. */
  below: boolean;
  /** The upper one of the two processes, where the descriptor came from, and the lower one. */
  owner: FdTable;
  holder: FdTable;
}

/** Standard input, output and error are passed on by everybody, on purpose. */
export const LAST_STANDARD_FD = 2;

/**
 * Sockets and files a target shares with a known ancestor or descendant of another program, at the same number, open across
 * exec on both sides. Workers of one program share on purpose and are left out; so is a descriptor that was moved to
 * another number, which is how a hand-over on purpose looks. Of two targets the upper one is the owner. Of what one holds
 * the nearest owners come first.
 */
export function sharedAcrossExec(tables: readonly FdTable[], relatives: readonly FdTable[]): SharedFd[] {
  const targets = new Set(tables.map((table) => table.process.pid));
  const family = new Map([...relatives, ...tables].map((table) => [table.process.pid, table]));
  const shared: SharedFd[] = [];
  for (const holder of family.values()) {
    for (const owner of ancestorsOf(holder, family)) {
      const below = targets.has(owner.process.pid);
      if ((!below && !targets.has(holder.process.pid)) || !areTwoPrograms(owner.process, holder.process)) continue;
      for (const held of holder.fds) {
        const origin = fdAt(owner.fds, held.fd);
        if (!origin || !isSharedAcrossExec(origin, held)) continue;
        const [own, other] = below ? [origin, held] : [held, origin];
        if (own.kind !== 'socket' && own.kind !== 'file') continue;
        shared.push({ own, other, process: below ? holder.process : owner.process, below, owner, holder });
      }
    }
  }
  return shared;
}

function ancestorsOf(table: FdTable, family: ReadonlyMap<number, FdTable>): FdTable[] {
  const found = new Set<FdTable>([table]);
  for (let next = family.get(table.process.ppid); next && !found.has(next); next = family.get(next.process.ppid)) found.add(next);
  return [...found].slice(1);
}

function isSharedAcrossExec(a: Fd, b: Fd): boolean {
  return a.fd > LAST_STANDARD_FD && a.link === b.link && !closesOnExec(a) && !closesOnExec(b);
}

/** Unknown flags count as closing: a claim needs to have seen them. */
export function closesOnExec(fd: Fd): boolean {
  return fd.info === undefined || (fd.info.flags & O_CLOEXEC) !== 0;
}
