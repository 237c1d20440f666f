/** Listeners of one network namespace and the connections of each, from sock_diag or from /proc/PID/net. */
import type { ByteString, DiagSocket, Evidence, InetConnections } from '../evidence/types.ts';
import { scanInet, tcpStateName } from '../kernel/proc/net-inet.ts';
import { scanUnix } from '../kernel/proc/net-unix.ts';
import type { Connections, ListenAddress, Listener } from './model.ts';

const ESTABLISHED = 1;
const SYN_SENT = 2;
const SYN_RECEIVED = 3;
const CLOSE_WAIT = 8;
const LISTEN = 10;
const NEW_SYN_RECEIVED = 12;
const MAPPED = /^::ffff:(?=\d+\.)/;
const MINUTE_MS = 60_000;

export interface NamespaceTables {
  addresses: ListenAddress[];
  /** sock_diag said how long the queues of TCP listeners may be. */
  diag: boolean;
  /** Why sock_diag did not, and why the table itself could not be read. */
  diagErrno?: string;
  tableErrno?: string;
  unixDiagErrno?: string;
}

/** One TCP row, wherever it is from. */
interface Row {
  protocol: 'tcp' | 'tcp6';
  state: number;
  inode: string;
  address: string;
  port: number;
  remote: string;
  remotePort: number;
  receiveQueue: number;
  /** Of a listener, by sock_diag only. */
  backlog?: number;
  v6Only?: boolean | undefined;
  idleMs?: number;
}

/** @param pid a process of the namespace */
export function readTables(evidence: Evidence, pid: number, netns: string): NamespaceTables {
  const tables: NamespaceTables = { addresses: [], diag: false };
  readTcp(evidence, pid, netns, tables);
  readUnix(evidence, pid, netns, tables);
  return tables;
}

function readTcp(evidence: Evidence, pid: number, netns: string, tables: NamespaceTables): void {
  const quick = evidence.network?.connectionsOf?.(pid);
  if (quick?.value !== undefined) {
    const sockets = quick.value;
    tables.diag = true;
    tables.addresses.push(...addressesOf(netns, (visit, wanted) => eachConnection(sockets, visit, wanted)));
    return;
  }
  const told = quick ? undefined : evidence.network?.sockDiagOf(pid, 'tcp');
  if (told?.value) {
    const sockets = told.value;
    tables.diag = true;
    tables.addresses.push(...addressesOf(netns, (visit) => eachDiag(sockets, visit)));
    return;
  }
  tables.diagErrno = quick?.errno ?? told?.errno ?? 'ENOTSUP';
  const texts = (['tcp', 'tcp6'] as const).map((protocol) => {
    const answer = evidence.read(`/proc/${pid}/net/${protocol}`);
    // Without IPv6 there is no such file.
    if (answer.errno !== undefined && (protocol === 'tcp' || answer.errno !== 'ENOENT')) tables.tableErrno ??= answer.errno;
    return [protocol, answer.value ?? ''] as const;
  });
  tables.addresses.push(...addressesOf(netns, (visit, wanted) => {
    for (const [protocol, text] of texts) eachText(text, protocol, visit, wanted);
  }));
}

type Visit = (row: Row) => void;
/** Asked before a row is made. */
type Wanted = (state: number, port: number, remotePort: number) => boolean;
type Scan = (visit: Visit, wanted: Wanted) => void;

/** In two passes: which ports are listened on is known after the first. */
function addressesOf(netns: string, scan: Scan): ListenAddress[] {
  const byPort = new Map<number, ListenAddress[]>();
  scan((row) => {
    if (row.state === LISTEN) addListener(byPort, row, netns);
  }, (state) => state === LISTEN);
  if (byPort.size === 0) return [];
  scan((row) => {
    if (row.state === LISTEN) return;
    const knocked = row.state === SYN_SENT ? addressFor(byPort.get(row.remotePort), row.protocol, row.remote) : undefined;
    if (knocked) knocked.connections.knocking++;
    const own = addressFor(byPort.get(row.port), row.protocol, row.address);
    if (own && row.state !== SYN_SENT) addConnection(own.connections, row);
  }, (state, port, remotePort) => state !== LISTEN && (byPort.has(port) || (state === SYN_SENT && byPort.has(remotePort))));
  return [...byPort.values()].flat();
}

function addListener(byPort: Map<number, ListenAddress[]>, row: Row, netns: string): void {
  const { inode, receiveQueue: queue, backlog, v6Only } = row;
  const listener: Listener = { inode, queue, ...(backlog !== undefined && { backlog }), owners: [] };
  const known = byPort.get(row.port) ?? [];
  const same = known.find(({ protocol, address }) => protocol === row.protocol && address === row.address);
  if (same) same.listeners.push(listener);
  else known.push({ protocol: row.protocol, netns, address: row.address, port: row.port, listeners: [listener], ...(v6Only !== undefined && { v6Only }), connections: noConnections() });
  byPort.set(row.port, known);
}

export function noConnections(): Connections {
  return { total: 0, byState: new Map(), neverAccepted: [], synReceived: 0, knocking: 0 };
}

