/**
 * Every question the tool puts to the world, as one interface, so that a tape can stand in for the world.
 * Adapters: live.ts (this machine), tape-write.ts (a live one that notes every answer), tape-read.ts (answers from a tape).
 */
import type { PackedLinks } from './packed-links.ts';

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

export type DiagFamily = 'tcp' | 'unix';

/** One socket as sock_diag tells it (kernel net/ipv4/inet_diag.c, net/unix/diag.c). */
export interface DiagSocket {
  protocol: 'tcp' | 'tcp6' | 'unix';
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

/** Sockets as sock_diag lists them, not yet decoded: of 50,000 only those that somebody wants are worth an object. By index. */
export interface InetSockets {
  readonly count: number;
  /** Sockets of the kernel have 32-bit inodes; 0 for what nobody holds. */
  inode(index: number): number;
  isIpv6(index: number): boolean;
  /** Kernel state number. */
  state(index: number): number;
  localPort(index: number): number;
  remotePort(index: number): number;
  /** As in DiagSocket. */
  receiveQueue(index: number): number;
  sendQueue(index: number): number;
  uid(index: number): number;
  /** Textual, IPv6 in RFC 5952 form without brackets. */
  localAddress(index: number): string;
  remoteAddress(index: number): string;
}

/** The same with what tcp_info tells of each. */
export interface InetConnections extends InetSockets {
  /** Ms since data was last sent or received; undefined where there never was a connection. */
  idleMs(index: number): number | undefined;
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

/** A file handle as fdinfo of inotify shows it: its type, and its bytes in hexadecimal. */
export interface FileHandle {
  type: number;
  bytes: string;
}

/** What a file handle leads to. */
export interface HandlePath {
  /** From the root of the process; ends with ` (deleted)` when this name is gone. */
  path: ByteString;
  directory: boolean;
  /** No name is left at all (st_nlink is 0); only told where the path ends with ` (deleted)`. */
  unlinked?: boolean;
}

/** One path of a process, symbolic links not followed. */
export interface PathLook {
  stat: FileStat;
  /** Where it leads, when it is a symbolic link. */
  link?: ByteString;
  /** When it was made, 0 where the file system keeps no such time; and last changed (ctime), a rename included. Ms since 1970. */
  bornMs?: number;
  changedMs?: number;
}

export interface DirectoryEntry {
  name: ByteString;
  /** As getdents64 says it; of a mount point that of the directory below the mount. */
  ino: string;
  type: 'directory' | 'file' | 'link' | 'other' | 'unknown';
}

/** Something met on a mount. */
export interface FoundPath {
  /** From the directory where the search began; empty for that itself. */
  path: ByteString;
  /** st_dev as the C library encodes it, decimal. */
  dev: string;
  ino: string;
  directory: boolean;
}

export interface MountSearch {
  found: FoundPath[];
  /** st_dev of where it began, which need not be the file system that was meant: another mount may lie on it. */
  dev?: string;
  /** How many things were met. */
  entries: number;
  /** It came to its end, and met all there is. */
  whole: boolean;
}

/** What a watching program is, as far as it is of public names only. */
export interface WatcherProgram {
  /** `node`, `bun`, `deno`, `go`, `python`, `inotifywait`, `tail`, `systemd`, ...; absent when none of those. */
  runtime?: string;
  /** What of the command line names a watcher: the script `nodemon`, `tsx`, `webpack` or `vite`, the options `--watch` and `--hot`; `watchfiles` by its native code. */
  words: string[];
  /** Watching packages that the program could load, with their versions. */
  packages: { name: string; version: string; /** Its native code is mapped. */ loaded?: boolean }[];
}

/** Questions about inotify instances of other processes, and about files as these processes see them. */
export interface InotifyQuestions {
  /** Bytes that wait in the queue of an instance: pidfd_getfd, FIONREAD, close. Nothing is consumed. */
  queueBytes(pid: number, fd: number): Answer<number>;
  /** Paths by handle, on the file system mounted at `mountPoint` of the process; in the order of `handles`. EPERM without CAP_DAC_READ_SEARCH. */
  pathsOfHandles(pid: number, mountPoint: ByteString, handles: readonly FileHandle[]): Answer<HandlePath>[];
  /** lstat and readlink of an absolute path below the root of the process. ELOOP when a directory of the path is a symbolic link. */
  lookInRoot(pid: number, path: ByteString): Answer<PathLook>;
  /**
   * The handle of what is at such a path, as fdinfo of inotify prints it: by that two things of an overlay can be told apart, whose
   * inode numbers are those of their layers. EINVAL or EOPNOTSUPP where the kernel (before 6.5) or the file system makes none.
   */
  handleInRoot(pid: number, path: ByteString): Answer<FileHandle>;
  /** Entries of a directory below the root of the process, with inode numbers. */
  listInRoot(pid: number, path: ByteString): Answer<DirectoryEntry[]>;
  /** Class B: what on a mount of the process has one of these inode numbers. Only for mounts whose root asks nobody when it is opened (FUSE). */
  searchMount(pid: number, mountPoint: ByteString, inos: readonly string[]): Promise<Answer<MountSearch>>;
  /** What program this is: from exe (A), cmdline and maps (B), and package.json of packages it could load. */
  watcherProgram(pid: number): Promise<Answer<WatcherProgram>>;
}

/** A file that is read at any position. */
export interface RandomFile {
  /** st_size; 0 for /proc/PID/mem. */
  readonly size: number;
  /** Read calls so far, and what they brought. */
  readonly reads: number;
  readonly bytes: number;
  /** @returns bytes read, fewer than `length` where nothing follows */
  read(into: Uint8Array, at: number, length: number, position: number): number;
  close(): void;
}

/** Questions about the memory of a process, read-only. Not on tapes: what is read from it is decoded first. */
export interface MemoryQuestions {
  openMemory(pid: number): Answer<RandomFile>;
  /** What it runs, also when the file was replaced since. */
  openProgram(pid: number): Answer<RandomFile>;
  /** A file that it has mapped. @param range as in its maps: `7f00-7fff` */
  openMapped(pid: number, range: string): Answer<RandomFile>;
  /** CLOCK_MONOTONIC, which processes of one host share. */
  monotonicNs(): number;
}

/** A user namespace. */
export interface UserNamespace {
  /** Inode of nsfs, decimal: `4026531837` is the first one of the host. */
  id: string;
  /** Who made it, numbered as in our own namespace: what its users have is charged to this user of the parent, too. */
  ownerUid: number;
}

/** A directory whose things shall be counted. */
export interface TreeToCount {
  path: string;
  /** Patterns of names, as fnmatch(3) has them, that are neither entered nor counted. */
  skip: readonly string[];
  /** Count what is neither directory nor link, too. */
  files: boolean;
  /** Count links, and what they lead to. */
  links: boolean;
  /** A directory outside that a link leads to is counted with all that is below it. */
  follow: boolean;
}

export interface TreeCountOptions {
  timeoutMs: number;
  /** Told now and then how many things were seen. */
  progress?: (seen: number) => void;
}

/** What is below a directory, itself included. */
export interface TreeCount {
  directories: number;
  /** Neither directories nor links, each once under however many names (hard links); 0 when not asked for. */
  files: number;
  /** 0 when not asked for. */
  links: number;
  /** Things that links lead to and that are not among those counted above, each once. */
  targets: number;
  /** Directories that could not be read. */
  unreadable: number;
  /** Names and links that were not counted, since what they stand for could not be told or not be remembered. */
  unsure: number;
  /** Links that lead to a directory they lie in, or by others back to it, by their names; only told where links are followed. */
  loops?: number;
  /** Why it ended before all was seen: EINTR or ETIMEDOUT. */
  cut?: Errno;
}

/** Questions about what users have of what the kernel limits per user. */
export interface UserQuestions {
  /** Numbers of the descriptors of a process whose link is one of `texts`. */
  findLinks(pid: number, texts: readonly ByteString[]): Answer<number[]>;
  /** Class B: how many lines of each file begin with `start`; in the order of `paths`. */
  countLinesSlow(paths: readonly string[], start: ByteString): Promise<Answer<number>[]>;
  /** kcmp(2) KCMP_FILE: 0 when the two fds share one open file description, else -1 or 1, an order to sort by. */
  descriptionOrder(pid1: number, fd1: number, pid2: number, fd2: number): Answer<number>;
  /** The user namespace of a process, then its parents, as far as we may see them. */
  userNamespaces(pid: number): Answer<UserNamespace[]>;
  /** Effective user of a process when it began to run its program, as numbered in its own user namespace. */
  startedAs(pid: number): Answer<number>;
  /**
   * Makes inotify instances of our own and closes them at once: how many there could be, `wanted` at most; with `uid` as that user, which
   * only root may.
   */
  tryInstances(wanted: number, uid?: number): Answer<number>;
  /** The same with watches, of instances of our own. Not on tapes. */
  tryWatches(wanted: number, uid?: number): Answer<number>;
  /** Class B: one-line files as they read in the user namespace of a process, read by a child that enters it. In the order of `paths`. */
  readAsUserOf(pid: number, paths: readonly string[]): Promise<Answer<ByteString>[]>;
  /** Class B: what each absolute path is without symbolic links; in the order of `paths`. ENOENT for what is not there. Not on tapes. */
  realPaths(paths: readonly string[]): Promise<Answer<string>[]>;
  /** Class B: counts a tree. Not on tapes. */
  countTree(tree: TreeToCount, options: TreeCountOptions): Promise<Answer<TreeCount>>;
}

/** Who holds a socket. */
export interface SocketHolder {
  pid: number;
  fd: number;
  inode: string;
}

export interface HoldersFound {
  holders: SocketHolder[];
  /** Processes whose descriptors were read, and those that may not be looked at. */
  seen: number;
  denied: number;
  /** A signal came before all were asked. */
  stopped?: true;
}

/** What of sock_diag is asked for: all TCP sockets, those that listen, or the unix sockets. */
export type DiagPart = DiagFamily | 'tcp listeners';

/** Questions about network namespaces other than ours, and about who holds what in them. */
export interface NetworkQuestions {
  /** sockDiag() in the network namespace of a process. EPERM without CAP_SYS_ADMIN where that is not ours. */
  sockDiagOf(pid: number, part: DiagPart): Answer<DiagSocket[]>;
  /** The TCP part of it in less time. Absent: ask that. Not on tapes. */
  connectionsOf?(pid: number): Answer<InetConnections>;
  /** Files below /proc/sys/net that show the namespace of their reader, as the process would read them. In the order of `paths`. EPERM as above. */
  readAsNetOf(pid: number, paths: readonly string[]): Answer<ByteString>[];
  /** SO_REUSEPORT of a socket: pidfd_getfd, getsockopt, close. */
  reusesPort(pid: number, fd: number): Answer<boolean>;
  /** Which descriptors of all visible processes are these sockets (inodes, decimal). An aborted signal ends it. */
  holdersOf(inodes: readonly string[], signal?: AbortSignal): Promise<Answer<HoldersFound>>;
}

/** What processes say of themselves, by ways that are a wing's own. On the tape is what the wing made of it, never what was said. */
export interface InsideQuestions {
  /** The handles of a Node process. `ask` is called on a live host only, with evidence of which nothing is noted. */
  handles(pid: number, ask: (evidence: Evidence) => Promise<object>): Promise<Answer<object>>;
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
  /** The same into `into`, for very many; returns the errnos of those that could not be read, by index. Absent: as readlinks. */
  packLinks?(directory: string, numbers: readonly number[], into: PackedLinks): Map<number, Errno>;
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
  /** All TCP sockets (v4 and v6, all states, with the closed-but-bound) or all unix sockets of our own network namespace. */
  sockDiag(family: DiagFamily): Answer<DiagSocket[]>;
  /** What /proc/net/{tcp,tcp6} or {udp,udp6} of our own network namespace list, and no more, in less time. Absent: read those. Not on tapes. */
  inetSockets?(family: 'tcp' | 'udp'): Answer<InetSockets>;
  /** kcmp(2) KCMP_FILE: do the two fds share one open file description? */
  sameDescription(pid1: number, fd1: number, pid2: number, fd2: number): Answer<boolean>;
  /** kcmp(2) KCMP_EPOLL_TFD: is fd `fd` of `pid` the file registered as `targetFd` in epoll `epollFd`? EBADF: number closed. */
  isEpollTarget(pid: number, fd: number, epollFd: number, targetFd: number): Answer<boolean>;
  /** pidfd_getfd, a few getsockopts, close: within one tick, since a held copy delays the target's FIN. */
  probeSocket(pid: number, fd: number): Answer<SocketProbe>;

  /** Absent in a world that has no such questions: as ENOTSUP. */
  readonly inotify?: InotifyQuestions;
  readonly users?: UserQuestions;
  readonly network?: NetworkQuestions;
  readonly memory?: MemoryQuestions;
  readonly inside?: InsideQuestions;

  /** Ends helpers. Returns true when a reader is stuck and could not be ended. */
  close(): boolean;
}

/** The errno of an answer that a tape does not hold. */
export const NOT_RECORDED = 'ENOTRECORDED';
