/** A pipe of our own whose writer is stopped by the kernel itself with each write. */
import { isMachineKnown } from './native/kcmp.ts';
import { loadLibc } from './native/libc.ts';
import { callNumber } from './native/numbers.ts';

/** include/uapi/asm-generic/fcntl.h: the same on all machines. */
const F_GETFL = 3;
const F_SETFL = 4;
const F_SETOWN = 8;
const F_SETSIG = 10;
const O_ASYNC = 0o20000;
const SIGSTOP = 19;

/**
 * From now on the kernel sends SIGSTOP to `pid` whenever something is written to the pipe `fd` (fs/fcntl.c send_sigio): a writer is
 * stopped before it comes back from its write. False where there are no native calls, or the kernel refuses.
 */
export function stopWriterOf(fd: number, pid: number): boolean {
  // Under Bun strace was stopped before it had written anything, and nobody let it go.
  if (process.versions.bun !== undefined || process.env.RELOADCTL_NO_NATIVE || process.platform !== 'linux' || !isMachineKnown()) return false;
  const libc = loadLibc();
  if (libc === null) return false;
  const fcntl = (command: number, value: number): number => libc.syscall(callNumber('fcntl'), fd, command, value);
  const flags = fcntl(F_GETFL, 0);
  return flags >= 0 && fcntl(F_SETOWN, pid) >= 0 && fcntl(F_SETSIG, SIGSTOP) >= 0 && fcntl(F_SETFL, flags | O_ASYNC) >= 0;
}
