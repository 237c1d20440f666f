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
  const found: Descriptors = { count: errno === undefined ? links.size : null, listeners: [], established: new Map(), ports: new Map() };
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
