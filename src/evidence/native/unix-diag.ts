/** unix_diag in bytes: include/uapi/linux/unix_diag.h, filled by net/unix/diag.c. */
import type { DiagSocket } from '../types.ts';
import { eachAttribute } from './netlink.ts';

const AF_UNIX = 1;
const UNIX_DIAG_PEER = 2;
const UNIX_DIAG_ICONS = 3;
const UNIX_DIAG_RQLEN = 4;
const UDIAG_SHOW_PEER = 0x4;
const UDIAG_SHOW_ICONS = 0x8;
const UDIAG_SHOW_RQLEN = 0x10;
const MESSAGE = 16;

/**
 * Payload of a dump request: struct unix_diag_req, 24 bytes.
 * Names are not asked for: /proc/net/unix has them and no row here carries one.
 */
export function encodeUnixRequest(): Buffer {
  const request = Buffer.alloc(24);
  request[0] = AF_UNIX;
  request.writeUInt32LE(0xffffffff, 4);
  request.writeUInt32LE(UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN, 12);
  return request;
}

function inodes(bytes: Buffer, from: number, to: number): string[] {
  const found: string[] = [];
  // 0 stands for an end that is closed already.
  for (let at = from; at + 4 <= to; at += 4) if (bytes.readUInt32LE(at) !== 0) found.push(String(bytes.readUInt32LE(at)));
  return found;
}

/**
 * One row, struct unix_diag_msg and its attributes; undefined when the bytes cannot be one.
 * State ESTABLISHED without `peerInode`: the other end is closed, or not accepted yet.
 */
export function decodeUnixSocket(bytes: Buffer, start: number, end: number): DiagSocket | undefined {
  if (end - start < MESSAGE || bytes[start] !== AF_UNIX) return undefined;
  const socket: DiagSocket = {
    protocol: 'unix',
    state: bytes[start + 2]!,
    inode: String(bytes.readUInt32LE(start + 4)),
    receiveQueue: 0,
    sendQueue: 0,
  };
  eachAttribute(bytes, start + MESSAGE, end, (type, from, to) => {
    if (type === UNIX_DIAG_PEER) {
      const [peer] = inodes(bytes, from, to);
      if (peer !== undefined) socket.peerInode = peer;
    } else if (type === UNIX_DIAG_ICONS) {
      socket.pendingInodes = inodes(bytes, from, to);
    } else if (type === UNIX_DIAG_RQLEN && to - from >= 8) {
      socket.receiveQueue = bytes.readUInt32LE(from);
      socket.sendQueue = bytes.readUInt32LE(from + 4);
    }
  });
  return socket;
}
