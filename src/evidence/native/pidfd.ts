/** Looks at one socket of another process through a short-lived copy: pidfd_getfd(2), then getsockopt(2). */
import { closeSync, fstatSync } from 'node:fs';
import type { SocketProbe } from '../types.ts';
import { AF_INET, AF_INET6, endpoint } from './address.ts';
import { errnoName, systemError } from './errno.ts';
import type { Libc } from './libc.ts';
import { check } from './libc.ts';
import { readTcpCounters } from './tcp-info.ts';

/** The same numbers on every machine (asm-generic/unistd.h). */
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;
/** O_EXCL (include/uapi/linux/pidfd.h). */
const PIDFD_THREAD = 0o200;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;
const SO_PROTOCOL = 38;
const SO_DOMAIN = 39;
const IPPROTO_TCP = 6;
const TCP_INFO = 11;
const SIOCGSKNS = 0x894c;

// Reused: the copy is held while these are filled, and allocation is the slowest part of it.
const value = Buffer.alloc(256);
const length = Buffer.alloc(4);

/** The option's bytes, valid until the next call. */
function option(libc: Libc, fd: number, level: number, name: number): Buffer {
  length.writeInt32LE(value.length, 0);
  check(libc, 'getsockopt', libc.getsockopt(fd, level, name, value, length));
  return value.subarray(0, length.readInt32LE(0));
}

function numberOption(libc: Libc, fd: number, name: number): number {
  return option(libc, fd, SOL_SOCKET, name).readInt32LE(0);
}

/** getsockname() of an internet socket, undefined while its port is 0. */
function localName(libc: Libc, fd: number, domain: number): string | undefined {
  length.writeInt32LE(value.length, 0);
  check(libc, 'getsockname', libc.getsockname(fd, value, length));
  const port = value.readUInt16BE(2);
  return port === 0 ? undefined : endpoint(domain, value, domain === AF_INET6 ? 8 : 4, port);
}

/** The inode of the socket's network namespace. Needs CAP_NET_ADMIN there; undefined without. */
function namespaceOf(libc: Libc, fd: number): string | undefined {
  const namespace = libc.ioctl(fd, SIOCGSKNS);
  if (namespace < 0) return undefined;
  try {
    return String(fstatSync(namespace, { bigint: true }).ino);
  } finally {
    closeSync(namespace);
  }
}

function describe(libc: Libc, fd: number): SocketProbe {
  const probe: SocketProbe = {
    domain: numberOption(libc, fd, SO_DOMAIN),
    type: numberOption(libc, fd, SO_TYPE),
    protocol: numberOption(libc, fd, SO_PROTOCOL),
    listening: numberOption(libc, fd, SO_ACCEPTCONN) !== 0,
  };
  if (probe.domain === AF_INET || probe.domain === AF_INET6) {
    const local = localName(libc, fd, probe.domain);
    if (local !== undefined) probe.local = local;
    // SO_ERROR would tell more, and is never asked: reading it takes the error away from the target.
    const tcp = probe.protocol === IPPROTO_TCP ? readTcpCounters(option(libc, fd, IPPROTO_TCP, TCP_INFO)) : undefined;
    if (tcp !== undefined) probe.tcp = tcp;
  }
  const netns = namespaceOf(libc, fd);
  if (netns !== undefined) probe.netns = netns;
  return probe;
}

/**
 * What the socket `fd` of `pid` is. While the copy lives a close() in the target sends no FIN: it is taken, read and closed
 * without an await: some tens of microseconds, milliseconds when a busy machine or the garbage collector comes between.
 * For sockets only.
 * Throws ESRCH, EBADF, EPERM (no ptrace access), ENOTSOCK, ENOSYS (before Linux 5.6).
 */
export function probeSocket(libc: Libc, pid: number, fd: number): SocketProbe {
  return withCopy(libc, pid, fd, (copy) => describe(libc, copy));
}

/** Since Linux 6.9 a thread with a descriptor table of its own has one, too; before, it is refused (EINVAL, ENOENT). */
function openPidfd(libc: Libc, pid: number): number {
  const pidfd = libc.syscall(SYS_PIDFD_OPEN, pid, 0);
  if (pidfd >= 0) return pidfd;
  const errno = errnoName(libc.errno());
  const ofThread = errno === 'EINVAL' || errno === 'ENOENT' ? libc.syscall(SYS_PIDFD_OPEN, pid, PIDFD_THREAD) : -1;
  if (ofThread < 0) throw systemError('pidfd_open', errno);
  return ofThread;
}

/**
 * Shows `look` a copy of the descriptor and closes it. Whatever the descriptor stands for stays open in the target's stead
 * meanwhile, so `look` must be quick, and must not read.
 */
export function withCopy<T>(libc: Libc, pid: number, fd: number, look: (copy: number) => T): T {
  const pidfd = openPidfd(libc, pid);
  try {
    const copy = check(libc, 'pidfd_getfd', libc.syscall(SYS_PIDFD_GETFD, pidfd, fd, 0));
    try {
      return look(copy);
    } finally {
      closeSync(copy);
    }
  } finally {
    closeSync(pidfd);
  }
}
