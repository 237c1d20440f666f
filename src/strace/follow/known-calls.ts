/** Which calls matter, and how. */

/** Calls whose first argument is a descriptor and that do nothing else to tables. */
export const TOUCHES = new Set([
  'read', 'write', 'pread64', 'pwrite64', 'pread', 'pwrite', 'readv', 'writev', 'preadv', 'pwritev', 'preadv2', 'pwritev2', 'recvfrom', 'sendto', 'recv', 'send',
  'fstat', 'fstat64', 'lseek', '_llseek', 'fsync', 'fdatasync', 'ftruncate', 'ftruncate64', 'getdents', 'getdents64', 'fchmod', 'fchown', 'fstatfs', 'fstatfs64',
  'fallocate', 'fadvise64', 'sync_file_range', 'shutdown', 'getsockname', 'getpeername', 'getsockopt', 'timerfd_settime', 'timerfd_gettime', 'inotify_add_watch',
  'inotify_rm_watch', 'fanotify_mark', 'fchdir', 'vmsplice', 'splice', 'tee', 'sendfile', 'sendfile64', 'io_uring_enter', 'io_uring_register', 'flistxattr',
  'fgetxattr', 'fsetxattr', 'pidfd_send_signal', 'readahead', 'syncfs', 'copy_file_range', 'listen', 'mq_timedsend', 'mq_timedreceive', 'epoll_wait', 'epoll_pwait',
]);

/** Of these an EBADF is a fault; others (fcntl, fstat, dup, ioctl) are also used to ask whether a number is open. */
export const FAULTY_WHEN_BAD = new Set([
  'read', 'write', 'pread64', 'pwrite64', 'readv', 'writev', 'preadv', 'pwritev', 'recvfrom', 'sendto', 'recvmsg', 'sendmsg', 'recvmmsg', 'sendmmsg', 'fsync', 'fdatasync',
  'ftruncate', 'getdents64', 'shutdown', 'accept', 'accept4', 'listen', 'bind', 'connect', 'setsockopt', 'sendfile', 'splice', 'timerfd_settime', 'inotify_add_watch',
  'inotify_rm_watch', 'epoll_wait', 'epoll_pwait', 'fallocate', 'flock',
]);

/** Calls that are there to wait: how long they take says nothing. */
export const WAITS = new Set([
  'epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'poll', 'ppoll', 'select', '_newselect', 'pselect6', 'futex', 'futex_wait', 'futex_waitv', 'wait4', 'waitid', 'waitpid', 'nanosleep',
  'clock_nanosleep', 'pause', 'rt_sigtimedwait', 'rt_sigsuspend', 'sigsuspend', 'accept', 'accept4', 'restart_syscall', 'io_getevents', 'io_pgetevents', 'io_uring_enter',
  'semtimedop', 'semop', 'msgrcv', 'mq_timedreceive', 'vfork', 'execve', 'exit_group', 'exit', 'recvmsg', 'recvfrom', 'recvmmsg',
]);

/** A read of these waits for somebody else. */
export const WAITING_KINDS = new Set(['pipe', 'socket', 'inotify', 'eventfd', 'timerfd', 'signalfd', 'unknown', 'device', 'seccomp', 'userfaultfd', 'fanotify', 'other']);
