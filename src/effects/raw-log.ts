/** Files of a recording: the one strace writes to, which nobody else sees, and the one that is kept. */
import { execFile } from 'node:child_process';
import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync, openSync, statfsSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MIB = 2 ** 20;
const BLOCK = 4096;
/** Blocks that are taken ahead of the writer, and how near it comes to their end before more are. */
const AHEAD = 32 * MIB;
const NEAR = 16 * MIB;
/** Better than none, where there is no room for more. */
const LITTLE = 2 * MIB;
/** What was read is given back in such parts. */
const PART = 16 * MIB;
/** After a refusal, so long nothing is asked, ms. */
const PAUSE_MS = 1000;
/** No room at all: what is left are blocks that are too few for one more line of each writer. */
const LEAST_FREE = 64 * 1024;

/** The file strace writes to. */
export interface RawLog {
  /** Where strace opens it: a link of our own process, for the file has no name. */
  path: string;
  /** Open for reading and writing. */
  fd: number;
  /** Gives back the blocks before `read`, and takes some ahead of the writer, so that a disk that others fill does not hurt it. */
  keepRoom(read: number): void;
  /** Bytes of the disk that it takes. */
  held(): number;
  /** The disk had no room for it. */
  isFull(): boolean;
  close(): void;
}

/** Of memory: there where everything else is full. */
const MEMORY = '/dev/shm';

/**
 * Makes the log, 0600 and without a name, in the folder for temporary files. Throws what the file system refuses: EACCES, EROFS, ENOSPC.
 * @param orInMemory where that has no room
 */
export function openRawLog(orInMemory: boolean): RawLog {
  let fd = openNameless(tmpdir());
  if (orInMemory && hasNoRoom(fd)) {
    try {
      const other = openNameless(MEMORY);
      closeSync(fd);
      fd = other;
    } catch {
      // Then its gaps are told.
    }
  }
  const path = `/proc/${process.pid}/fd/${fd}`;
  let freed = 0;
  /** What is being given back, and may be already. */
  let freeing = 0;
  let ahead = 0;
  let isBusy = false;
  let isFull = false;
  let isClosed = false;
  let refusedAt = Number.NEGATIVE_INFINITY;
  // Node has no such call. Where the program or the file system does not know it, the log only grows.
  const allocate = (args: string[], then: (worked: boolean) => void): void => {
    isBusy = true;
    execFile('fallocate', [...args, path], (error) => {
      isBusy = false;
      if (isClosed) return;
      if (error) refusedAt = performance.now();
      then(!error);
    });
  };
  const giveBack = (end: number): void => {
    freeing = end;
    allocate(['--punch-hole', '--offset', '0', '--length', String(end)], (worked) => {
      freeing = 0;
      if (worked) freed = end;
    });
  };
  const takeAhead = (from: number, end: number, bytes: number): void =>
    allocate(['--keep-size', '--offset', String(from), '--length', String(bytes)], (worked) => {
      if (worked) ahead = from + bytes;
      else if (bytes > LITTLE) takeAhead(from, end, LITTLE);
      else if (end > freed) giveBack(end);
    });
  // By the blocks it has, not by what we were told: who fills the disk may be faster than the end of a program that takes some ahead.
  const hasNone = (): boolean => {
    const { size, blocks } = fstatSync(fd);
    return blocks * 512 - (size - Math.max(freed, freeing)) < BLOCK && hasNoRoom(fd);
  };
  const keepRoom = (read: number): void => {
    const { size } = fstatSync(fd);
    isFull ||= hasNone();
    // strace empties it when it opens it, and with it what was taken ahead.
    if (size === 0 || isBusy || performance.now() - refusedAt < PAUSE_MS) return;
    const end = Math.floor(read / BLOCK) * BLOCK;
    if (ahead - size < NEAR) takeAhead(size, end, AHEAD);
    else if (end - freed >= PART) giveBack(end);
  };
  return {
    path, fd, keepRoom,
    held: () => fstatSync(fd).blocks * 512,
    isFull: () => (isFull ||= hasNone()),
    close: () => {
      isClosed = true;
      closeSync(fd);
    },
  };
}

function openNameless(folder: string): number {
  const name = join(folder, `reloadctl-strace-${process.pid}-${process.getBuiltinModule('node:crypto').randomBytes(6).toString('hex')}`);
  const fd = openSync(name, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  unlinkSync(name);
  return fd;
}

function hasNoRoom(fd: number): boolean {
  try {
    const { bsize, bavail, bfree } = statfsSync(`/proc/self/fd/${fd}`);
    return bsize * (process.getuid?.() === 0 ? bfree : bavail) < LEAST_FREE;
  } catch {
    return false;
  }
}

/** What is kept of a log, for the user. */
export interface KeptLog {
  /** Why it is not whole. */
  problem: string | undefined;
  write(bytes: Buffer): void;
  close(): void;
}

/** @param mostBytes no more is kept. Throws what the file system refuses: ENOENT, EACCES, EISDIR, ELOOP for a symbolic link; and what is no file. */
export function openKeptLog(path: string, mostBytes: number): KeptLog {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
  // Of a device (/dev/null) everybody would lose the rights, and a FIFO has no second reading.
  if (!fstatSync(fd).isFile()) {
    closeSync(fd);
    throw new Error(`${path} is no regular file`);
  }
  ftruncateSync(fd);
  fchmodSync(fd, 0o600);
  let kept = 0;
  const log: KeptLog = {
    problem: undefined,
    write: (bytes) => {
      if (log.problem !== undefined) return;
      if (kept + bytes.length > mostBytes) {
        log.problem = `only the first ${Math.floor(kept / MIB)} MiB of the raw log were kept`;
        return;
      }
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
        kept += bytes.length;
      } catch (error) {
        log.problem = `the raw log could not be written: ${(error as Error).message}`;
      }
    },
    close: () => closeSync(fd),
  };
  return log;
}
