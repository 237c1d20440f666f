/** inet_diag in bytes: include/uapi/linux/inet_diag.h, filled by net/ipv4/inet_diag.c and net/ipv4/tcp_diag.c. */
import type { DiagSocket } from '../types.ts';
import { AF_INET, AF_INET6, endpoint } from './address.ts';
import { eachAttribute } from './netlink.ts';
import { readTcpTimes } from './tcp-info.ts';

/** IPPROTO_TCP, IPPROTO_UDP. */
const PROTOCOLS = { tcp: 6, udp: 17 } as const;
const INET_DIAG_INFO = 2;
/** Since Linux 4.3 told of every IPv6 socket that listens, asked for or not. */
const INET_DIAG_SKV6ONLY = 11;
export const TCP_LISTEN = 10;
/** Every state, and bit 13 besides: without it the kernel leaves out sockets that are bound and neither listen nor are connected. */
const ALL_STATES = 0xffffffff;
const BOUND_INACTIVE = 1 << 13;
/** TCP_SYN_RECV, TCP_TIME_WAIT, TCP_NEW_SYN_RECV: nobody has a descriptor of those. */
const HELD_BY_NOBODY = (1 << 3) | (1 << 6) | (1 << 12);
/** sizeof(struct inet_diag_msg). */
export const MESSAGE = 72;
/** Of idiag_cookie, 64 bits: no other socket of this host ever has the same. */
export const COOKIE = 44;

type InetFamily = typeof AF_INET | typeof AF_INET6;

/** Payload of a dump request: struct inet_diag_req_v2, 56 bytes. */
export function encodeInetRequest(family: InetFamily): Buffer {
  const request = encodeListRequest(family, 'tcp');
  request[2] = 1 << (INET_DIAG_INFO - 1);
  request.writeUInt32LE(ALL_STATES, 4);
  return request;
}

/** The same for listeners alone: the kernel does not walk the connections then. */
export function encodeListenersRequest(family: InetFamily): Buffer {
  const request = encodeListRequest(family, 'tcp');
  request.writeUInt32LE(1 << TCP_LISTEN, 4);
  return request;
}

/** The same for those that somebody may hold, without their tcp_info. */
export function encodeHeldRequest(family: InetFamily, protocol: keyof typeof PROTOCOLS): Buffer {
  const request = encodeListRequest(family, protocol);
  request.writeUInt32LE(ALL_STATES - HELD_BY_NOBODY, 4);
  return request;
}

/** The inode of one row, 0 for none; undefined when the bytes cannot be one. */
export function readInode(bytes: Buffer, start: number, end: number): number | undefined {
  return end - start < MESSAGE ? undefined : bytes.readUInt32LE(start + 68);
}

/** The same for what /proc/net lists: without those that are merely bound, and without more than a row has. */
export function encodeListRequest(family: InetFamily, protocol: keyof typeof PROTOCOLS): Buffer {
  const request = Buffer.alloc(56);
  request[0] = family;
  request[1] = PROTOCOLS[protocol];
  request.writeUInt32LE(ALL_STATES - BOUND_INACTIVE, 4);
  return request;
}

/**
 * One row, struct inet_diag_msg and its attributes; undefined when the bytes cannot be one.
 * A remote end is told only when there is one: listeners and sockets that are merely bound have none.
 */
export function decodeInetSocket(bytes: Buffer, start: number, end: number): DiagSocket | undefined {
  if (end - start < MESSAGE) return undefined;
  const family = bytes[start];
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const state = bytes[start + 1]!;
  const remotePort = bytes.readUInt16BE(start + 6);
  const socket: DiagSocket = {
    protocol: family === AF_INET ? 'tcp' : 'tcp6',
    state,
    inode: String(bytes.readUInt32LE(start + 68)),
    local: endpoint(family, bytes, start + 8, bytes.readUInt16BE(start + 4)),
    receiveQueue: bytes.readUInt32LE(start + 56),
    sendQueue: bytes.readUInt32LE(start + 60),
  };
  if (remotePort !== 0) socket.remote = endpoint(family, bytes, start + 24, remotePort);
  if (state === TCP_LISTEN) {
    const v6Only = readV6Only(bytes, start, end);
    return v6Only === undefined ? socket : { ...socket, v6Only };
  }
  eachAttribute(bytes, start + MESSAGE, end, (type, from, to) => {
    if (type !== INET_DIAG_INFO) return;
    const times = readTcpTimes(bytes, from, to - from);
    if (times === undefined) return;
    socket.lastSentMs = times.lastSentMs;
    socket.lastReceivedMs = times.lastReceivedMs;
  });
  return socket;
}

/** IPV6_V6ONLY of one row. */
export function readV6Only(bytes: Buffer, start: number, end: number): boolean | undefined {
  let v6Only: boolean | undefined;
  eachAttribute(bytes, start + MESSAGE, end, (type, from, to) => {
    if (type === INET_DIAG_SKV6ONLY && to > from) v6Only = bytes[from] !== 0;
  });
  return v6Only;
}

/** Ms since data was last sent or received; -1 for a listener, and for what was never connected or tells no tcp_info. */
export function readIdleMs(bytes: Buffer, start: number, end: number): number {
  let idle = -1;
  if (bytes[start + 1] === TCP_LISTEN) return idle;
  eachAttribute(bytes, start + MESSAGE, end, (type, from, to) => {
    const times = type === INET_DIAG_INFO ? readTcpTimes(bytes, from, to - from) : undefined;
    if (times) idle = Math.min(times.lastSentMs, times.lastReceivedMs);
  });
  return idle;
}
