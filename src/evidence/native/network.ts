/** Network namespaces of others: netlink and /proc/sys/net answer for the namespace of the thread that asks. */
import { closeSync, constants, openSync, readlinkSync } from 'node:fs';
import type { DiagPart, DiagSocket, InetConnections } from '../types.ts';
import type { Libc } from './libc.ts';
import { check } from './libc.ts';
import { callNumber } from './numbers.ts';
import { withCopy } from './pidfd.ts';
import { heldInodes, sockDiag, tcpConnections } from './sock-diag.ts';

/** include/uapi/linux/sched.h. */
const CLONE_NEWNET = 0x40000000;
const SOL_SOCKET = 1;
const SO_REUSEPORT = 15;
const OWN = '/proc/thread-self/ns/net';

/**
 * Calls `look` while this thread is in the network namespace of `pid`, and comes back whatever `look` does; nothing is awaited
 * meanwhile, so nothing else of ours runs there. Sockets that `look` opens stay in that namespace, so it closes them itself.
 * Throws EACCES, EPERM (CAP_SYS_ADMIN is needed in both, setns(2)), ENOENT. Where it is our own namespace nothing is entered.
 */
export function inNetworkOf<T>(libc: Libc, pid: number, look: () => T): T {
  const path = `/proc/${pid}/ns/net`;
  if (readlinkSync(path) === readlinkSync(OWN)) return look();
  const own = openSync(OWN, constants.O_RDONLY);
  try {
    const other = openSync(path, constants.O_RDONLY);
    try {
      check(libc, 'setns', libc.syscall(callNumber('setns'), other, CLONE_NEWNET));
    } finally {
      closeSync(other);
    }
    try {
      return look();
    } finally {
      check(libc, 'setns', libc.syscall(callNumber('setns'), own, CLONE_NEWNET));
    }
  } finally {
    closeSync(own);
  }
}

/** sockDiag() in the namespace of `pid`. Throws what both throw. */
export function sockDiagOf(libc: Libc, pid: number, part: DiagPart): DiagSocket[] {
  return inNetworkOf(libc, pid, () => sockDiag(libc, part));
}

/** tcpConnections() in the namespace of `pid`. */
export function connectionsOf(libc: Libc, pid: number): InetConnections {
  return inNetworkOf(libc, pid, () => tcpConnections(libc));
}

/** heldInodes() in the namespace of `pid`. */
export function heldInodesOf(libc: Libc, pid: number, protocol: 'tcp' | 'udp'): number[] {
  return inNetworkOf(libc, pid, () => heldInodes(libc, protocol));
}

const value = Buffer.alloc(4);
const length = Buffer.alloc(4);

/** SO_REUSEPORT of a socket of another process. Throws as probeSocket does. */
export function reusesPort(libc: Libc, pid: number, fd: number): boolean {
  return withCopy(libc, pid, fd, (copy) => {
    length.writeInt32LE(value.length, 0);
    check(libc, 'getsockopt', libc.getsockopt(copy, SOL_SOCKET, SO_REUSEPORT, value, length));
    return value.readInt32LE(0) !== 0;
  });
}
