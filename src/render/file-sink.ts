import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Sink } from './types.ts';

const CHUNK = 64 * 1024;

/** An output file that is refused or cannot be made: a message for the user, `FILE: what`. */
export class OutputFileError extends Error {
  override readonly name = 'OutputFileError';
}

function asOutputError(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof OutputFileError || code === undefined) return error;
  return new OutputFileError(`${path}: cannot be written (${code})`, { cause: error });
}

function refuse(path: string, what: string): never {
  throw new OutputFileError(`${path}: ${what}`);
}

/**
 * Whether the name is written in place: a device or FIFO (/dev/null, /dev/fd/63) must never be replaced by a file.
 * A symbolic link to a file is refused: replacing it surprises, and following it as root in /tmp is an old attack.
 */
async function writtenInPlace(path: string): Promise<boolean> {
  try {
    const named = await lstat(path);
    const meant = named.isSymbolicLink() ? await stat(path) : named;
    if (meant.isFIFO() || meant.isCharacterDevice()) return true;
    if (named.isSymbolicLink()) refuse(path, 'is a symbolic link, name the file itself (or - for stdout)');
    if (!meant.isFile()) refuse(path, meant.isDirectory() ? 'is a directory' : 'is not a regular file');
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return false;
  }
}

/**
 * A file that appears whole or not at all: written beside its place with mode 0600, renamed by `finish`. `discard` leaves
 * what was there before. Opening throws OutputFileError.
 */
export class FileSink implements Sink {
  readonly path: string;
  readonly #handle: FileHandle;
  /** Absent when written in place. */
  readonly #temporary: string | undefined;
  #buffer = '';

  private constructor(path: string, handle: FileHandle, temporary: string | undefined) {
    this.path = path;
    this.#handle = handle;
    this.#temporary = temporary;
  }

  static async open(path: string): Promise<FileSink> {
    try {
      if (await writtenInPlace(path)) return new FileSink(path, await open(path, constants.O_WRONLY), undefined);
      const temporary = join(dirname(path), `.reloadctl-${process.getBuiltinModule('node:crypto').randomBytes(8).toString('hex')}.tmp`);
      return new FileSink(path, await open(temporary, 'wx', 0o600), temporary);
    } catch (error) {
      throw asOutputError(path, error);
    }
  }

  write(chunk: string): void | Promise<void> {
    this.#buffer += chunk;
    if (this.#buffer.length >= CHUNK) return this.#flush();
  }

  /** Bytes as they are, behind what was written before. */
  async writeBytes(bytes: Buffer): Promise<void> {
    await this.#flush();
    try {
      await this.#handle.appendFile(bytes);
    } catch (error) {
      throw asOutputError(this.path, error);
    }
  }

  /** Writes the rest and puts the file in its place. */
  async finish(): Promise<void> {
    try {
      await this.#flush();
      await this.#handle.close();
      if (this.#temporary !== undefined) await rename(this.#temporary, this.path);
    } catch (error) {
      await this.discard();
      throw asOutputError(this.path, error);
    }
  }

  /** Gives up: what stood at the path before stays. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    if (this.#temporary !== undefined) await rm(this.#temporary, { force: true });
  }

  async #flush(): Promise<void> {
    const chunk = this.#buffer;
    this.#buffer = '';
    try {
      // appendFile loops over short writes; write would leave the rest to us.
      await this.#handle.appendFile(chunk);
    } catch (error) {
      throw asOutputError(this.path, error);
    }
  }
}
