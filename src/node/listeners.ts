/** The TCP listeners of one process: those of its network namespace whose inode is in its descriptor table. */
import type { Evidence } from '../evidence/types.ts';
import { readLinkTable } from '../kernel/fd-table.ts';
import { scanInet } from '../kernel/proc/net-inet.ts';

export interface Listener {
  inode: string;
  fd: number;
  host: string;
  port: number;
}

export interface Descriptors {
  /** Open ones; null when the table may not be read. */
  count: number | null;
  numbers: ReadonlySet<number>;
  listeners: Listener[];
  /** Established connections of the process, by local port. */
  established: Map<number, number>;
  /** Every TCP port of its namespace that somebody listens on, with inodes. */
  ports: Map<number, string[]>;
}

const LISTEN = 10;
const ESTABLISHED = 1;
const NEVER = new AbortController().signal;

export async function readDescriptors(evidence: Evidence, pid: number): Promise<Descriptors> {
  const { links, errno } = await readLinkTable(evidence, pid, NEVER);
  const fds = new Map<string, number>();
  for (let index = 0; index < links.size; index++) {
    const inode = links.socketInode(index);
    if (inode !== undefined) fds.set(inode, links.numbers[index]!);
  }
  const numbers = new Set(links.numbers.slice(0, links.size));
  const found: Descriptors = { count: errno === undefined ? links.size : null, numbers, listeners: [], established: new Map(), ports: new Map() };
  for (const protocol of ['tcp', 'tcp6'] as const) {
    const text = evidence.read(`/proc/${pid}/net/${protocol}`).value ?? '';
    scanInet(
      text,
      protocol,
      ({ state, inode, localAddress: host, localPort: port }) => {
        if (host === undefined || port === undefined) return;
        const fd = fds.get(inode);
        if (state === 'LISTEN') found.ports.set(port, [...(found.ports.get(port) ?? []), inode]);
        if (fd === undefined) return;
        if (state === 'LISTEN') found.listeners.push({ inode, fd, host, port });
        else found.established.set(port, (found.established.get(port) ?? 0) + 1);
      },
      (_, state) => state === LISTEN || state === ESTABLISHED,
    );
  }
  return found;
}

/** Threads of a process; null when it may not be read. */
export function countThreads(evidence: Evidence, pid: number): number | null {
  return evidence.list(`/proc/${pid}/task`).value?.length ?? null;
}

/** How many descriptors are open; null when the table may not be read. One cheap question, for those who ask again and again. */
export function countFds(evidence: Evidence, pid: number): number | null {
  return evidence.list(`/proc/${pid}/fd`).value?.length ?? null;
}

/** Does the process still have this listener? */
export function isOpen(evidence: Evidence, pid: number, { fd, inode }: Pick<Listener, 'fd' | 'inode'>): boolean {
  return evidence.readlink(`/proc/${pid}/fd/${fd}`).value === `socket:[${inode}]`;
}

/** Is there a socket under a number that was not in use? */
export function hasNewSocket(evidence: Evidence, pid: number, numbers: ReadonlySet<number>): boolean {
  const fresh = (evidence.list(`/proc/${pid}/fd`).value ?? []).filter((fd) => !numbers.has(Number(fd)));
  return fresh.some((fd) => evidence.readlink(`/proc/${pid}/fd/${fd}`).value?.startsWith('socket:['));
}
