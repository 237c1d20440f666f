/** Reads the socket tables of one network namespace through one of its processes. */
import type { Evidence } from '../evidence/types.ts';
import { endpoint } from './kinds/socket.ts';
import type { NumberIndex } from './number-index.ts';
import { scanInetSockets } from './proc/inet-sockets.ts';
import { type InetProtocol, scanInet } from './proc/net-inet.ts';
import { scanNetlink } from './proc/net-netlink.ts';
import { scanPacket } from './proc/net-packet.ts';
import { scanUnix } from './proc/net-unix.ts';
import { parseListenCounters } from './proc/netstat.ts';
import { parseSockstat, parseSockstat6 } from './proc/sockstat.ts';
import { isLocal, isSameAddress, PlainSockets } from './plain-sockets.ts';
import type { PendingConnections, SocketRow, SocketTable } from './types.ts';

const inetProtocols: readonly InetProtocol[] = ['udp', 'udp6', 'udplite', 'udplite6', 'raw', 'raw6', 'icmp', 'icmp6'];

/** Kernel state numbers of include/net/tcp_states.h. */
const SYN_SENT = 2;
const LISTEN = 10;

export interface Wanted {
  /** Inodes somebody asks for; only their rows are kept. */
  inodes: { readonly size: number; has(inode: string): boolean };
  /** The same as numbers: then plain rows are kept in columns. */
  packed?: NumberIndex;
  /** The namespace is ours, so that sock_diag may be asked instead of a long table. */
  own?: boolean;
}

/**
 * TCP first: it is what most processes hold, and when all wanted inodes are found the other tables are not read.
 * Rows of inode 0 that belong to a listening port are kept as its pending connections.
 */
export function readSocketTable(evidence: Evidence, pid: number, netns: string, wanted: Wanted): SocketTable {
  const plain = wanted.packed && new PlainSockets(wanted.packed);
  const table: SocketTable = { netns, via: pid, byInode: new Map(), pending: new Map(), ...(plain && { plain }) };
  const net = `/proc/${pid}/net`;
  readTcp(evidence, net, table, wanted);
  const keep = (row: SocketRow): void => void keepRow(table, row);
  const isWanted = (inode: string): boolean => wanted.inodes.has(inode);
  const missing = (): boolean => table.byInode.size + (plain?.size ?? 0) < wanted.inodes.size;
  const text = (name: string): string => {
    const { value, errno } = evidence.read(`${net}/${name}`);
    // What has no file has no module loaded, and so no sockets.
    if (errno !== undefined && errno !== 'ENOENT') table.errno ??= errno;
    return value ?? '';
  };
  if (missing()) scanUnix(text('unix'), keep, isWanted);
  const udp = missing() ? listedByDiag(evidence, net, 'udp', wanted, plain) : undefined;
  udp?.(keep, isWanted);
  const done: readonly InetProtocol[] = udp ? ['udp', 'udp6'] : [];
  for (const protocol of inetProtocols) if (missing() && !done.includes(protocol)) scanInet(text(protocol), protocol, keep, isWanted);
  if (missing()) scanNetlink(text('netlink'), keep, isWanted);
  if (missing()) scanPacket(text('packet'), keep, isWanted);
  if (missing()) readTcpMemory(evidence, net, table);
  return table;
}

/** From so many sockets on the native way is worth loading it. */
const MANY = 3000;

/** Visits the wanted rows of the tables of one protocol, for IPv4 and IPv6, as scanInet() does of one. */
type Scan = (
  visit: (row: SocketRow) => void,
  wanted: (inode: string, state: number, localPort: number, remotePort: number) => boolean,
) => void;

/**
 * Long tables of our own namespace, by sock_diag: undefined where they are short, or it does not answer. Every page of
 * /proc/net/udp is looked for from the start (net/ipv4/udp.c udp_get_idx): 50,000 rows take the kernel 3 s. Those of TCP it
 * writes at once, and we have 150 bytes to read of each. What `plain` takes, when it is first told of, is not visited.
 */
function listedByDiag(evidence: Evidence, net: string, family: 'tcp' | 'udp', { own = false }: Wanted, plain: PlainSockets | undefined): Scan | undefined {
  if (!own || !evidence.inetSockets) return undefined;
  const inUse = new RegExp(`^${family.toUpperCase()}: inuse (\\d+)`, 'm').exec(evidence.read(`${net}/sockstat`).value ?? '')?.[1];
  const sockets = Number(inUse ?? 0) < MANY ? undefined : evidence.inetSockets(family, plain && ((told, index) => plain.take(told, index, family))).value;
  return sockets && ((visit, isWanted) => scanInetSockets(sockets, family, visit, isWanted));
}

