/** Asks the kernel for its socket tables over NETLINK_SOCK_DIAG (net/core/sock_diag.c). Needs no privilege. */
import { closeSync } from 'node:fs';
import type { DiagPart, DiagSocket, InetConnections, InetSockets, TakeSocket } from '../types.ts';
import { AF_INET, AF_INET6 } from './address.ts';
import { errnoName, systemError } from './errno.ts';
import { COOKIE, decodeInetSocket, encodeHeldRequest, encodeInetRequest, encodeListenersRequest, encodeListRequest, readInode } from './inet-diag.ts';
import { InetRecords } from './inet-records.ts';
import type { Libc } from './libc.ts';
import { check } from './libc.ts';
import { type DumpProgress, encodeDumpRequest, readDump } from './netlink.ts';
import { decodeUnixSocket, encodeUnixRequest } from './unix-diag.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
export const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const MSG_TRUNC = 0x20;
const RECEIVE_TIMEOUT_S = 1;
const RETRIES = 3;

type Decode = (bytes: Buffer, start: number, end: number) => DiagSocket | undefined;

export interface DecodedDump extends DumpProgress {
  sockets: DiagSocket[];
}

/** Decodes the bytes of one recv(), or of a captured dump. Never throws; rows are appended to `sockets`. */
export function decodeDump(bytes: Buffer, sequence: number, decode: Decode, sockets: DiagSocket[] = []): DecodedDump {
  const progress = readDump(bytes, sequence, (type, start, end) => {
    if (type !== SOCK_DIAG_BY_FAMILY) return true;
    const socket = decode(bytes, start, end);
    if (socket !== undefined) sockets.push(socket);
    return socket !== undefined;
  });
  return { sockets, ...progress };
}

/** The kernel fills at most 32 KiB per recv() (net/netlink/af_netlink.c netlink_dump); the rest is room for kernels to come. */
let receiveBuffer: Buffer | undefined;
let lastSequence = 0;

function receive(libc: Libc, fd: number): Buffer {
  receiveBuffer ??= Buffer.allocUnsafeSlow(256 * 1024);
  for (;;) {
    const length = libc.recv(fd, receiveBuffer, receiveBuffer.length, MSG_TRUNC);
    if (length > receiveBuffer.length) throw systemError('recv', 'EMSGSIZE');
    if (length >= 0) return receiveBuffer.subarray(0, length);
    const code = errnoName(libc.errno());
    if (code === 'EAGAIN') throw systemError('recv', 'ETIMEDOUT');
    if (code !== 'EINTR') throw systemError('recv', code);
  }
}

/** Takes the bytes of one recv(). */
type Take = (bytes: Buffer, sequence: number) => DumpProgress;

/** Asks once; true when the table changed under the dump. */
function dumpOnce(libc: Libc, fd: number, payload: Buffer, take: Take): boolean {
  lastSequence = (lastSequence + 1) >>> 0;
  const request = encodeDumpRequest(SOCK_DIAG_BY_FAMILY, lastSequence, payload);
  check(libc, 'send', libc.send(fd, request, request.length, 0));
  let interrupted = false;
  for (;;) {
    const part = take(receive(libc, fd), lastSequence);
    if (part.errno !== 0) throw systemError('sock_diag', errnoName(part.errno));
    if (part.malformed) throw systemError('sock_diag', 'EBADMSG');
    interrupted ||= part.interrupted;
    if (part.done) return interrupted;
  }
}

/** A dump the table changed under is taken again; the last one is kept whatever it says, since a busy host never holds still. */
function dump(libc: Libc, fd: number, payload: Buffer, again: () => Take): void {
  for (let retry = 0; dumpOnce(libc, fd, payload, again()) && retry < RETRIES; retry++);
}

function dumpSockets(libc: Libc, fd: number, payload: Buffer, decode: Decode): DiagSocket[] {
  let sockets: DiagSocket[] = [];
  dump(libc, fd, payload, () => {
    sockets = [];
    return (bytes, sequence) => decodeDump(bytes, sequence, decode, sockets);
  });
  return sockets;
}

function prepare(libc: Libc, fd: number): void {
  const timeout = Buffer.alloc(16);
  timeout.writeBigInt64LE(BigInt(RECEIVE_TIMEOUT_S), 0);
  check(libc, 'setsockopt', libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length));
  const kernel = Buffer.alloc(12);
  kernel.writeUInt16LE(AF_NETLINK, 0);
  // Connected to the kernel, so that no other process can send us rows.
  check(libc, 'connect', libc.connect(fd, kernel, kernel.length));
}

