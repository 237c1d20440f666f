/**
 * Descriptors that whoever started us left open, to be handed on to a command: `3<words`, the jobserver of make. Node marks those below 16
 * to be closed by exec, as its own are: they are told apart by what they are.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const O_ACCMODE = 3;

/** Numbers above 2, ascending. To be asked before anything else is opened. */
export function inheritedFds(): number[] {
  const own = linksOf('self');
  const pipes = [...own.values()].filter((link) => link.startsWith('pipe:'));
  // Both ends of a pipe: our runtime talks to itself, or a jobserver is shared with whoever started us.
  const shared = pipes.some((link, index) => pipes.indexOf(link) !== index) ? new Set(linksOf(process.ppid).values()) : new Set<string>();
  return [...own]
    .filter(([fd, link]) => {
      if (fd <= 2 || link.startsWith('anon_inode:') || link.startsWith(`/proc/${process.pid}/`)) return false;
      if (link.startsWith('pipe:')) return pipes.filter((one) => one === link).length === 1 || shared.has(link);
      // Node keeps one for reading.
      return link !== '/dev/null' || isWritten(fd);
    })
    .map(([fd]) => fd)
    .sort((a, b) => a - b);
}

function linksOf(pid: number | 'self'): Map<number, string> {
  const found = new Map<number, string>();
  try {
    for (const name of readdirSync(`/proc/${pid}/fd`)) {
      try {
        found.set(Number(name), readlinkSync(`/proc/${pid}/fd/${name}`));
      } catch {
        // It was that of the folder itself.
      }
    }
  } catch {
    // Of another user.
  }
  return found;
}

/** `flags:	02100001` */
function isWritten(fd: number): boolean {
  try {
    return (Number.parseInt(/^flags:\t([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '0', 8) & O_ACCMODE) !== 0;
  } catch {
    return false;
  }
}
