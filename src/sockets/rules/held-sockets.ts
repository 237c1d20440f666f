/** The notable sockets of the targets, each once: forked workers hold the same ones. */
import { everConnected, type SocketDetail } from '../../kernel/kinds/socket.ts';
import { notableSockets } from '../../kernel/notable-sockets.ts';
import type { Service } from '../../kernel/services.ts';
import type { Fd, Process, Snapshot, SocketRow } from '../../kernel/types.ts';

export interface HeldSocket {
  process: Process;
  fd: Fd<SocketDetail>;
}

export interface TcpSocket extends HeldSocket {
  row: SocketRow;
}

/** Seven rules ask for the sockets of each service. */
const known = new WeakMap<Service['tables'], HeldSocket[]>();

export function socketsOf(service: Service): HeldSocket[] {
  const before = known.get(service.tables);
  if (before) return before;
  const held = new Map<string, HeldSocket>();
  for (const { process, fds } of service.tables) {
    for (const fd of notableSockets(fds)) if (!held.has(fd.detail.inode)) held.set(fd.detail.inode, { process, fd });
  }
  const sockets = [...held.values()];
  known.set(service.tables, sockets);
  return sockets;
}

/** The TCP sockets in one state, as /proc/PID/net/tcp names it; of those in ESTABLISHED the ones with data in a queue. */
export function tcpIn(service: Service, state: string): TcpSocket[] {
  const found: TcpSocket[] = [];
  for (const { process, fd } of socketsOf(service)) {
    const { row } = fd.detail;
    if (row?.state === state && row.protocol.startsWith('tcp')) found.push({ process, fd, row });
  }
  return found;
}

/** The processes behind some sockets, the one with the most of them first. */
export function holdersOf(sockets: readonly HeldSocket[]): Process[] {
  const counts = new Map<Process, number>();
  for (const { process } of sockets) counts.set(process, (counts.get(process) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([process]) => process);
}

/** Where the row was read. */
export function tableSource({ process, row }: TcpSocket): string {
  return `/proc/${process.pid}/net/${row.protocol}`;
}

/** include/net/tcp_states.h; also what a closed or never connected socket says. */
const TCP_CLOSE = 7;

export type Fate = 'closed on both sides' | 'never connected' | 'unknown';

/**
 * What became of a socket that no table lists as connected or listening. Undefined for one that is listed, is no TCP, or
 * lives on in another network namespace.
 */
export function fateOf(snapshot: Snapshot, { fd }: HeldSocket): Fate | undefined {
  const { row } = fd.detail;
  if (row && !(row.protocol.startsWith('tcp') && row.state === 'CLOSE')) return undefined;
  const probe = probeOf(snapshot, fd);
  if (!probe) return 'unknown';
  if (probe.tcp?.state !== TCP_CLOSE) return undefined;
  const connected = everConnected(probe);
  return connected === undefined ? undefined : connected ? 'closed on both sides' : 'never connected';
}

function probeOf(snapshot: Snapshot, fd: Fd<SocketDetail>): SocketDetail['probe'] {
  return fd.detail.probe ?? snapshot.probes.get(`${fd.pid}:${fd.fd}`);
}
