/**
 * What the kernel says of processes and descriptors, decoded and without verdicts.
 * Names of processes and files are ByteStrings here; `text.ts` decodes them at the edge.
 */
import type { ByteString, DiagSocket, Errno, FileStat, SocketProbe } from '../evidence/types.ts';
import type { PlainFds } from './plain-fds.ts';
import type { PlainSockets } from './plain-sockets.ts';

/** RLIMIT_NOFILE; null is "unlimited". */
export interface FdLimit {
  soft: number | null;
  hard: number | null;
}

/** Who manages the process, read from /proc/PID/cgroup. At most one of each. */
export interface CgroupOrigin {
  /** `nginx.service`, `session-3.scope`, `user@1000.service`. */
  unit?: string;
  /** Container id, 64 hex digits or as the runtime names it. */
  container?: string;
  /** Pod uid with dashes. */
  pod?: string;
  /** The path itself, of the v2 or the systemd hierarchy. */
  path: string;
}

export interface Process {
  pid: number;
  ppid: number;
  /** Clock ticks since boot (stat field 22), decimal: with the pid the identity of a process. */
  startTime: string;
  comm: ByteString;
  /** readlink of exe, absent when denied or for a kernel thread. */
  exe?: ByteString;
  /** One letter of stat field 3: R S D Z T t X I. */
  state: string;
  kernelThread: boolean;
  uid: number;
  threads: number;
  /** Capacity of the fd table (status FDSize): never shrinks, so it tells a past peak. */
  fdSize: number;
  /** Open descriptors, from st_size of fd/ or counting it; null when neither was possible. */
  open: number | null;
  limit: FdLimit;
  /** The limit could not be read: its nulls then do not mean unlimited. */
  limitUnknown?: true;
  /** `net:[4026531833]` -> `4026531833`; absent when denied. */
  netns?: string;
  origin?: CgroupOrigin;
}

/** Base lines of /proc/PID/fdinfo/N (fs/proc/fd.c seq_show) and the lines of the kind after them. */
export interface FdInfo {
  pos: string;
  /** Open flags with O_CLOEXEC of the fd table or-ed in, as octal in the kernel's text. */
  flags: number;
  mntId?: number;
  /** Inode of the file (since 5.14), decimal. */
  ino?: string;
  /** Text after the base lines, unparsed: each kind reads its own. */
  rest: ByteString;
}

export type IdentityQuality = 'exact' | 'weak';
/** Names one open thing across samples. `weak`: the same name may stand for several opens, or be used again. */
export interface Identity {
  id: string;
  quality: IdentityQuality;
}

/** One descriptor. An unreadable one is a row of kind `unreadable` with an errno, never an exception. */
export interface Fd<D = unknown> {
  pid: number;
  fd: number;
  /** Name in the kind registry. */
  kind: string;
  link: ByteString;
  info?: FdInfo;
  stat?: FileStat;
  errno?: Errno;
  /** What the kind's decode() made of it. */
  detail: D;
}

export type SocketProtocol =
  | 'tcp' | 'tcp6' | 'udp' | 'udp6' | 'udplite' | 'udplite6' | 'raw' | 'raw6' | 'icmp' | 'icmp6' | 'unix' | 'netlink' | 'packet';

/** One row of /proc/PID/net/*. */
export interface SocketRow {
  protocol: SocketProtocol;
  /** Decimal; `0` for a connection nobody has accepted, TIME_WAIT and orphans. */
  inode: string;
  /** `ESTABLISHED`, `CLOSE_WAIT`, `LISTEN`, ...; unix: `LISTEN`, `CONNECTED`, `UNCONNECTED`, `CONNECTING`, `DISCONNECTING`; udp and raw: `ESTABLISHED` when connected, else `UNCONNECTED`. */
  state: string;
  /** Textual address, IPv6 in RFC 5952 form without brackets. */
  localAddress?: string;
  localPort?: number;
  remoteAddress?: string;
  remotePort?: number;
  /** LISTEN: accept queue now. Else: bytes received and not read (CLOSE_WAIT: 1 more while the end of stream is unread). */
  receiveQueue?: number;
  /** Bytes sent and not acknowledged. */
  sendQueue?: number;
  /** tcp6 listeners, where sock_diag was asked: they take no connection of IPv4. */
  v6Only?: boolean;
  uid?: number;
  /** unix: bound name, `@name` when abstract. */
  path?: ByteString;
  unixType?: 'stream' | 'dgram' | 'seqpacket';
  /** netlink: protocol family number; packet: ethertype. */
  family?: number;
  /** Inode of the socket at the other end when that is on this host too: TCP from the same table, unix from sock_diag. */
  peerInode?: string;
  /** Filled by native sock_diag when it was asked. */
  diag?: DiagSocket;
}

