/** What needs system calls Node has no function for. One implementation per way to call them; tests bring stubs. */
import type { ByteString, DiagFamily, DiagPart, DiagSocket, DirectoryEntry, FileHandle, InetConnections, InetSockets, ListenerEvents, OpenFilesLimit, PathLook, SocketProbe, TakeSocket, UserNamespace } from '../types.ts';
import type { HandleReply } from './handles.ts';

/**
 * Every function throws an Error whose string property `code` is the errno name when the kernel refuses.
 * Synchronous on purpose: a probe must hold its copy of a descriptor within one tick.
 */
export interface Native {
  /** All TCP sockets (v4 and v6, closed-but-bound ones too) or all unix sockets of our own network namespace. */
  sockDiag(family: DiagFamily): DiagSocket[];
  /** What /proc/net lists of one protocol, v4 and v6. Absent: read that. */
  inetSockets?(family: 'tcp' | 'udp', take?: TakeSocket): InetSockets;
  /** kcmp(2) KCMP_FILE: do the two fds share one open file description? */
  sameDescription(pid1: number, fd1: number, pid2: number, fd2: number): boolean;
  /** kcmp(2) KCMP_EPOLL_TFD: is fd `fd` of `pid` the file registered as `targetFd` in epoll `epollFd`? */
  isEpollTarget(pid: number, fd: number, epollFd: number, targetFd: number): boolean;
  /** prlimit(2); undefined where it is refused. Absent: read /proc/PID/limits. */
  openFilesLimit?(pid: number): OpenFilesLimit | undefined;
  /** pidfd_getfd, getsockopts, close. */
  probeSocket(pid: number, fd: number): SocketProbe;
  /** Absent: none of these. */
  inotify?: NativeInotify;
  network?: NativeNetwork;
  users?: NativeUsers;
}

export interface NativeNetwork {
  sockDiagOf(pid: number, part: DiagPart): DiagSocket[];
  /** The TCP part of it, not yet decoded. */
  connectionsOf(pid: number): InetConnections;
  /** The inodes of what somebody may hold. */
  heldInodesOf(pid: number, protocol: 'tcp' | 'udp'): number[];
  /** Calls `read` while this thread is in the network namespace of the process. */
  inNetworkOf<T>(pid: number, read: () => T): T;
  reusesPort(pid: number, fd: number): boolean;
  watchListeners(pid: number): ListenerEvents;
}

export interface NativeUsers {
  /** kcmp(2) KCMP_FILE: 0 when the two fds share one open file description, else -1 or 1, an order to sort by. */
  descriptionOrder(pid1: number, fd1: number, pid2: number, fd2: number): number;
  /** The user namespace of a process, then its parents, as far as we may see them. */
  userNamespaces(pid: number): UserNamespace[];
  /** Makes inotify instances of our own and closes them: how many there could be, `wanted` at most. */
  tryInstances(wanted: number, uid?: number): number;
  /** The same with watches, of instances of our own. */
  tryWatches(wanted: number, uid?: number): number;
}

/** Files are seen from the root of the process, no symbolic link is followed. */
export interface NativeInotify {
  /** pidfd_getfd, FIONREAD, close. */
  queueBytes(pid: number, fd: number): number;
  /** open_by_handle_at(2); throws what the mount point refuses, and has the rest in the replies. */
  pathsOfHandles(pid: number, mountPoint: ByteString, handles: readonly FileHandle[]): HandleReply[];
  lookInRoot(pid: number, path: ByteString): PathLook;
  /** name_to_handle_at(2), for comparing only: nothing need be able to open it. */
  handleInRoot(pid: number, path: ByteString): FileHandle;
  /** A directory with O_PATH: whoever asked closes it. */
  openInRoot(pid: number, path: ByteString): number;
  listInRoot(pid: number, path: ByteString): DirectoryEntry[];
  /** A small regular file. */
  readInRoot(pid: number, path: ByteString): ByteString;
}