/** The listener that takes what comes for this address: its own one before that of all addresses. */
function addressFor(candidates: readonly ListenAddress[] | undefined, protocol: Row['protocol'], address: string): ListenAddress | undefined {
  if (!candidates) return undefined;
  const plain = address.replace(MAPPED, '');
  const own = candidates.find((each) => each.address === address || each.address.replace(MAPPED, '') === plain);
  if (own) return own;
  const isV4 = protocol === 'tcp' || plain !== address;
  return (isV4 ? candidates.find((each) => each.address === '0.0.0.0') : undefined) ?? candidates.find((each) => each.address === '::' && !(isV4 && each.v6Only));
}

function addConnection(connections: Connections, row: Row): void {
  const isHalfOpen = row.state === SYN_RECEIVED || row.state === NEW_SYN_RECEIVED;
  if (isHalfOpen) connections.synReceived++;
  const name = tcpStateName(row.state === NEW_SYN_RECEIVED ? SYN_RECEIVED : row.state);
  connections.total++;
  connections.byState.set(name, (connections.byState.get(name) ?? 0) + 1);
  if (row.inode === '0') {
    if (row.state === ESTABLISHED || row.state === CLOSE_WAIT) connections.neverAccepted.push(`${row.remote} ${row.remotePort}`);
    return;
  }
  const { idleMs } = row;
  if (idleMs === undefined) return;
  const idle = (connections.idle ??= { shortestMs: idleMs, longestMs: idleMs, overMinute: 0 });
  if (idleMs < idle.shortestMs) idle.shortestMs = idleMs;
  if (idleMs > idle.longestMs) idle.longestMs = idleMs;
  if (idleMs >= MINUTE_MS) idle.overMinute++;
}

function eachDiag(sockets: readonly DiagSocket[], visit: Visit): void {
  for (const { protocol, state, inode, local = '', remote = '', receiveQueue, sendQueue, lastSentMs, lastReceivedMs, v6Only } of sockets) {
    const [address, port] = partsOf(local);
    const [remoteAddress, remotePort] = partsOf(remote);
    const idleMs = lastSentMs === undefined || lastReceivedMs === undefined ? undefined : Math.min(lastSentMs, lastReceivedMs);
    visit({
      protocol: protocol as Row['protocol'], state, inode, address, port, remote: remoteAddress, remotePort, receiveQueue,
      ...(state === LISTEN && { backlog: sendQueue, v6Only }),
      ...(idleMs !== undefined && { idleMs }),
    });
  }
}

function eachConnection(sockets: InetConnections, visit: Visit, wanted: Wanted): void {
  for (let index = 0; index < sockets.count; index++) {
    const state = sockets.state(index);
    const port = sockets.localPort(index);
    const remotePort = sockets.remotePort(index);
    if (!wanted(state, port, remotePort)) continue;
    const idleMs = sockets.idleMs(index);
    visit({
      protocol: sockets.isIpv6(index) ? 'tcp6' : 'tcp', state, inode: String(sockets.inode(index)), address: sockets.localAddress(index), port,
      remote: sockets.remoteAddress(index), remotePort, receiveQueue: sockets.receiveQueue(index),
      ...(state === LISTEN && { backlog: sockets.sendQueue(index), v6Only: sockets.v6Only(index) }),
      ...(idleMs !== undefined && { idleMs }),
    });
  }
}

/** `192.0.2.1:80` and `[2001:db8::1]:80`. */
export function partsOf(endpoint: string): [address: string, port: number] {
  const colon = endpoint.lastIndexOf(':');
  if (colon < 0) return ['', 0];
  const address = endpoint.startsWith('[') ? endpoint.slice(1, colon - 1) : endpoint.slice(0, colon);
  return [address, Number(endpoint.slice(colon + 1))];
}

function eachText(text: ByteString, protocol: Row['protocol'], visit: Visit, wanted: Wanted): void {
  let state = 0;
  scanInet(
    text,
    protocol,
    ({ inode, localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0, receiveQueue = 0 }) =>
      visit({ protocol, state, inode, address: localAddress, port: localPort, remote: remoteAddress, remotePort, receiveQueue }),
    (_inode, number, local, remote) => {
      state = number;
      return wanted(number, local, remote);
    },
  );
}

/** /proc/PID/net/unix has the names, sock_diag the queues. */
function readUnix(evidence: Evidence, pid: number, netns: string, tables: NamespaceTables): void {
  const { value: text, errno } = evidence.read(`/proc/${pid}/net/unix`);
  if (errno !== undefined && errno !== 'ENOENT') tables.tableErrno ??= errno;
  const found: ListenAddress[] = [];
  scanUnix(text ?? '', ({ state, inode, path }) => {
    if (state !== 'LISTEN') return;
    found.push({ protocol: 'unix', netns, address: '', port: 0, ...(path !== undefined && { path }), listeners: [{ inode, owners: [] }], connections: noConnections() });
  });
  if (found.length === 0) return;
  const { value: sockets, errno: refused = 'ENOTSUP' } = evidence.network?.sockDiagOf(pid, 'unix') ?? {};
  if (!sockets) tables.unixDiagErrno = refused;
  const byInode = new Map((sockets ?? []).map((socket) => [socket.inode, socket]));
  for (const { listeners: [listener], connections } of found) {
    const diag = byInode.get(listener!.inode);
    if (!diag || diag.state !== LISTEN) continue;
    listener!.queue = diag.receiveQueue;
    listener!.backlog = diag.sendQueue;
    connections.neverAccepted = diag.pendingInodes ?? [];
  }
  tables.addresses.push(...found);
}
