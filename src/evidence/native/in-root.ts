/**
 * Files as another process sees them: below its root, in its mounts. A path joined to /proc/PID/root would lead to our own
 * files at the first absolute symbolic link: openat2(2) with RESOLVE_IN_ROOT does not.
 */
import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync, type Stats } from 'node:fs';
import { fileStatOf } from '../file-stat.ts';
import type { ByteString, DirectoryEntry, FileStat, PathLook } from '../types.ts';
import { systemError } from './errno.ts';
import type { Libc } from './libc.ts';
import { check } from './libc.ts';
import { callNumber, SYS_OPENAT2 } from './numbers.ts';

export const O_PATH = 0o10000000;
export const O_CLOEXEC = 0o2000000;
const RESOLVE_NO_SYMLINKS = 0x04;
const RESOLVE_IN_ROOT = 0x10;
const S_IFMT = 0o170000;
const S_IFLNK = 0o120000;
/** What one file may have that is read whole. */
const MOST_BYTES = 256 * 1024;

/** struct open_how: flags, mode, resolve. */
const how = Buffer.alloc(24);
const entries = Buffer.allocUnsafeSlow(64 * 1024);
const LONGEST_LINK = 4096;
const NOTHING = Buffer.alloc(1);

/** NUL-terminated bytes of a path. */
export function cString(path: ByteString): Buffer {
  return Buffer.from(`${path}\0`, 'latin1');
}

let root: { pid: number; fd: number } | undefined;

/** The root directory of the process, kept open for the questions of one turn of the event loop: a batch asks thousands. */
function rootOf(pid: number): number {
  if (root?.pid === pid) return root.fd;
  if (root) closeSync(root.fd);
  root = undefined;
  const fd = openSync(pid === 0 ? '/proc/self/root' : `/proc/${pid}/root`, O_PATH | constants.O_DIRECTORY);
  root = { pid, fd };
  setImmediate(() => {
    if (root?.fd !== fd) return;
    closeSync(fd);
    root = undefined;
  });
  return fd;
}

/** Opens a path of a process (0: of our own) without following any symbolic link: ELOOP when one is on the way. */
export function openInRoot(libc: Libc, pid: number, path: ByteString, flags: number): number {
  try {
    return openBelow(libc, rootOf(pid), path, flags);
  } catch (error) {
    const below = pid !== 0 && (error as NodeJS.ErrnoException).code === 'EACCES' ? belowCwd(pid, path) : undefined;
    if (below === undefined) throw error;
    const cwd = openSync(`/proc/${pid}/cwd`, O_PATH | constants.O_DIRECTORY);
    try {
      return openBelow(libc, cwd, below, flags);
    } finally {
      closeSync(cwd);
    }
  }
}

function openBelow(libc: Libc, root: number, path: ByteString, flags: number): number {
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS), 16);
  return check(libc, 'openat2', libc.syscall(SYS_OPENAT2, root, cString(path), how, how.length));
}

/**
 * A process may work in a directory whose parents it may not pass, and so may we: the link in /proc leads there without passing them.
 * The path from there, or undefined for one that is not below.
 */
function belowCwd(pid: number, path: ByteString): ByteString | undefined {
  try {
    const root = readlinkSync(`/proc/${pid}/root`, 'latin1');
    const cwd = readlinkSync(`/proc/${pid}/cwd`, 'latin1');
    if (root !== '/' || !(path === cwd || path.startsWith(`${cwd}/`))) return undefined;
    return path.slice(cwd.length) || '/';
  } catch {
    return undefined;
  }
}

/** Exact numbers cost twice as much: they are only asked for where an inode needs them. */
function exactStat(quick: Stats, fd: number): FileStat {
  return fileStatOf(Number.isSafeInteger(quick.ino) ? quick : fstatSync(fd, { bigint: true }));
}

/** Throws ENOENT, ENOTDIR, ELOOP, EACCES, ENOSYS (before Linux 5.6). */
export function lookInRoot(libc: Libc, pid: number, path: ByteString): PathLook {
  const fd = openInRoot(libc, pid, path, O_PATH | constants.O_NOFOLLOW);
  try {
    const quick = fstatSync(fd);
    const stat = exactStat(quick, fd);
    const look: PathLook = { stat, bornMs: quick.birthtimeMs, changedMs: quick.ctimeMs };
    if ((stat.mode & S_IFMT) === S_IFLNK) look.link = linkOfFd(libc, fd);
    return look;
  } finally {
    closeSync(fd);
  }
}

/** readlinkat(fd, "") as /proc/self/fd/N would give the place of the link, not what it says. */
function linkOfFd(libc: Libc, fd: number): ByteString {
  const length = check(libc, 'readlinkat', libc.syscall(callNumber('readlinkat'), fd, NOTHING, entries, LONGEST_LINK));
  return entries.toString('latin1', 0, length);
}

/** Entries of a directory as getdents64(2) gives them, without `.` and `..`. Throws as lookInRoot. */
export function listInRoot(libc: Libc, pid: number, path: ByteString): DirectoryEntry[] {
  const fd = openInRoot(libc, pid, path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK);
  try {
    const found: DirectoryEntry[] = [];
    for (;;) {
      const length = check(libc, 'getdents64', libc.syscall(callNumber('getdents64'), fd, entries, entries.length));
      if (length === 0) return found;
      readEntries(length, found);
    }
  } finally {
    closeSync(fd);
  }
}

/** struct linux_dirent64: ino 8, offset 8, length 2, type 1, name. */
function readEntries(length: number, found: DirectoryEntry[]): void {
  for (let at = 0; at + 19 <= length; ) {
    const size = entries.readUInt16LE(at + 16);
    if (size < 19) throw systemError('getdents64', 'EIO');
    const end = entries.indexOf(0, at + 19);
    const name = entries.toString('latin1', at + 19, end < 0 || end > at + size ? at + size : end);
    if (name !== '.' && name !== '..') found.push({ name, ino: String(entries.readBigUInt64LE(at)), type: entryType(entries[at + 18]!) });
    at += size;
  }
}

export function entryType(type: number): DirectoryEntry['type'] {
  return type === 4 ? 'directory' : type === 8 ? 'file' : type === 10 ? 'link' : type === 0 ? 'unknown' : 'other';
}

/** A small regular file, whole. Throws as lookInRoot, and EINVAL for what is none, EFBIG over 256 KiB. */
export function readInRoot(libc: Libc, pid: number, path: ByteString): ByteString {
  const fd = openInRoot(libc, pid, path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) throw systemError('read', 'EINVAL');
    const buffer = Buffer.alloc(MOST_BYTES + 1);
    const length = readSync(fd, buffer, 0, buffer.length, 0);
    if (length > MOST_BYTES) throw systemError('read', 'EFBIG');
    return buffer.toString('latin1', 0, length);
  } finally {
    closeSync(fd);
  }
}
