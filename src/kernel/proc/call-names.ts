/** Names of the system calls that programs are found to wait in. */

/** arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h. */
const machines: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  x86_64: {
    0: 'read', 1: 'write', 2: 'open', 4: 'stat', 7: 'poll', 17: 'pread64', 18: 'pwrite64', 19: 'readv', 20: 'writev', 23: 'select', 35: 'nanosleep', 42: 'connect', 43: 'accept', 44: 'sendto',
    45: 'recvfrom', 46: 'sendmsg', 47: 'recvmsg', 61: 'wait4', 72: 'fcntl', 73: 'flock', 74: 'fsync', 75: 'fdatasync', 202: 'futex', 217: 'getdents64', 230: 'clock_nanosleep', 232: 'epoll_wait',
    247: 'waitid', 257: 'openat', 262: 'newfstatat', 270: 'pselect6', 271: 'ppoll', 281: 'epoll_pwait', 288: 'accept4', 332: 'statx', 441: 'epoll_pwait2',
  },
  aarch64: {
    22: 'epoll_pwait', 25: 'fcntl', 32: 'flock', 56: 'openat', 61: 'getdents64', 63: 'read', 64: 'write', 65: 'readv', 66: 'writev', 67: 'pread64', 68: 'pwrite64', 72: 'pselect6', 73: 'ppoll',
    79: 'newfstatat', 82: 'fsync', 83: 'fdatasync', 95: 'waitid', 98: 'futex', 101: 'nanosleep', 115: 'clock_nanosleep', 202: 'accept', 203: 'connect', 206: 'sendto', 207: 'recvfrom', 211: 'sendmsg',
    212: 'recvmsg', 242: 'accept4', 260: 'wait4', 291: 'statx', 441: 'epoll_pwait2',
  },
};

/** @param machine as `uname -m` says it */
export function callName(number: number, machine: string): string {
  return number < 0 ? 'a page fault' : (machines[machine]?.[number] ?? `system call ${number}`);
}
