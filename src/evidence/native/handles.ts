/** Names of files from their handles: open_by_handle_at(2), without a walk of the disk. Needs CAP_DAC_READ_SEARCH. And handles of files. */
import { closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs';
import type { ByteString, Errno, FileHandle, HandlePath } from '../types.ts';
import { errnoName, systemError } from './errno.ts';
import { O_CLOEXEC, openInRoot, O_PATH } from './in-root.ts';
import { check, type Libc } from './libc.ts';
import { callNumber } from './numbers.ts';

/** MAX_HANDLE_SZ of include/linux/exportfs.h. */
const MOST_BYTES = 128;
/** struct file_handle: size 4, type 4, bytes. */
const handle = Buffer.alloc(8 + MOST_BYTES);

/** The number of a descriptor as text, and what its link says. */
const digits = Buffer.alloc(16);
const name = Buffer.allocUnsafeSlow(4096);

const FLAGS = O_PATH | constants.O_NOFOLLOW | O_CLOEXEC;
/** What the kernel puts behind the path of what has lost this name (fs/d_path.c). */
const DELETED = ' (deleted)';

export type HandleReply = { value: HandlePath } | { errno: Errno };

/**
 * One reply per handle: the path from the root of the process as the kernel prints it (with ` (deleted)`), and what it is now.
 * ESTALE: nothing with this handle is on that file system, or the kernel could not find it.
 * Throws EPERM without the capability, and what the mount point refuses: it must be a directory or file as the process sees it,
 * without symbolic links.
 */
export function pathsOfHandles(libc: Libc, pid: number, mountPoint: ByteString, handles: readonly FileHandle[]): HandleReply[] {
  // O_PATH would be refused: the kernel wants a descriptor that is really open (fs/fhandle.c get_path_from_fd).
  const mount = openInRoot(libc, pid, mountPoint, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const root = readlinkSync(pid === 0 ? '/proc/self/root' : `/proc/${pid}/root`, 'latin1');
    // Beside an open directory a link takes a fifth less than by its whole path.
    const links = openSync('/proc/self/fd', constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      const opened = { mount, root, links, directories: true };
      return handles.map((one) => pathOfHandle(libc, opened, one));
    } finally {
      closeSync(links);
    }
  } finally {
    closeSync(mount);
  }
}

interface Opened {
  mount: number;
  /** Of the process, as we see it. */
  root: ByteString;
  /** Our own descriptors. */
  links: number;
  /** The last one was a directory: the next one mostly is what that was, and then fstat(2) need not be asked. */
  directories: boolean;
}

function pathOfHandle(libc: Libc, opened: Opened, { type, bytes }: FileHandle): HandleReply {
  const size = bytes.length / 2;
  if (!Number.isInteger(size) || size > MOST_BYTES) return { errno: 'EINVAL' };
  handle.writeUInt32LE(size, 0);
  handle.writeInt32LE(type, 4);
  handle.write(bytes, 8, 'hex');
  let fd = opened.directories ? libc.openByHandleAt(opened.mount, handle, FLAGS | constants.O_DIRECTORY) : -1;
  const directory = fd >= 0;
  if (!directory) fd = libc.openByHandleAt(opened.mount, handle, FLAGS);
  if (fd < 0) return refused(errnoName(libc.errno()));
  try {
    const path = belowRoot(nameOf(libc, opened.links, fd), opened.root);
    if (directory && !path.endsWith(DELETED)) return { value: { path, directory } };
    const stat = fstatSync(fd);
    opened.directories = stat.isDirectory();
    return { value: { path, directory: opened.directories, ...(path.endsWith(DELETED) && { unlinked: stat.nlink === 0 }) } };
  } catch {
    return { errno: 'EIO' };
  } finally {
    closeSync(fd);
  }
}

/** Without the capability every other one is refused, too. */
function refused(errno: Errno): HandleReply {
  if (errno === 'EPERM') throw systemError('open_by_handle_at', errno);
  return { errno };
}

/** readlink of /proc/self/fd/N. */
function nameOf(libc: Libc, links: number, fd: number): ByteString {
  digits.write(`${fd}\0`, 'latin1');
  return name.toString('latin1', 0, check(libc, 'readlinkat', libc.readlinkat(links, digits, name, name.length)));
}

/** The kernel prints from our root; in a mount namespace of its own a process has `/` there, in a chroot of ours more. */
function belowRoot(path: ByteString, root: ByteString): ByteString {
  return root !== '/' && path.startsWith(`${root}/`) ? path.slice(root.length) : path;
}

const AT_EMPTY_PATH = 0x1000;
/** Since Linux 6.5, as fdinfo encodes them: handles that nobody needs to be able to open. */
const AT_HANDLE_FID = 0x200;
const EMPTY = Buffer.alloc(1);
const mountId = Buffer.alloc(8);

/** Throws as openInRoot, and EINVAL (before Linux 6.5) or EOPNOTSUPP where there are no handles. */
export function handleInRoot(libc: Libc, pid: number, path: ByteString): FileHandle {
  const fd = openInRoot(libc, pid, path, O_PATH | constants.O_NOFOLLOW);
  try {
    handle.writeUInt32LE(MOST_BYTES, 0);
    check(libc, 'name_to_handle_at', libc.syscall(callNumber('nameToHandleAt'), fd, EMPTY, handle, mountId, AT_EMPTY_PATH | AT_HANDLE_FID));
    return { type: handle.readInt32LE(4), bytes: handle.toString('hex', 8, 8 + handle.readUInt32LE(0)) };
  } finally {
    closeSync(fd);
  }
}
