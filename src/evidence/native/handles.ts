/** Names of files from their handles: open_by_handle_at(2), without a walk of the disk. Needs CAP_DAC_READ_SEARCH. */
import { closeSync, constants, readlinkSync } from 'node:fs';
import type { ByteString, Errno, FileHandle, HandlePath } from '../types.ts';
import { errnoName } from './errno.ts';
import { openInRoot, O_PATH, statOfFd } from './in-root.ts';
import { check, type Libc } from './libc.ts';
import { callNumber } from './numbers.ts';

/** MAX_HANDLE_SZ of include/linux/exportfs.h. */
const MOST_BYTES = 128;
/** struct file_handle: size 4, type 4, bytes. */
const handle = Buffer.alloc(8 + MOST_BYTES);

const AT_FDCWD = -100;
const LINK = '/proc/self/fd/';
const link = Buffer.from(LINK.padEnd(LINK.length + 12, '\0'), 'latin1');
const name = Buffer.allocUnsafeSlow(4096);

export type HandleReply = { value: HandlePath } | { errno: Errno };

/**
 * One reply per handle: the path from the root of the process as the kernel prints it (with ` (deleted)`), and what it is now.
 * ESTALE: nothing with this handle is on that file system, or the kernel could not find it.
 * Throws what the mount point refuses: it must be a directory or file as the process sees it, without symbolic links.
 */
export function pathsOfHandles(libc: Libc, pid: number, mountPoint: ByteString, handles: readonly FileHandle[]): HandleReply[] {
  // O_PATH would be refused: the kernel wants a descriptor that is really open (fs/fhandle.c get_path_from_fd).
  const mount = openInRoot(libc, pid, mountPoint, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const prefix = readlinkSync(pid === 0 ? '/proc/self/root' : `/proc/${pid}/root`, 'latin1');
    return handles.map((one) => pathOfHandle(libc, mount, prefix, one));
  } finally {
    closeSync(mount);
  }
}

function pathOfHandle(libc: Libc, mount: number, root: ByteString, { type, bytes }: FileHandle): HandleReply {
  const size = bytes.length / 2;
  if (!Number.isInteger(size) || size > MOST_BYTES) return { errno: 'EINVAL' };
  handle.writeUInt32LE(size, 0);
  handle.writeInt32LE(type, 4);
  handle.write(bytes, 8, 'hex');
  const fd = libc.syscall(callNumber('openByHandleAt'), mount, handle, O_PATH | constants.O_NOFOLLOW | 0o2000000);
  if (fd < 0) return { errno: errnoName(libc.errno()) };
  try {
    return { value: { path: belowRoot(nameOf(libc, fd), root), stat: statOfFd(fd) } };
  } catch {
    return { errno: 'EIO' };
  } finally {
    closeSync(fd);
  }
}

/** readlink of /proc/self/fd/N, for thousands of them. */
function nameOf(libc: Libc, fd: number): ByteString {
  link.write(`${fd}\0`, LINK.length, 'latin1');
  const length = check(libc, 'readlinkat', libc.syscall(callNumber('readlinkat'), AT_FDCWD, link, name, name.length));
  return name.toString('latin1', 0, length);
}

/** The kernel prints from our root; in a mount namespace of its own a process has `/` there, in a chroot of ours more. */
function belowRoot(path: ByteString, root: ByteString): ByteString {
  return root !== '/' && path.startsWith(`${root}/`) ? path.slice(root.length) : path;
}
