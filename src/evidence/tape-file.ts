/** Tapes on disk. */
import { constants as bufferConstants } from 'node:buffer';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { errnoOf } from './errno.ts';
import { TapeError } from './tape-format.ts';
import { readTape, type TapeEvidence } from './tape-read.ts';

/** 512 MiB, or what fits a string of this Node: a few bytes less. */
const MAX_TAPE_BYTES = Math.min(512 * 1024 * 1024, bufferConstants.MAX_STRING_LENGTH);

/** @throws TapeError when the file cannot be read, is no regular file, is over 512 MiB, or is no whole tape */
export function loadTapeFile(path: string): TapeEvidence {
  return readTape(readRegular(path), path);
}

function readRegular(path: string): string {
  let fd: number;
  try {
    // Before the open: opening a device may already do something. O_NONBLOCK and the second look are for a swap in between.
    requireRegular(statSync(path).isFile(), path);
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof TapeError) throw error;
    throw new TapeError(`${path}: cannot be read (${errnoOf(error)}); name a tape that reloadctl record has made`);
  }
  try {
    const stat = fstatSync(fd);
    requireRegular(stat.isFile(), path);
    if (stat.size > MAX_TAPE_BYTES) {
      throw new TapeError(`${path}: ${stat.size} bytes, and a tape has at most 512 MiB; record a shorter time`);
    }
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

/**
 * Writes a tape, mode 0600, by rename: a reader sees the old file or the whole new one. A symbolic link is followed.
 * @throws TapeError when `path` is there and is no regular file; else what the file system says
 */
export function saveTapeFile(path: string, text: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  const destination = there?.isSymbolicLink() ? realpathSync(path) : path;
  if (there !== undefined) requireRegular(statSync(destination).isFile(), path);
  const temporary = `${destination}.${process.pid}.${process.getBuiltinModule('node:crypto').randomBytes(4).toString('hex')}.tmp`;
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, destination);
  } catch (error) {
    try {
      unlinkSync(temporary);
    } catch (cleaning) {
      // It may never have been made; what went wrong first is what matters.
      errnoOf(cleaning);
    }
    throw error;
  }
}

function requireRegular(regular: boolean, path: string): void {
  if (!regular) throw new TapeError(`${path}: not a regular file; a tape is read from and written to regular files`);
}