/** The TCP part alone, for the second look. */
export function readTcp(
  evidence: Evidence,
  net: string,
  table: Pick<SocketTable, 'byInode' | 'plain' | 'pending' | 'listenOverflows' | 'errno'>,
  wanted: Wanted,
): void {
  const orphans: SocketRow[] = [];
  const listening = new Set<number>();
  const onThisHost = new Map<number, SocketRow | SocketRow[]>();
  const scan = listedByDiag(evidence, net, 'tcp', wanted, table.plain) ?? readTcpTexts(evidence, net, table);
  scan(
    (row) => {
      if (wanted.inodes.has(row.inode) && keepRow(table, row) && isLocal(row)) lookForPeer(row, onThisHost);
      if (row.state === 'LISTEN') listening.add(row.localPort!);
      else if (row.inode === '0' || row.state === 'SYN_SENT') orphans.push(row);
    },
    (inode, state) => inode === '0' || state === LISTEN || state === SYN_SENT || wanted.inodes.has(inode),
  );
  const alone = table.plain?.matchPeers() ?? [];
  for (const row of alone) lookForPeer(row, onThisHost);
  // Both ends may be wanted, and then they are found without reading all rows again.
  for (const ends of onThisHost.values()) for (const row of listOf(ends)) matchPeer(row, onThisHost);
  for (const [pair, ends] of onThisHost) if (listOf(ends).every((row) => row.peerInode !== undefined)) onThisHost.delete(pair);
  // Then the other ends are among the rows that no wanted one belongs to.
  if (onThisHost.size > 0) {
    scan((row) => matchPeer(row, onThisHost), (inode, _state, local, remote) => inode !== '0' && onThisHost.has(portPair(local, remote)));
  }
  for (const { inode, peerInode } of alone) if (peerInode !== undefined) table.plain!.setPeer(inode, peerInode);
  for (const port of listening) table.pending.set(port, { neverAccepted: [], synReceived: 0, synSent: 0 });
  for (const row of orphans) countPending(table.pending, row);
  const counters = parseListenCounters(evidence.read(`${net}/netstat`).value ?? '');
  if (counters) table.listenOverflows = counters.listenOverflows;
}

function readTcpTexts(evidence: Evidence, net: string, table: Pick<SocketTable, 'errno'>): Scan {
  const texts = (['tcp', 'tcp6'] as const).map((protocol) => {
    const { value, errno } = evidence.read(`${net}/${protocol}`);
    if (errno !== undefined && (protocol === 'tcp' || errno !== 'ENOENT')) table.errno ??= errno;
    return [protocol, value ?? ''] as const;
  });
  return (visit, isWanted) => {
    for (const [protocol, text] of texts) scanInet(text, protocol, visit, isWanted);
  };
}

/** False when it is kept as one of the plain ones. */
function keepRow({ byInode, plain }: Pick<SocketTable, 'byInode' | 'plain'>, row: SocketRow): boolean {
  if (plain?.add(row)) {
    byInode.delete(row.inode);
    return false;
  }
  byInode.set(row.inode, row);
  return true;
}

function lookForPeer(row: SocketRow, ends: Map<number, SocketRow | SocketRow[]>): void {
  if (!meetsPeer(row, ends)) addTo(ends, portPair(row.remotePort!, row.localPort!), row);
}

/** Nearly every row has come before or after its other end, with no third of the same ports: then neither is looked at again. */
function meetsPeer(row: SocketRow, ends: Map<number, SocketRow | SocketRow[]>): boolean {
  const pair = portPair(row.localPort!, row.remotePort!);
  const end = ends.get(pair);
  if (end === undefined || Array.isArray(end) || !areEndsOfOne(end, row)) return false;
  ends.delete(pair);
  end.peerInode = row.inode;
  row.peerInode = end.inode;
  return true;
}

function areEndsOfOne(a: SocketRow, b: SocketRow): boolean {
  return isSameAddress(a.localAddress, b.remoteAddress) && isSameAddress(a.remoteAddress, b.localAddress);
}

/** The other end of a connection inside this host is the row with both endpoints exchanged. */
function matchPeer(row: SocketRow, ends: ReadonlyMap<number, SocketRow | SocketRow[]>): void {
  const known = ends.get(portPair(row.localPort!, row.remotePort!));
  if (known === undefined) return;
  for (const end of listOf(known)) if (areEndsOfOne(end, row)) end.peerInode = row.inode;
}

function listOf(rows: SocketRow | SocketRow[]): readonly SocketRow[] {
  return Array.isArray(rows) ? rows : [rows];
}

function addTo(rows: Map<number, SocketRow | SocketRow[]>, key: number, row: SocketRow): void {
  const known = rows.get(key);
  if (known === undefined) rows.set(key, row);
  else if (Array.isArray(known)) known.push(row);
  else rows.set(key, [known, row]);
}

function portPair(local: number, remote: number): number {
  return local * 65536 + remote;
}

function countPending(pending: Map<number, PendingConnections>, row: SocketRow): void {
  if (row.state === 'SYN_SENT') {
    const knocked = pending.get(row.remotePort!);
    if (knocked && isLocal(row)) knocked.synSent++;
    return;
  }
  const own = pending.get(row.localPort!);
  if (!own) return;
  if (row.state === 'ESTABLISHED' || row.state === 'CLOSE_WAIT') own.neverAccepted.push(endpoint(row.remoteAddress, row.remotePort)!);
  else if (row.state === 'SYN_RECV' || row.state === 'NEW_SYN_RECV') own.synReceived++;
}

function readTcpMemory(evidence: Evidence, net: string, table: SocketTable): void {
  const v4 = parseSockstat(evidence.read(`${net}/sockstat`).value ?? '');
  const v6 = parseSockstat6(evidence.read(`${net}/sockstat6`).value ?? '');
  if (!v4) return;
  table.tcpAllocated = v4.tcpAllocated;
  table.tcpInUse = v4.tcpInUse + (v6?.tcp6InUse ?? 0);
}
