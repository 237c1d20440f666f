/** What needs system calls Node has no function for. One implementation per way to call them; tests bring stubs. */
import type { DiagFamily, DiagSocket, SocketProbe } from '../types.ts';

/**
 * Every function throws an Error whose string property `code` is the errno name when the kernel refuses.
 * Synchronous on purpose: a probe must hold its copy of a descriptor within one tick.
 */
export interface Native {
  /** All TCP sockets (v4 and v6, closed-but-bound ones too), all UDP or all unix sockets of our own network namespace. */
  sockDiag(family: DiagFamily): DiagSocket[];
  /** kcmp(2) KCMP_FILE: do the two fds share one open file description? */
  sameDescription(pid1: number, fd1: number, pid2: number, fd2: number): boolean;
  /** kcmp(2) KCMP_EPOLL_TFD: is fd `fd` of `pid` the file registered as `targetFd` in epoll `epollFd`? */
  isEpollTarget(pid: number, fd: number, epollFd: number, targetFd: number): boolean;
  /** pidfd_getfd, getsockopts, close. */
  probeSocket(pid: number, fd: number): SocketProbe;
}
