/** What every answer has, and what the simplest are made of. */

/**
 * Bytes as a latin1 string: char code N is byte N. Everything the kernel says is kept so until it is shown:
 * names hold any byte, and one-byte strings are the cheapest thing to scan in V8.
 */
export type ByteString = string;

/**
 * An errno name (`ENOENT`, `EACCES`, ...) or one of ours: `ENOTRECORDED` (not on the tape), `ETIMEDOUT` (a class B
 * reader was given up on), `EINTR` (a signal came first: nobody waits for it any more), `ENOREADER` (no reader could be
 * started), `ENOTSUP` (no native calls on this host), `EFBIG` (over the size limit).
 */
export type Errno = string;

export interface Answer<T> {
  /** Absent exactly when `errno` is there. */
  value?: T;
  errno?: Errno;
  /** Monotonic ms since the evidence was opened. */
  at: number;
  /** What was asked, in words anybody can look up: a path, `sock_diag inet`, ... */
  source: string;
}

/** RLIMIT_NOFILE, in descriptors; null is unlimited. */
export interface OpenFilesLimit {
  soft: number | null;
  hard: number | null;
}

/** stat(2) following links. Inode and device as decimal strings: both can exceed 2^53. */
export interface FileStat {
  /** st_dev as the C library encodes it, decimal. */
  dev: string;
  ino: string;
  /** st_mode, type and permission bits. */
  mode: number;
  nlink: number;
  /** st_size, bytes. */
  size: number;
  /** st_blocks * 512, bytes really allocated. */
  allocatedBytes: number;
  /** st_ctime, ms since 1970, in whole seconds; absent on tapes of earlier versions. */
  changedMs?: number;
}

/** Many links of one directory, in the order asked. */
export interface LinkAnswers {
  /** Undefined exactly where `errnos` has the index. */
  values: (ByteString | undefined)[];
  errnos: Map<number, Errno>;
}

/** A table that is being read, ascending. */
export interface LinkWalk {
  /** Reads up to `most` more; false when there is nothing left to read. @throws with `code` an errno name when the rest cannot be listed */
  next(most: number): boolean;
  /** Is there nothing left, or could the rest not be listed? */
  readonly isWhole: boolean;
  /** Why those that are open could not be read, by number. */
  readonly errnos: ReadonlyMap<number, Errno>;
  close(): void;
}

/** The errno of an answer that a tape does not hold. */
export const NOT_RECORDED = 'ENOTRECORDED';
