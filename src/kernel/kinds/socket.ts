import type { SocketProbe } from '../../evidence/types.ts';
import { decodeText } from '../text.ts';
import { tcpStateName } from '../proc/net-inet.ts';
import type { Fd, SocketRow } from '../types.ts';
import { infoNumber } from './anon.ts';
import type { Kind } from './kind.ts';
import { SameTexts } from './same-text.ts';
import { probeWords, protocolOfProbe, subprotocolOf } from './socket-names.ts';

export interface SocketDetail {
  /** Decimal, from the link. */
  inode: string;
  /** Absent when no table lists it: closed on both sides, never connected, unbound, or of another namespace or family. */
  row?: SocketRow;
  /** True when the connection came in through a port that is listened on here. */
  inbound: boolean;
  /** What a native probe said of an unlisted one. */
  probe?: SocketProbe;
  /** unix: descriptors that were sent to it and not received: open files in no table (net/unix/af_unix.c unix_show_fdinfo, since 5.6). */
  inFlight?: number;
}

/** From here up Linux picks ports by itself (net.ipv4.ip_local_port_range default 32768-60999). */
const FIRST_EPHEMERAL_PORT = 32768;

export const socket: Kind<SocketDetail> = {
  name: 'socket',
  plural: 'sockets',
  matches: (link) => link.startsWith('socket:['),
  decode: (input) => {
    const inode = input.inode ?? input.link.slice(8, -1);
    const row = input.socket(inode);
    const inbound = row !== undefined && isInbound(row, input.isListening);
    const inFlight = input.info && infoNumber(input.info, 'scm_fds');
    // The text of the row, so that the link need not be kept for a part of it.
    const detail: SocketDetail = row ? { inode: row.inode, row, inbound } : { inode, inbound };
    if (inFlight !== undefined) detail.inFlight = inFlight;
    return detail;
  },
  identity: (fd) => ({ id: `socket:${fd.detail.inode}`, quality: 'exact' }),
  key: (fd) => keyOf(fd, false),
  wideKey: (fd) => keyOf(fd, true),
  attributes: (fd) => {
    const { row } = fd.detail;
    return {
      inode: fd.detail.inode,
      protocol: row?.protocol ?? protocolOfProbe(fd.detail.probe),
      subprotocol: subprotocolOf(fd.detail),
      state: row?.state ?? stateElsewhere(fd.detail.probe) ?? 'UNLISTED',
      local: row ? endpoint(row.localAddress, row.localPort) : fd.detail.probe?.local,
      remote: row && endpoint(row.remoteAddress, row.remotePort),
      localPort: row?.localPort,
      remotePort: row?.remotePort,
      remoteAddress: row?.remoteAddress,
      receiveQueue: row?.receiveQueue,
      sendQueue: row?.sendQueue,
      socketPath: row?.path === undefined ? undefined : decodeText(row.path).text,
      fdsInFlight: fd.detail.inFlight,
      idleMs: row?.diag && idleMs(row),
      backlog: row?.state === 'LISTEN' ? row.diag?.sendQueue : undefined,
    };
  },
  describe: (fd) => describeSocket(fd.detail),
};

/** ms since anything was sent or received; undefined without native sock_diag. */
export function idleMs(row: SocketRow): number | undefined {
  const { lastSentMs, lastReceivedMs } = row.diag ?? {};
  if (lastSentMs === undefined || lastReceivedMs === undefined) return undefined;
  return Math.min(lastSentMs, lastReceivedMs);
}

