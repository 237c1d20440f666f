/** What is recorded: the calls that make, pass on and close descriptors, and those that make and end processes. Nothing that is read or written. */

/**
 * Of every architecture: which of them this one has, strace knows (`?`), and tracefs lists. `ioctl` marks descriptors (FIOCLEX);
 * what binds and listens names sockets.
 */
export const FD_CALLS = [
  'open', 'openat', 'openat2', 'creat', 'close', 'close_range', 'dup', 'dup2', 'dup3', 'fcntl', 'fcntl64', 'ioctl',
  'socket', 'socketpair', 'accept', 'accept4', 'bind', 'listen', 'connect', 'recvmsg', 'recvmmsg', 'pipe', 'pipe2',
  'epoll_create', 'epoll_create1', 'epoll_ctl', 'eventfd', 'eventfd2', 'timerfd_create', 'signalfd', 'signalfd4',
  'inotify_init', 'inotify_init1', 'fanotify_init', 'memfd_create', 'memfd_secret', 'userfaultfd', 'perf_event_open', 'bpf',
  'io_uring_setup', 'landlock_create_ruleset', 'pidfd_open', 'pidfd_getfd', 'open_by_handle_at', 'open_tree', 'fsopen', 'fspick', 'fsmount', 'mq_open', 'seccomp',
  'flock', 'unshare', 'setns', 'prlimit64', 'setrlimit', 'kill',
] as const;

/** Only strace needs these: tracefs has events of its own for what they do. */
const PROCESS_CALLS = ['execve', 'execveat', 'clone', 'clone2', 'clone3', 'fork', 'vfork', 'exit_group'];

/** Of these a stack is worth its price: they open. */
export const OPENING_CALLS = [
  'open', 'openat', 'openat2', 'creat', 'dup', 'dup2', 'dup3', 'socket', 'socketpair', 'accept', 'accept4', 'pipe', 'pipe2', 'epoll_create', 'epoll_create1',
  'eventfd', 'eventfd2', 'timerfd_create', 'signalfd', 'signalfd4', 'inotify_init', 'inotify_init1', 'memfd_create', 'pidfd_open',
];

/** Recorded beside those that open, when stacks are asked for. */
const BESIDE_OPENING = ['execve', 'clone', 'clone3', 'fork', 'vfork', 'close', 'close_range'];

export interface StraceChoice {
  log: string;
  /** With -k, and only the calls that open and close. */
  stacks: boolean;
  /** --seccomp-bpf: only calls that are wanted stop the command. */
  seccomp: boolean;
}

/** Options of strace up to the target: microseconds since the epoch, paths by -y and never sockets by -yy, which asks the kernel for all of them each time. */
export function straceOptions({ log, stacks, seccomp }: StraceChoice): string[] {
  const calls = stacks ? [...OPENING_CALLS, ...BESIDE_OPENING] : [...FD_CALLS, ...PROCESS_CALLS];
  return ['-f', ...(seccomp ? ['--seccomp-bpf'] : []), '-ttt', '-y', ...(stacks ? ['-k'] : []), '-o', log, '-e', `trace=${calls.map((name) => `?${name}`).join(',')}`];
}
