/**
 * Every question the tool puts to the world, as one interface, so that a tape can stand in for the world.
 * Adapters: live.ts (this machine), tape-write.ts (a live one that notes every answer), tape-read.ts (answers from a tape).
 */

/**
 * Bytes as a latin1 string: char code N is byte N. Everything the kernel says is kept so until it is shown:
 * names hold any byte, and one-byte strings are the cheapest thing to scan in V8.
 */
export type ByteString = string;

/**
 * An errno name (`ENOENT`, `EACCES`, ...) or one of ours: `ENOTRECORDED` (not on the tape), `ETIMEDOUT` (a class B
 * reader was given up on), `EINTR` (a signal came first: nobody waits for it any more), `ENOREADER` (no reader could be
 * started), `ENOTSUP` (no native calls on this host), `EFBIG` (over the size limit).
 */
export type Errno = string;

export interface Answer<T> {
  /** Absent exactly when `errno` is there. */
  value?: T;
  errno?: Errno;
  /** Monotonic ms since the evidence was opened. */
  at: number;
  /** What was asked, in words anybody can look up: a path, `sock_diag inet`, ... */
  source: string;
}

/** stat(2) following links. Inode and device as decimal strings: both can exceed 2^53. */
export interface FileStat {
  /** st_dev as the C library encodes it, decimal. */
  dev: string;
  ino: string;
  /** st_mode, type and permission bits. */
  mode: number;
  nlink: number;
  /** st_size, bytes. */
  size: number;
  /** st_blocks * 512, bytes really allocated. */
  allocatedBytes: number;
}

export type DiagFamily = 'tcp' | 'udp' | 'unix';

/** One socket as sock_diag tells it (kernel net/ipv4/inet_diag.c, net/unix/diag.c). */
export interface DiagSocket {
  protocol: 'tcp' | 'tcp6' | 'udp' | 'udp6' | 'unix';
  /** Kernel state number: TCP_ESTABLISHED = 1 ... TCP_LISTEN = 10, BOUND_INACTIVE sockets are 7 (CLOSE). */
  state: number;
  inode: string;
  /** `address:port`, IPv6 as `[address]:port`; unix: absent. */
  local?: string;
  remote?: string;
  /** Listener: accept queue now. Else: bytes received and not read. */
  receiveQueue: number;
  /** Listener: backlog maximum. Else: bytes sent and not acknowledged. */
  sendQueue: number;
  /** ms since the last data segment was sent or received; TCP only. */
  lastSentMs?: number;
  lastReceivedMs?: number;
  /** unix: inode of the connected peer. */
  peerInode?: string;
  /** unix listener: inodes of connects that wait to be accepted. */
  pendingInodes?: string[];
}

/** What pidfd_getfd + getsockopt tell of one socket no table lists. */
export interface SocketProbe {
  /** AF_* and SOCK_* and IPPROTO_* numbers: SO_DOMAIN, SO_TYPE, SO_PROTOCOL. */
  domain: number;
  type: number;
  protocol: number;
  /** SO_ACCEPTCONN. */
  listening: boolean;
  /** getsockname as `address:port` when bound. */
  local?: string;
  /** TCP_INFO: state number and whether it ever carried segments. */
  tcp?: { state: number; segmentsIn: number; segmentsOut: number; bytesReceived: number; bytesAcked: number };
  /** nsfs inode of the socket's network namespace (SIOCGSKNS), decimal. */
  netns?: string;
}

/** Many links of one directory, in the order asked. */
export interface LinkAnswers {
  /** Undefined exactly where `errnos` has the index. */
  values: (ByteString | undefined)[];
  errnos: Map<number, Errno>;
}

export interface Evidence {
  readonly origin: 'live' | 'tape';

  /** Monotonic ms since the evidence was opened. On a tape: as recorded. */
  now(): number;
  /** Resolves after `ms`. On a tape: at once. */
  sleep(ms: number): Promise<void>;

  // Class A: lock-free reads that cannot block on the target. Synchronous, always first.
  /** A whole small file under /proc (or another regular file of the kernel's). */
  read(path: string): Answer<ByteString>;
  readlink(path: string): Answer<ByteString>;
  /**
   * readlink of `directory/number` for each number, with less ado than one by one: an answer of its own for each of 19,000
   * costs more than the system call. Absent: ask one by one.
   */
  readlinks?(directory: string, numbers: readonly number[]): LinkAnswers;
  /** Directory entries, in the order of the kernel. */
  list(path: string): Answer<string[]>;
  /** st_size of a /proc directory or file; `fd/` directories say their fd count since Linux 6.2 (0 before). */
  size(path: string): Answer<number>;

  // Class B: can block on locks of the target or on a dead file system. Runs in a child that is given up on after the deadline.
  /** Answers in the order of `paths`. */
  readSlow(paths: readonly string[]): Promise<Answer<ByteString>[]>;
  /** stat(2), following links, of `directory/name` for each name; answers in the order of `names`. */
  statSlow(directory: string, names: readonly string[]): Promise<Answer<FileStat>[]>;

  // Native calls. `ENOTSUP` where there are none: every result exists without them, with less detail.
  /** All TCP sockets (v4 and v6, all states, with the closed-but-bound), all UDP or all unix sockets of our own network namespace. */
  sockDiag(family: DiagFamily): Answer<DiagSocket[]>;
  /** kcmp(2) KCMP_FILE: do the two fds share one open file description? */
  sameDescription(pid1: number, fd1: number, pid2: number, fd2: number): Answer<boolean>;
  /** kcmp(2) KCMP_EPOLL_TFD: is fd `fd` of `pid` the file registered as `targetFd` in epoll `epollFd`? EBADF: number closed. */
  isEpollTarget(pid: number, fd: number, epollFd: number, targetFd: number): Answer<boolean>;
  /** pidfd_getfd, a few getsockopts, close: within one tick, since a held copy delays the target's FIN. */
  probeSocket(pid: number, fd: number): Answer<SocketProbe>;

  /** Ends helpers. Returns true when a reader is stuck and could not be ended. */
  close(): boolean;
}

/** The errno of an answer that a tape does not hold. */
export const NOT_RECORDED = 'ENOTRECORDED';