/** `10.0.0.7:5432`, `[::1]:80`; undefined when either part is not known. */
export function endpoint(address: string | undefined, port: number | undefined): string | undefined {
  if (address === undefined || port === undefined) return undefined;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function isInbound(row: SocketRow, isListening: (port: number) => boolean): boolean {
  return row.protocol.startsWith('tcp') && row.state !== 'LISTEN' && row.localPort !== undefined && cameIn(row.localPort, row.remotePort ?? 0, isListening);
}

/** Did a TCP connection between these ports come in? */
export function cameIn(localPort: number, remotePort: number, isListening: (port: number) => boolean): boolean {
  // The listener may be gone already (an old generation that drains): a low port here and a high one there was a server's.
  return isListening(localPort) || (!isEphemeral(localPort) && isEphemeral(remotePort));
}

/** Is it a port that nobody chose? */
export function isEphemeral(port: number): boolean {
  return port >= FIRST_EPHEMERAL_PORT;
}

function keyOf(fd: Fd<SocketDetail>, wide: boolean): string {
  const { row } = fd.detail;
  if (!row) return unlistedKey(fd.detail);
  const family = row.protocol.endsWith('6') ? row.protocol.slice(0, -1) : row.protocol;
  if (row.protocol === 'unix') return unixKey(row, wide);
  const subprotocol = subprotocolOf(fd.detail);
  if (subprotocol !== undefined) return `${family} ${subprotocol}`;
  // What is the port of others is the protocol of a raw socket, and the number of an echo.
  if (family === 'raw' || family === 'icmp' || family === 'netlink' || family === 'packet') return family;
  if (row.state === 'LISTEN') return `${family} LISTEN ${wide ? '*' : endpoint(row.localAddress, row.localPort)}`;
  if (fd.detail.inbound) return same.of(family, row.state, 'on ', row.localPort ?? 0, withPort);
  if (row.state === 'UNCONNECTED') {
    const port = row.localPort ?? 0;
    return same.of(family, 'unconnected', 'on ', isEphemeral(port) || wide ? ANY_PORT : port, unconnected);
  }
  if (row.remoteAddress === undefined) return `${family} ${row.state}`;
  return same.of(family, row.state, wide ? '*' : row.remoteAddress, row.remotePort ?? 0, peer);
}

const same = new SameTexts();
const ANY_PORT = -1;

function withPort(family: string, state: string, where: string, port: number): string {
  return `${family} ${state} ${where}:${port}`;
}

function unconnected(family: string, state: string, where: string, port: number): string {
  return port === ANY_PORT ? `${family} ${state}` : withPort(family, state, where, port);
}

function peer(family: string, state: string, address: string, port: number): string {
  return `${family} ${state} to ${endpoint(address, port)}`;
}

function unixKey(row: SocketRow, wide: boolean): string {
  const name = row.path === undefined || row.path === '' ? '(unnamed)' : decodeText(row.path).text.replace(/[0-9]+/g, '*');
  return `unix ${row.unixType ?? ''} ${row.state} ${wide ? '*' : name}`.replace('  ', ' ');
}

/** include/net/tcp_states.h; also what a closed or never connected socket says. */
const TCP_CLOSE = 7;

/** Was this unlisted TCP socket ever connected? Undefined when it is not TCP or nobody could ask. */
export function everConnected(probe: SocketProbe | undefined): boolean | undefined {
  if (!probe?.tcp || probe.listening) return undefined;
  return probe.tcp.bytesReceived > 0 || probe.tcp.bytesAcked > 0 || probe.tcp.segmentsIn > 1;
}

/** The state of a socket that lives, so some table lists it: that of a network namespace nobody we may look at is in. */
function stateElsewhere(probe: SocketProbe | undefined): string | undefined {
  return probe?.tcp && probe.tcp.state !== TCP_CLOSE ? tcpStateName(probe.tcp.state) : undefined;
}

function unlistedKey({ probe }: Pick<SocketDetail, 'probe'>): string {
  if (!probe) return 'in no socket table (closed on both sides, or never connected)';
  const state = stateElsewhere(probe);
  if (state !== undefined) return `${protocolOfProbe(probe)} ${state} ${probe.local ?? ''} in another network namespace`.replace('  ', ' ');
  const connected = everConnected(probe);
  const protocol = protocolOfProbe(probe);
  if (connected === undefined) return probeWords(probe);
  return connected ? `${protocol} closed on both sides` : `${protocol} never connected`;
}

function describeSocket(detail: SocketDetail): string {
  const { inode, row } = detail;
  if (!row) return `socket:[${inode}] ${unlistedKey(detail)}`;
  if (row.protocol === 'unix') return describeUnix(row, detail.inFlight);
  const subprotocol = subprotocolOf(detail);
  if (subprotocol !== undefined) return `${row.protocol} ${subprotocol} socket:[${inode}]`;
  const local = endpoint(row.localAddress, row.localPort);
  if (local === undefined) return `${row.protocol} socket:[${inode}]`;
  if (row.state === 'LISTEN') return `${row.protocol} LISTEN ${local} queue ${row.receiveQueue ?? 0}${row.diag ? ` of ${row.diag.sendQueue}` : ''}`;
  if (row.state === 'UNCONNECTED') return `${row.protocol} ${local}`;
  const queues = row.receiveQueue || row.sendQueue ? ` unread ${row.receiveQueue ?? 0} unsent ${row.sendQueue ?? 0}` : '';
  return `${row.protocol} ${row.state} ${local} -> ${endpoint(row.remoteAddress, row.remotePort)}${queues}`;
}

function describeUnix(row: SocketRow, inFlight = 0): string {
  const name = row.path ? decodeText(row.path).text : '(unnamed)';
  return `unix ${row.unixType ?? ''} ${row.state} ${name}${inFlight === 0 ? '' : ` with ${inFlight} descriptors that nobody has received`}`;
}
