/** The TCP listeners of one process: those of its network namespace whose inode is in its descriptor table. */
import type { ByteString, Evidence } from '../evidence/types.ts';
import { type LinkTable, readLinkTable } from '../kernel/fd-links.ts';
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
  links: LinkTable;
  listeners: Listener[];
  /** Every TCP port of its namespace that somebody listens on, with inodes. */
  ports: Map<number, string[]>;
}

const LISTEN = 10;
const ESTABLISHED = 1;
const PROTOCOLS = ['tcp', 'tcp6'] as const;
const NEVER = new AbortController().signal;

export async function readDescriptors(evidence: Evidence, pid: number): Promise<Descriptors> {
  const links = await readLinkTable(evidence, pid, NEVER);
  return { count: links.errno === undefined ? links.links.size : null, links, ...listenersOf(evidence, pid, socketsOf(links)) };
}

/** Which of these sockets listen, by inode and number; and what else of its namespace does. */
export function listenersOf(evidence: Evidence, pid: number, sockets: ReadonlyMap<string, number>): Pick<Descriptors, 'listeners' | 'ports'> {
  const found = { listeners: [] as Listener[], ports: new Map<number, string[]>() };
  // Where there is none, the kernel looks through all of its buckets to tell so.
  const hasSix = !/^TCP6: inuse 0$/m.test(evidence.read(`/proc/${pid}/net/sockstat6`).value ?? '');
  for (const protocol of hasSix ? PROTOCOLS : PROTOCOLS.slice(0, 1)) {
    const path = `/proc/${pid}/net/${protocol}`;
    scanInet(
      (evidence.readUntil?.(path, isPastListeners) ?? evidence.read(path)).value ?? '',
      protocol,
      ({ inode, localAddress: host, localPort: port }) => {
        if (host === undefined || port === undefined) return;
        found.ports.set(port, [...(found.ports.get(port) ?? []), inode]);
        const fd = sockets.get(inode);
        if (fd !== undefined) found.listeners.push({ inode, fd, host, port });
      },
      (_, state) => state === LISTEN,
    );
  }
  return found;
}

/** The kernel tells those that listen first, net/ipv4/tcp_ipv4.c tcp_get_idx; what follows may be a hundred times as long. */
function isPastListeners(page: ByteString): boolean {
  const end = page.lastIndexOf('\n');
  const state = /^ *\d+: [\dA-F]+:[\dA-F]{4} [\dA-F]+:[\dA-F]{4} ([\dA-F]{2}) /.exec(page.slice(page.lastIndexOf('\n', end - 1) + 1, end))?.[1];
  return state !== undefined && state !== '0A';
}

/** How many connections somebody has to a port of this process. */
export async function countConnections(evidence: Evidence, pid: number, port: number): Promise<number> {
  const sockets = socketsOf(await readLinkTable(evidence, pid, NEVER));
  let count = 0;
  for (const protocol of PROTOCOLS) {
    const text = evidence.read(`/proc/${pid}/net/${protocol}`).value ?? '';
    scanInet(text, protocol, () => void count++, (inode, state, local) => state === ESTABLISHED && local === port && sockets.has(inode));
  }
  return count;
}

/** Numbers by inode. */
function socketsOf({ links }: LinkTable): Map<string, number> {
  const sockets = new Map<string, number>();
  for (let index = 0; index < links.size; index++) {
    const inode = links.socketInode(index);
    if (inode !== undefined) sockets.set(inode, links.numbers[index]!);
  }
  return sockets;
}

/** Threads of a process; null when it may not be read. */
export function countThreads(evidence: Evidence, pid: number): number | null {
  return evidence.list(`/proc/${pid}/task`).value?.length ?? null;
}

/** How many descriptors are open; null when the table may not be read. Its size says so since Linux 6.2, which is cheap for those who ask again and again. */
export function countFds(evidence: Evidence, pid: number): number | null {
  const directory = `/proc/${pid}/fd`;
  return evidence.size(directory).value || (evidence.list(directory).value?.length ?? null);
}

/** Does the process still have this listener? */
export function isOpen(evidence: Evidence, pid: number, { fd, inode }: Pick<Listener, 'fd' | 'inode'>): boolean {
  return evidence.readlink(`/proc/${pid}/fd/${fd}`).value === `socket:[${inode}]`;
}

/** Was one of those closed since? Another of us may have been in, and gone. */
export function hasClosed(evidence: Evidence, pid: number, { listeners }: Pick<Descriptors, 'listeners'>): boolean {
  return listeners.some((listener) => !isOpen(evidence, pid, listener));
}

/** Sockets under numbers that were not in use: numbers by inode. */
export function newSockets(evidence: Evidence, pid: number, numbers: ReadonlySet<number>): Map<string, number> {
  const sockets = new Map<string, number>();
  for (const fd of evidence.list(`/proc/${pid}/fd`).value ?? []) {
    if (numbers.has(Number(fd))) continue;
    const inode = /^socket:\[(\d+)\]$/.exec(evidence.readlink(`/proc/${pid}/fd/${fd}`).value ?? '')?.[1];
    if (inode !== undefined) sockets.set(inode, Number(fd));
  }
  return sockets;
}
