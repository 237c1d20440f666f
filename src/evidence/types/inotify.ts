/** Questions about inotify, and what they are answered with. */
import type { Answer, ByteString, FileStat } from './answer.ts';

/** A file handle as fdinfo of inotify shows it: its type, and its bytes in hexadecimal. */
export interface FileHandle {
  type: number;
  bytes: string;
}

/** What a file handle leads to. */
export interface HandlePath {
  /** From the root of the process; ends with ` (deleted)` when this name is gone. */
  path: ByteString;
  directory: boolean;
  /** No name is left at all (st_nlink is 0); only told where the path ends with ` (deleted)`. */
  unlinked?: boolean;
}

/** One path of a process, symbolic links not followed. */
export interface PathLook {
  stat: FileStat;
  /** Where it leads, when it is a symbolic link. */
  link?: ByteString;
  /** When it was made, 0 where the file system keeps no such time; and last changed (ctime), a rename included. Ms since 1970. */
  bornMs?: number;
  changedMs?: number;
}

export interface DirectoryEntry {
  name: ByteString;
  /** As getdents64 says it; of a mount point that of the directory below the mount. */
  ino: string;
  type: 'directory' | 'file' | 'link' | 'other' | 'unknown';
}

/** Something met on a mount. */
export interface FoundPath {
  /** From the directory where the search began; empty for that itself. */
  path: ByteString;
  /** st_dev as the C library encodes it, decimal. */
  dev: string;
  ino: string;
  directory: boolean;
}

export interface MountSearch {
  found: FoundPath[];
  /** st_dev of where it began, which need not be the file system that was meant: another mount may lie on it. */
  dev?: string;
  /** How many things were met. */
  entries: number;
  /** It came to its end, and met all there is. */
  whole: boolean;
}

/** What a watching program is, as far as it is of public names only. */
export interface WatcherProgram {
  /** `node`, `bun`, `deno`, `go`, `python`, `inotifywait`, `tail`, `systemd`, ...; absent when none of those. */
  runtime?: string;
  /** What of the command line names a watcher: the script `nodemon`, `tsx`, `webpack` or `vite`, the options `--watch` and `--hot`; `watchfiles` by its native code. */
  words: string[];
  /** Watching packages that the program could load, with their versions. */
  packages: { name: string; version: string; /** Its native code is mapped. */ loaded?: boolean }[];
}

/** Questions about inotify instances of other processes, and about files as these processes see them. */
export interface InotifyQuestions {
  /** Bytes that wait in the queue of an instance: pidfd_getfd, FIONREAD, close. Nothing is consumed. */
  queueBytes(pid: number, fd: number): Answer<number>;
  /** Paths by handle, on the file system mounted at `mountPoint` of the process; in the order of `handles`. EPERM without CAP_DAC_READ_SEARCH. */
  pathsOfHandles(pid: number, mountPoint: ByteString, handles: readonly FileHandle[]): Answer<HandlePath>[];
  /** lstat and readlink of an absolute path below the root of the process. ELOOP when a directory of the path is a symbolic link. */
  lookInRoot(pid: number, path: ByteString): Answer<PathLook>;
  /**
   * The handle of what is at such a path, as fdinfo of inotify prints it: by that two things of an overlay can be told apart, whose
   * inode numbers are those of their layers. EINVAL or EOPNOTSUPP where the kernel (before 6.5) or the file system makes none.
   */
  handleInRoot(pid: number, path: ByteString): Answer<FileHandle>;
  /** Entries of a directory below the root of the process, with inode numbers. */
  listInRoot(pid: number, path: ByteString): Answer<DirectoryEntry[]>;
  /** Class B: what on a mount of the process has one of these inode numbers. Only for mounts whose root asks nobody when it is opened (FUSE). */
  searchMount(pid: number, mountPoint: ByteString, inos: readonly string[]): Promise<Answer<MountSearch>>;
  /** What program this is: from exe (A), cmdline and maps (B), and package.json of packages it could load. */
  watcherProgram(pid: number): Promise<Answer<WatcherProgram>>;
}