/**
 * All TCP sockets (IPv4, then IPv6; every state, TIME_WAIT and bound-but-idle ones too), those that listen, or all unix sockets of our network
 * namespace. Waits at most 1 s for each answer of the kernel. Throws ENOENT where the kernel lacks the module,
 * ETIMEDOUT, EBADMSG when an answer cannot be understood, and what socket() refuses with.
 */
export function sockDiag(libc: Libc, part: DiagPart): DiagSocket[] {
  return asking(libc, (fd) => {
    if (part === 'unix') return dumpSockets(libc, fd, encodeUnixRequest(), decodeUnixSocket);
    const encode = part === 'tcp' ? encodeInetRequest : encodeListenersRequest;
    const v4 = dumpSockets(libc, fd, encode(AF_INET), decodeInetSocket);
    return v4.concat(dumpSockets(libc, fd, encode(AF_INET6), decodeInetSocket));
  });
}

/** The rows of /proc/net/{tcp,tcp6} or {udp,udp6} of our network namespace, v4 first, but for those that are taken. Throws as sockDiag. */
export function inetSockets(libc: Libc, protocol: 'tcp' | 'udp', take: TakeSocket = () => false): InetSockets {
  return asking(libc, (fd) => {
    const records = new InetRecords();
    for (const family of [AF_INET, AF_INET6] as const) {
      const before = records.count;
      dump(libc, fd, encodeListRequest(family, protocol), () => {
        records.count = before;
        return (bytes, sequence) =>
          readDump(bytes, sequence, (type, start, end) => type !== SOCK_DIAG_BY_FAMILY || records.addUnless(take, bytes, start, end));
      });
    }
    return records;
  });
}

/** All TCP sockets of our network namespace, as sockDiag(), v4 first. Throws as it does. */
export function tcpConnections(libc: Libc): InetConnections {
  return asking(libc, (fd) => {
    const records = new InetRecords();
    for (const family of [AF_INET, AF_INET6] as const) {
      const before = records.count;
      dump(libc, fd, encodeInetRequest(family), () => {
        records.count = before;
        return (bytes, sequence) =>
          readDump(bytes, sequence, (type, start, end) => type !== SOCK_DIAG_BY_FAMILY || records.addWithTimes(bytes, start, end));
      });
    }
    return records;
  });
}

/** Inodes of the sockets of our network namespace that somebody may hold, each at least once. Throws as sockDiag. */
export function heldInodes(libc: Libc, protocol: 'tcp' | 'udp'): number[] {
  return asking(libc, (fd) => {
    const inodes: number[] = [];
    const add = (inode: number | undefined): boolean => inode !== undefined && inodes.push(inode) > 0;
    for (const family of [AF_INET, AF_INET6] as const) {
      dump(libc, fd, encodeHeldRequest(family, protocol), () => (bytes, sequence) => readDump(bytes, sequence, (type, start, end) => type !== SOCK_DIAG_BY_FAMILY || add(readInode(bytes, start, end))));
    }
    return inodes;
  });
}

/** The inodes of the TCP listeners by their cookies, as this open socket sees them (openDiag). Throws as sockDiag. */
export function listenersByCookie(libc: Libc, fd: number): Map<string, string> {
  const found = new Map<string, string>();
  for (const family of [AF_INET, AF_INET6] as const) {
    dump(libc, fd, encodeListenersRequest(family), () => (bytes, sequence) => readDump(bytes, sequence, (type, start, end) => {
      const inode = type === SOCK_DIAG_BY_FAMILY ? readInode(bytes, start, end) : 0;
      if (inode) found.set(String(bytes.readBigUInt64LE(start + COOKIE)), String(inode));
      return inode !== undefined;
    }));
  }
  return found;
}

function asking<T>(libc: Libc, ask: (fd: number) => T): T {
  const fd = openDiag(libc);
  try {
    return ask(fd);
  } finally {
    closeSync(fd);
  }
}

/** A socket that asks the kernel about our network namespace of now, wherever we are later. Throws what socket() refuses. */
export function openDiag(libc: Libc): number {
  const fd = check(libc, 'socket', libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  try {
    prepare(libc, fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