/** Connections of one listening port that no process holds yet. */
export interface PendingConnections {
  /** ESTABLISHED (or CLOSE_WAIT) rows of inode 0: completed, never accepted. Each as `remoteAddress:remotePort`. */
  neverAccepted: string[];
  /** SYN_RECV rows: the last ACK was dropped or is under way. */
  synReceived: number;
  /** SYN_SENT rows of local clients that knock at this port. */
  synSent: number;
}

/** The socket tables of one network namespace. */
export interface SocketTable {
  /** Through which process it was read. */
  via?: number;
  netns: string;
  byInode: Map<string, SocketRow>;
  /** Rows that are not in byInode, of a look at very many. */
  plain?: PlainSockets;
  /** By local port of a TCP listener. */
  pending: Map<number, PendingConnections>;
  /** TcpExt ListenOverflows of net/netstat; counts up while any accept queue of the namespace is full. */
  listenOverflows?: number;
  /** net.core.somaxconn, the most a backlog can be; only where sock_diag told of a full queue. */
  somaxconn?: number;
  /** net/sockstat: TCP sockets allocated on the whole host, and those in this namespace's tables. */
  tcpAllocated?: number;
  tcpInUse?: number;
  /** Set when a table that may list a wanted socket could not be read. */
  errno?: Errno;
}

/** A thread with a descriptor table of its own. */
export interface OwnTable {
  tid: number;
  comm: ByteString;
  open: number;
}

export interface FdTable {
  process: Process;
  fds: Fd[];
  /** Descriptors that are not among `fds`: those of a large table about which nothing more is known or asked. */
  plain?: PlainFds;
  /** Threads whose descriptors are not among `fds` (unshare(CLONE_FILES)); absent when none was found by the counts. */
  threads?: OwnTable[];
  /** So large that only some of its descriptors were asked for flags and type. */
  sampled?: true;
  /** Only links were read, and what samples of a watch ask beside them: nothing was asked for what it lacks. */
  linksOnly?: true;
  /** The numbers that are open, ascending, where they alone were listed: `fds` is empty then, and `errno` set. */
  numbers?: readonly number[];
  /** Set when fds could not be listed. */
  errno?: Errno;
}

/** A descriptor of a process that is not a target, seen while looking for the other ends. */
export interface ForeignFd {
  process: Process;
  fd: number;
  link: ByteString;
}

/** A second look after so many ms is the long one, of a second less what a timer may be early: it tells what lasts from what passes. */
export const LONG_LOOK_MS = 900;

/** What became of the sockets of interest a moment after the first look. */
export interface SecondLook {
  afterMs: number;
  /** By inode; absent: gone from the tables, or the fd was closed. */
  byInode: Map<string, SocketRow>;
  pending: Map<number, PendingConnections>;
  listenOverflows?: number;
  /** Descriptors in flight in unix sockets that had many at the first look, by inode; absent: they were not asked. */
  inFlight?: Map<string, number>;
}

/** What of its descriptors a process was seen to use at the moment of the look. */
export interface FdUse {
  /** A thread waits in a call for it (accept, read, ...), or the command line names it. */
  fds: number[];
  /** A thread waits in poll, select or the like, maybe for one below this number; 0: none does, Infinity: for any. */
  pollsBelow: number;
  /** Not all could be asked: there may be more. */
  unread: boolean;
}

/** Everything one look at some processes gave. The event that snapshot rules observe. */
export interface Snapshot {
  type: 'snapshot';
  /** Label of the target for texts: `nginx (pid 42)` or `nginx.service (5 processes)`. */
  label: string;
  tables: FdTable[];
  /** By netns id; `''` when the namespace could not be read. */
  sockets: Map<string, SocketTable>;
  /** Holders among other processes of sockets and pipes that the targets hold too or whose other end they are; by link text `socket:[1]`. */
  foreign: Map<ByteString, ForeignFd[]>;
  /** Parents, children and descendants of the targets, with their tables, for inheritance. */
  relatives: FdTable[];
  secondLook?: SecondLook;
  /** Native probes of sockets no table lists, by `pid:fd`. */
  probes: Map<string, SocketProbe>;
  /** kcmp answers for suspicious epoll entries, by `pid:epollFd:targetFd`: true when the number still is that file. */
  epollTargets: Map<string, boolean>;
  /** kcmp answers for inheritance candidates, by `pid:fd:otherPid:otherFd`. */
  sameDescription: Map<string, boolean>;
  /** LISTEN_FDS and friends: numbers a process was handed on purpose, by pid; only read for candidates. */
  intendedFds: Map<number, number[]>;
  /** By pid; only read for candidates. */
  fdUse?: Map<number, FdUse>;
}
