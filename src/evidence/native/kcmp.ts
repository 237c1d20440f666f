/** kcmp(2), kernel/kcmp.c: compares what descriptors stand for, in processes we may ptrace-read. */
import { errnoName, systemError } from './errno.ts';
import type { Libc } from './libc.ts';
import { check } from './libc.ts';

const KCMP_FILE = 0;
const KCMP_EPOLL_TFD = 7;
/** One number may be registered many times over in one epoll, for files it named one after the other. More than this is not looked at. */
const MAX_SAME_NUMBER = 16;

/** System call number by `process.arch`. */
const SYS_KCMP: Record<string, number> = { x64: 312, arm64: 272 };

/** Whether system call numbers are known for this machine. */
export function isMachineKnown(): boolean {
  return SYS_KCMP[process.arch] !== undefined;
}

/** 0 equal, 1 and 2 the order of unequal ones, 3 unequal. */
function kcmp(libc: Libc, pid1: number, pid2: number, type: number, index1: number, index2: number | Buffer): number {
  return libc.syscall(SYS_KCMP[process.arch]!, pid1, pid2, type, index1, index2);
}

/**
 * The order the kernel gives open file descriptions, the same as long as it runs: 0 the same one, -1 and 1 for sorting.
 * Throws EPERM, ESRCH, EBADF, ENOSYS.
 */
export function descriptionOrder(libc: Libc, pid1: number, fd1: number, pid2: number, fd2: number): number {
  const order = check(libc, 'kcmp', kcmp(libc, pid1, pid2, KCMP_FILE, fd1, fd2));
  return order === 0 ? 0 : order === 1 ? -1 : 1;
}

/** Do the two fds share one open file description? Throws EPERM, ESRCH, EBADF, ENOSYS. */
export function sameDescription(libc: Libc, pid1: number, fd1: number, pid2: number, fd2: number): boolean {
  return check(libc, 'kcmp', kcmp(libc, pid1, pid2, KCMP_FILE, fd1, fd2)) === 0;
}

/**
 * Is fd `fd` of `pid` a file registered under number `targetFd` in epoll `epollFd`? True when any registration of that
 * number is this file: after close and reuse of a number whose file a dup keeps alive there can be several.
 * Throws EBADF (fd or epoll closed), ENOENT (no such registration), EINVAL (no epoll), EPERM, ESRCH, ENOSYS.
 * Costs the target's epoll lock for a walk of its list: 0.2 ms with 15,000 registrations.
 */
export function isEpollTarget(libc: Libc, pid: number, fd: number, epollFd: number, targetFd: number): boolean {
  const slot = Buffer.alloc(12);
  slot.writeUInt32LE(epollFd, 0);
  slot.writeUInt32LE(targetFd, 4);
  for (let offset = 0; offset < MAX_SAME_NUMBER; offset++) {
    slot.writeUInt32LE(offset, 8);
    const result = kcmp(libc, pid, pid, KCMP_EPOLL_TFD, fd, slot);
    if (result === 0) return true;
    if (result > 0) continue;
    const code = errnoName(libc.errno());
    if (code === 'ENOENT' && offset > 0) return false;
    throw systemError('kcmp', code);
  }
  return false;
}
