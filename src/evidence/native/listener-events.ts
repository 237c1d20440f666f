/**
 * Listeners that the kernel destroys, told as it happens (net/core/sock_diag.c sock_diag_broadcast_destroy): when the last descriptor is closed,
 * whoever held it. Needs no privilege (NL_CFG_F_NONROOT_RECV).
 */
import { closeSync } from 'node:fs';
import type { DestroyedListener, ListenerEvents } from '../types.ts';
import { AF_INET, AF_INET6, endpoint } from './address.ts';
import { errnoName, systemError } from './errno.ts';
import { COOKIE, MESSAGE } from './inet-diag.ts';
import { check, type Libc } from './libc.ts';
import { inNetworkOf } from './network.ts';
import { listenersByCookie, openDiag, SOL_SOCKET } from './sock-diag.ts';

const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
/** enum sknetlink_groups: TCP over IPv4, and over IPv6. */
const GROUPS = [1, 3];
const SO_ATTACH_FILTER = 26;
const MSG_DONTWAIT = 0x40;
const HEADER = 16;
/** A V8 that moves small buffers moves none of this size. */
const LARGE = 128;

/**
 * Of all sockets of the host that are destroyed, thousands a second under load, only those without a remote port are for us: classic BPF, which
 * sees a message from its header on. ldh [idiag_dport]; jeq #0; ret all; ret nothing (include/uapi/linux/filter.h).
 */
const FILTER = [[0x28, 0, 0, HEADER + 6], [0x15, 0, 1, 0], [0x06, 0, 0, 0xffffffff], [0x06, 0, 0, 0]] as const;

/** Throws what socket() refuses, and setns() where the process is in another network namespace. */
export function watchListeners(libc: Libc, pid: number): ListenerEvents {
  const [fd, asking] = inNetworkOf(libc, pid, () => open(libc));
  const buffer = Buffer.allocUnsafeSlow(8192);
  const inodes = new Map<string, string>();
  let isLossy = false;
  return {
    get isLossy() {
      return isLossy;
    },
    learn() {
      for (const [cookie, inode] of listenersByCookie(libc, asking)) inodes.set(cookie, inode);
    },
    read() {
      const found: DestroyedListener[] = [];
      for (;;) {
        const length = libc.recv(fd, buffer, buffer.length, MSG_DONTWAIT);
        if (length < 0) {
          const code = errnoName(libc.errno());
          if (code === 'EAGAIN') return found;
          if (code === 'ENOBUFS') isLossy = true;
          else if (code !== 'EINTR') throw systemError('recv', code);
          continue;
        }
        const one = decodeDestroyed(buffer.subarray(0, length));
        // A connection that was reset in the queue of a listener looks the same, but for its cookie.
        const inode = one && inodes.get(one.cookie);
        if (inode === undefined) continue;
        inodes.delete(one!.cookie);
        found.push({ inode, local: one!.local });
      }
    },
    close() {
      closeSync(fd);
      closeSync(asking);
    },
  };
}

/** One message; undefined when it cannot be one. */
export function decodeDestroyed(bytes: Buffer): { cookie: string; local: string } | undefined {
  if (bytes.length < HEADER + MESSAGE) return undefined;
  const family = bytes[HEADER];
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  return { cookie: String(bytes.readBigUInt64LE(HEADER + COOKIE)), local: endpoint(family, bytes, HEADER + 8, bytes.readUInt16BE(HEADER + 4)) };
}

/** One that is told, and one that asks: answers would not pass the filter. */
function open(libc: Libc): [told: number, asking: number] {
  // Connected, and bound by that: who has no address of its own gets nothing that is sent to all.
  const fd = openDiag(libc);
  try {
    attachFilter(libc, fd);
    const value = Buffer.alloc(4);
    for (const group of GROUPS) {
      value.writeInt32LE(group);
      check(libc, 'setsockopt', libc.setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, value, value.length));
    }
    return [fd, openDiag(libc)];
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function attachFilter(libc: Libc, fd: number): void {
  const code = Buffer.allocUnsafeSlow(LARGE);
  for (const [index, [operation, yes, no, value]] of FILTER.entries()) {
    code.writeUInt16LE(operation, 8 * index);
    code[8 * index + 2] = yes;
    code[8 * index + 3] = no;
    code.writeUInt32LE(value, 8 * index + 4);
  }
  // struct sock_fprog
  const program = Buffer.alloc(16);
  program.writeUInt16LE(FILTER.length, 0);
  program.writeBigUInt64LE(libc.addressOf(code), 8);
  check(libc, 'setsockopt', libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, program.length));
}
