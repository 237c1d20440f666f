/** How many inotify instances the kernel would still give us: only it knows what processes hold that may not be looked at. */
import { closeSync, openSync } from 'node:fs';
import type { Libc } from './libc.ts';
import { check } from './libc.ts';
import { callNumber } from './numbers.ts';

const CLOEXEC = 0o2000000;

/**
 * Does something as another user: the kernel charges the effective user of the thread that asks. The others of our threads keep theirs, as
 * the system call itself, unlike that of the C library, changes one only. Throws EPERM without the right, EINVAL for a user that our
 * namespace does not know.
 */
export function asUser<T>(libc: Libc, uid: number, action: () => T): T {
  const own = process.geteuid!();
  const become = (user: number): void => void check(libc, 'setresuid', libc.syscall(callNumber('setresuid'), -1, user, -1));
  become(uid);
  try {
    return action();
  } finally {
    become(own);
  }
}

/**
 * Makes up to `wanted` instances and closes them at once; returns how many there were. Without watches that takes microseconds.
 * Throws ENOTSUP when our own descriptors ran out first, ENOSYS (no inotify in this kernel), ENOMEM.
 */
export function tryInstances(libc: Libc, wanted: number): number {
  const made: number[] = [];
  try {
    while (made.length < wanted) made.push(check(libc, 'inotify_init1', libc.syscall(callNumber('inotifyInit1'), CLOEXEC)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EMFILE') throw error;
    // The same errno for two limits: where a file can still be opened, it was not ours.
    try {
      closeSync(openSync('/proc/self/stat', 'r'));
    } catch {
      throw Object.assign(new Error('out of descriptors'), { code: 'ENOTSUP' });
    }
  } finally {
    for (const fd of made) closeSync(fd);
  }
  return made.length;
}
