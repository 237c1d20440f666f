/** Sockets as the kernel tells of them, and questions about those of other network namespaces. */
import type { Answer, ByteString } from './answer.ts';

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
  /** tcp6 listeners: IPV6_V6ONLY, without which `::` takes connections of IPv4, too. */
  v6Only?: boolean;
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

/** Is the socket at this index seen to, so that nobody will ask for it again? */
export type TakeSocket = (sockets: InetSockets, index: number) => boolean;

/** The same with what tcp_info tells of each. */
export interface InetConnections extends InetSockets {
  /** Ms since data was last sent or received; undefined where there never was a connection. */
  idleMs(index: number): number | undefined;
  /** As in DiagSocket. */
  v6Only(index: number): boolean | undefined;
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

/** A TCP listener that is no more. */
export interface DestroyedListener {
  inode: string;
  /** As in DiagSocket. */
  local: string;
}

/** What the kernel tells of listeners that it destroys, from now on, in one network namespace. */
export interface ListenerEvents {
  /** Makes those known that are there now: only of these is told. Throws as sockDiag(). */
  learn(): void;
  /** What came since the last call; never waits. */
  read(): DestroyedListener[];
  /** Some events did not fit, and are lost. */
  readonly isLossy: boolean;
  close(): void;
}

/** Questions about network namespaces other than ours, and about who holds what in them. */
export interface NetworkQuestions {
  /** sockDiag() in the network namespace of a process. EPERM without CAP_SYS_ADMIN where that is not ours. */
  sockDiagOf(pid: number, part: DiagPart): Answer<DiagSocket[]>;
  /** The TCP part of it in less time. Absent: ask that. Not on tapes. */
  connectionsOf?(pid: number): Answer<InetConnections>;
  /** Inodes of the sockets in it that somebody may hold, in less time still; one may come twice. Absent: read the tables. Not on tapes. */
  heldInodesOf?(pid: number, protocol: 'tcp' | 'udp'): Answer<number[]>;
  /** Files below /proc/sys/net that show the namespace of their reader, as the process would read them. In the order of `paths`. EPERM as above. */
  readAsNetOf(pid: number, paths: readonly string[]): Answer<ByteString>[];
  /** SO_REUSEPORT of a socket: pidfd_getfd, getsockopt, close. */
  reusesPort(pid: number, fd: number): Answer<boolean>;
  /** In the network namespace of a process; EPERM as above. Whoever asked closes it. Absent on tapes. */
  watchListeners?(pid: number): Answer<ListenerEvents>;
  /** Which descriptors of all visible processes are these sockets (inodes, decimal). An aborted signal ends it. */
  holdersOf(inodes: readonly string[], signal?: AbortSignal): Promise<Answer<HoldersFound>>;
}
