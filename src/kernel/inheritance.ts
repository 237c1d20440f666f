/** Descriptors that another program holds at the same number: what an exec took along. */
import { O_CLOEXEC } from './proc/fdinfo.ts';
import type { Fd, FdTable, Process } from './types.ts';

export interface SharedFd {
  /** Held by a target. */
  own: Fd;
  /** The same link at the same number, held by a relative that runs another executable. */
  other: Fd;
  process: Process;
  /** True when the relative is below the target: it got the descriptor from it. */
  below: boolean;
}

/** Standard input, output and error are passed on by everybody, on purpose. */
const LAST_STANDARD_FD = 2;

/**
 * Sockets and files a target shares with a relative of another executable, at the same number, open across exec on both
 * sides. Workers forked from the same executable share on purpose and are left out; so is a descriptor that was moved to
 * another number, which is how a hand-over on purpose looks.
 */
export function sharedAcrossExec(tables: readonly FdTable[], relatives: readonly FdTable[]): SharedFd[] {
  const shared: SharedFd[] = [];
  for (const relative of relatives) {
    for (const table of tables) {
      if (table.process.exe === undefined || relative.process.exe === undefined) continue;
      if (table.process.exe === relative.process.exe) continue;
      const below = relative.process.ppid === table.process.pid;
      const above = table.process.ppid === relative.process.pid;
      if (!below && !above) continue;
      const own = new Map(table.fds.map((fd) => [fd.fd, fd]));
      for (const other of relative.fds) {
        const mine = own.get(other.fd);
        if (!mine || mine.fd <= LAST_STANDARD_FD || mine.link !== other.link) continue;
        if ((mine.kind !== 'socket' && mine.kind !== 'file') || closesOnExec(mine) || closesOnExec(other)) continue;
        shared.push({ own: mine, other, process: relative.process, below });
      }
    }
  }
  return shared;
}

/** Unknown flags count as closing: a claim needs to have seen them. */
function closesOnExec(fd: Fd): boolean {
  return fd.info === undefined || (fd.info.flags & O_CLOEXEC) !== 0;
}

/** Key of one pair in `Snapshot.sameDescription`. */
export function sharedKey({ own, other }: SharedFd): string {
  return `${own.pid}:${own.fd}:${other.pid}:${other.fd}`;
}
