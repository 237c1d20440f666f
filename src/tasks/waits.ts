/** From a system call and what was passed to it, to what a thread waits for. */
import { callName } from '../kernel/proc/call-names.ts';
import type { SystemCall } from '../kernel/proc/syscall.ts';

export type Does = 'read' | 'write' | 'accept' | 'connect' | 'lock' | 'sync' | 'other';

export type Wait =
  | { for: 'descriptor'; fd: number; does: Does }
  /** Whatever its epoll watches. */
  | { for: 'events'; fd: number }
  /** One of several, which only the memory of the process tells. */
  | { for: 'any'; address: string; count: number }
  /** A lock, a condition, or the end of another thread: the kernel sees no difference. */
  | { for: 'lock'; address: string; /** What was there when it began to wait. */ value: number }
  /** `reads`: it opens it to read only. */
  | { for: 'path'; address: string; reads?: true }
  | { for: 'time' }
  | { for: 'signal' }
  | { for: 'child' }
  | { for: 'memory' }
  | { for: 'other' };

/** By name of the call; their first argument is the descriptor. */
const ON_DESCRIPTOR: Readonly<Record<string, Does>> = {
  ...byName('read', 'read readv pread64 preadv preadv2 recvfrom recvmsg recvmmsg getdents getdents64 splice tee ioctl'),
  ...byName('write', 'write writev pwrite64 pwritev pwritev2 sendto sendmsg sendmmsg sendfile vmsplice'),
  ...byName('accept', 'accept accept4'),
  ...byName('connect', 'connect'),
  ...byName('lock', 'flock'),
  ...byName('sync', 'fsync fdatasync ftruncate fallocate sync_file_range syncfs close'),
  ...byName('other', 'fstat fchmod fchown lseek copy_file_range getsockopt setsockopt shutdown io_uring_enter'),
};

/** Number of the argument that is a path. */
const WITH_PATH: Readonly<Record<string, number>> = {
  ...Object.fromEntries('open stat lstat access truncate rename mkdir rmdir unlink readlink chmod chown chdir statfs execve creat umount2'.split(' ').map((name) => [name, 0])),
  ...Object.fromEntries('openat openat2 newfstatat statx faccessat faccessat2 mkdirat unlinkat readlinkat renameat renameat2 fchmodat fchownat mknodat execveat'.split(' ').map((name) => [name, 1])),
};

const EVENTS = new Set(['epoll_wait', 'epoll_pwait', 'epoll_pwait2']);
const POLLS = new Set(['poll', 'ppoll']);
const TIMES = new Set(['nanosleep', 'clock_nanosleep']);
const SIGNALS = new Set(['pause', 'rt_sigsuspend', 'rt_sigtimedwait']);
const CHILDREN = new Set(['wait4', 'waitid', 'vfork', 'clone', 'clone3']);
/** Their flags stand behind the path; those of openat2 are in memory. */
const OPENS = new Set(['open', 'openat']);
const O_ACCMODE = 3;
/** fcntl(2): F_SETLKW, F_OFD_SETLKW. */
const LOCK_COMMANDS = new Set([7, 38]);
/** futex(2), include/uapi/linux/futex.h: FUTEX_WAIT, _LOCK_PI, _WAIT_BITSET, _WAIT_REQUEUE_PI, _LOCK_PI2. */
const FUTEX_WAITS = new Set([0, 6, 9, 11, 13]);
const FUTEX_COMMAND = 0x7f;

/** @param machine as `uname -m` says it */
export function waitOf({ number, args }: SystemCall, machine: string): Wait {
  // A page of memory that comes from a disk, or from whoever serves userfaultfd.
  if (number < 0) return { for: 'memory' };
  const name = callName(number, machine);
  const argument = (index: number): bigint => args[index] ?? 0n;
  // A descriptor is an int: the upper half of the word may hold anything.
  const int = (index: number): number => Number(BigInt.asIntN(32, argument(index)));
  const does = ON_DESCRIPTOR[name];
  if (does !== undefined) return { for: 'descriptor', fd: int(0), does };
  if (name === 'fcntl') return { for: 'descriptor', fd: int(0), does: LOCK_COMMANDS.has(int(1)) ? 'lock' : 'other' };
  if (EVENTS.has(name)) return { for: 'events', fd: int(0) };
  if (POLLS.has(name)) return int(1) === 0 ? { for: 'time' } : { for: 'any', address: String(argument(0)), count: int(1) };
  if (name === 'futex') return FUTEX_WAITS.has(int(1) & FUTEX_COMMAND) ? { for: 'lock', address: String(argument(0)), value: Number(BigInt.asUintN(32, argument(2))) } : { for: 'other' };
  const path = WITH_PATH[name];
  if (path !== undefined) return { for: 'path', address: String(argument(path)), ...(OPENS.has(name) && (int(path + 1) & O_ACCMODE) === 0 && { reads: true as const }) };
  if (TIMES.has(name)) return { for: 'time' };
  if (SIGNALS.has(name)) return { for: 'signal' };
  return { for: CHILDREN.has(name) ? 'child' : 'other' };
}

function byName(does: Does, names: string): Record<string, Does> {
  return Object.fromEntries(names.split(' ').map((name) => [name, does]));
}
