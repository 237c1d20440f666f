/** Who stands above a process when the kernel counts what a user may have: its user namespace, that one's parent, and so on. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import type { UserNamespace } from '../types.ts';
import type { Libc } from './libc.ts';
import { check } from './libc.ts';
import { callNumber } from './numbers.ts';

/** include/uapi/linux/nsfs.h, since Linux 4.9 and 4.11. */
const NS_GET_PARENT = 0xb702;
const NS_GET_OWNER_UID = 0xb704;
/** As deep as the kernel lets them be nested. */
const DEEPEST = 32;
const owner = Buffer.alloc(4);

/**
 * The user namespace of `pid` first, then its parents as far as we may see them: the last one is our own or the first of all.
 * Throws EACCES and EPERM (no ptrace access), ENOENT, ENOTTY (before Linux 4.11).
 */
export function userNamespaces(libc: Libc, pid: number): UserNamespace[] {
  const chain: UserNamespace[] = [];
  let fd = openSync(`/proc/${pid}/ns/user`, constants.O_RDONLY);
  try {
    while (chain.length < DEEPEST) {
      check(libc, 'ioctl', libc.syscall(callNumber('ioctl'), fd, NS_GET_OWNER_UID, owner));
      chain.push({ id: String(fstatSync(fd, { bigint: true }).ino), ownerUid: owner.readUInt32LE(0) });
      const parent = libc.ioctl(fd, NS_GET_PARENT);
      // EPERM: it is outside of what we may see, or there is none.
      if (parent < 0) break;
      closeSync(fd);
      fd = parent;
    }
    return chain;
  } finally {
    closeSync(fd);
  }
}
