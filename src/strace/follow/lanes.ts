/** Which calls the quick way knows, and what it has to look at in each. */
import type { Handler } from '../calls/call.ts';
import { TOUCHES } from './known-calls.ts';

export const LANE = {
  /** Not for the quick way. */
  none: 0,
  /** Counted, and nothing else. */
  plain: 1,
  /** Uses the descriptor that is its first argument. */
  touch: 2,
  close: 3,
  open: 4,
  /** Looks at what is at a path. */
  look: 5,
  epollWait: 6,
  epollControl: 7,
  accept: 8,
  fcntl: 9,
  /** Means something when it succeeds. */
  onSuccess: 10,
  setsockopt: 11,
  /** May pass descriptors on. */
  message: 12,
  /** Tells the pid of a log that has none. */
  ownPid: 13,
  /** Means something when it is of descriptors. */
  limit: 14,
  /** Waits on the descriptors of a list. */
  poll: 15,
  /** May map a file to be shared. */
  map: 16,
  /** Means something when such mappings are known. */
  unmap: 17,
} as const;

const LOOKS = ['stat', 'lstat', 'stat64', 'lstat64', 'newfstatat', 'fstatat64', 'statx', 'access', 'faccessat', 'faccessat2', 'readlink', 'readlinkat'];
const ON_SUCCESS = [
  'ioctl', 'dup', 'dup2', 'dup3', 'socket', 'socketpair', 'pipe', 'pipe2', 'rename', 'renameat', 'renameat2', 'unlink', 'unlinkat', 'symlink', 'symlinkat', 'link', 'linkat',
  'execve', 'openat2', 'creat', 'eventfd2', 'epoll_create1', 'timerfd_create', 'close_range',
];
const LANES = new Map<string, number>([
  ['close', LANE.close], ['open', LANE.open], ['openat', LANE.open], ['epoll_wait', LANE.epollWait], ['epoll_pwait', LANE.epollWait], ['epoll_pwait2', LANE.epollWait],
  ['epoll_ctl', LANE.epollControl], ['accept', LANE.accept], ['accept4', LANE.accept], ['fcntl', LANE.fcntl], ['fcntl64', LANE.fcntl], ['setsockopt', LANE.setsockopt],
  ['getsockopt', LANE.touch],
  ['sendmsg', LANE.message], ['sendmmsg', LANE.message], ['recvmsg', LANE.message], ['recvmmsg', LANE.message], ['getpid', LANE.ownPid], ['set_tid_address', LANE.ownPid], ['prlimit64', LANE.limit],
  ['poll', LANE.poll], ['ppoll', LANE.poll], ['mmap', LANE.map], ['mmap2', LANE.map], ['munmap', LANE.unmap],
  ...LOOKS.map((name): [string, number] => [name, LANE.look]),
  ...ON_SUCCESS.map((name): [string, number] => [name, LANE.onSuccess]),
]);

/** Does the path among the arguments matter? */
export const hasPath = (lane: number): boolean => lane === LANE.open || lane === LANE.look;

/** @param names known beforehand; @param most that there can be */
export function lanesOf(names: readonly string[], handlers: readonly (Handler | undefined)[], most: number): Uint8Array {
  // What gets a name later on is known to nobody: it is counted.
  const lanes = new Uint8Array(most).fill(LANE.plain);
  names.forEach((name, id) => {
    lanes[id] = LANES.get(name) ?? (handlers[id] ? LANE.none : TOUCHES.has(name) ? LANE.touch : LANE.plain);
  });
  // All names that are too many.
  lanes[0] = LANE.none;
  return lanes;
}
