/** The questions about what threads wait for, on this machine: from the memory of the process, by a reader that can be given up on. */
import type { Reader } from './reader.ts';
import type { Reply } from './reader-parts.ts';
import type { Answer, ByteString, Evidence, LockWords, TaskQuestions } from './types.ts';

/** PATH_MAX */
const PATH_BYTES = 4096;
/** struct pollfd: int fd; short events, revents. */
const POLLFD_BYTES = 8;
const MOST_POLLED = 1024;
/** As far as the owner in glibc's pthread_mutex_t: int lock; unsigned count; int owner. */
const LOCK_BYTES = 12;
/** glibc lowlevellock.h: taken, and somebody waits. */
const LOCKED_WITH_WAITERS = 2;
/** FUTEX_WAITERS and FUTEX_TID_MASK, include/uapi/linux/futex.h: so do locks of musl, and those that inherit priorities. */
const WAITERS_BIT = 0x8000_0000;
const TID_MASK = 0x3fff_ffff;

export function liveTasks(world: Pick<Evidence, 'now' | 'list'>, reader: Reader): TaskQuestions {
  const read = async <T>(pid: number, wanted: readonly { address: string; length: number }[], decode: (bytes: Buffer) => Reply<T>): Promise<Answer<T>[]> => {
    const replies = await reader.readMemory(pid, wanted);
    return wanted.map(({ address }, index) => {
      const { value, errno = 'ENOREADER' } = replies[index] ?? {};
      const reply = value === undefined ? { errno } : decode(value);
      return { ...reply, at: world.now(), source: `/proc/${pid}/mem at ${address}` };
    });
  };
  return {
    tidsOf: (pid) => {
      const { value, ...rest } = world.list(`/proc/${pid}/task`);
      return { ...rest, ...(value && { value: value.map(Number).filter((tid) => tid > 0) }) };
    },
    pathsAt: (pid, addresses) => read(pid, addresses.map((address) => ({ address, length: PATH_BYTES })), pathIn),
    polledAt: (pid, polls) => read(pid, polls.map(({ address, count }) => ({ address, length: Math.min(count, MOST_POLLED) * POLLFD_BYTES })), polledIn),
    locksAt: (pid, addresses) => read(pid, addresses.map((address) => ({ address, length: LOCK_BYTES })), lockIn),
  };
}

function pathIn(bytes: Buffer): Reply<ByteString> {
  const end = bytes.indexOf(0);
  return end <= 0 ? { errno: 'ENODATA' } : { value: bytes.toString('latin1', 0, end) };
}

function polledIn(bytes: Buffer): Reply<number[]> {
  const fds = Array.from({ length: Math.floor(bytes.length / POLLFD_BYTES) }, (_, index) => bytes.readInt32LE(index * POLLFD_BYTES));
  // poll() passes over those below 0.
  return { value: fds.filter((fd) => fd >= 0) };
}

function lockIn(bytes: Buffer): Reply<LockWords> {
  if (bytes.length < LOCK_BYTES) return { errno: 'ENODATA' };
  const word = bytes.readUInt32LE(0);
  const owner = word >= WAITERS_BIT ? word & TID_MASK : word === LOCKED_WITH_WAITERS ? bytes.readInt32LE(8) : 0;
  return owner > 0 ? { value: { owner } } : { errno: 'ENODATA' };
}
