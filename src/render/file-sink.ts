import { constants, fstatSync, writeSync } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { asOutputError, OutputFileError } from './output-error.ts';
import type { Sink } from './types.ts';

const CHUNK = 64 * 1024;
/** Between two tries to write to a pipe that is full. */
const PIPE_PAUSE_MS = 5;

function refuse(path: string, what: string): never {
  throw new OutputFileError(`${path}: ${what}`);
}

/** Device number of /dev/null: Documentation/admin-guide/devices.txt. */
const NULL_DEVICE = 0x103;

/** Can this open descriptor be no terminal? Asked of the descriptor: Node's streams take milliseconds to load. */
export function isNoTerminal(fd: number): boolean {
  const stat = fstatSync(fd);
  return !stat.isCharacterDevice() || stat.rdev === NULL_DEVICE;
}

/**
 * A sink over a descriptor that is open already and no terminal, as stdout may be. Node's own stream for a file takes a short
 * write, which is how a disk becomes full, for a whole one: the end would be missing, and nobody would say so. A reader of a
 * pipe that closes early (`| head -1`) only sets `closed`. The flags of the description, which others share, stay as they are.
 */
export class DescriptorSink implements Sink {
  closed = false;
  readonly #fd: number;
  readonly #name: string;
  #buffer = '';

  /** @param name what messages call it */
  constructor(fd: number, name: string) {
    this.#fd = fd;
    this.#name = name;
  }

  /** A promise where a chunk is to be written. It fails with OutputFileError. */
  write(chunk: string): void | Promise<void> {
    if (this.closed) return;
    this.#buffer += chunk;
    if (this.#buffer.length >= CHUNK) return this.#flush();
  }

  /** Writes the rest. Throws OutputFileError. */
  async drained(): Promise<void> {
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.from(this.#buffer);
    this.#buffer = '';
    this.closed = !(await writeWhole(bytes, this.#name, (at) => writeSync(this.#fd, bytes, at)));
  }
}

/**
 * All of `bytes` by `write`, which takes the place to go on from and answers how many it took. False when the reader has gone.
 * @throws OutputFileError with `name`
 */
async function writeWhole(bytes: Buffer, name: string, write: (at: number) => number | Promise<number>): Promise<boolean> {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += await write(at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE' || code === 'ECONNRESET') return false;
      if (code !== 'EAGAIN') throw asOutputError(name, error);
      await sleep(PIPE_PAUSE_MS);
    }
  }
  return true;
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
 * The one writer of output files, reports and tapes: a file appears whole or not at all, written beside its place with mode
 * 0600 and renamed by `finish`. `discard` leaves what was there before. A device or FIFO is written in place; when its reader
 * goes, `closed` is set and the rest is dropped, as on stdout. All that the system refuses is an OutputFileError.
 */
export class FileSink implements Sink {
  closed = false;
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

  /**
   * @param mode of the file: its owner's alone, unless somebody else is to read it
   * @throws OutputFileError for what must not be replaced or cannot be written, a FIFO that nobody reads among it
   */
  static async open(path: string, mode = 0o600): Promise<FileSink> {
    try {
      // O_NONBLOCK: to open a FIFO without a reader would wait for one, out of reach of any signal.
      if (await writtenInPlace(path)) return new FileSink(path, await open(path, constants.O_WRONLY | constants.O_NONBLOCK), undefined);
      const temporary = join(dirname(path), `.reloadctl-${process.getBuiltinModule('node:crypto').randomBytes(8).toString('hex')}.tmp`);
      return new FileSink(path, await open(temporary, 'wx', mode), temporary);
    } catch (error) {
      throw asOutputError(path, error);
    }
  }

  write(chunk: string): void | Promise<void> {
    if (this.closed) return;
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

  /** Gives up: what stood at the path before stays. Of one that is finished there is nothing to give up. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    if (this.#temporary !== undefined) await rm(this.#temporary, { force: true });
  }

  async #flush(): Promise<void> {
    const chunk = this.#buffer;
    this.#buffer = '';
    try {
      // appendFile loops over short writes, but gives up at a pipe that is full.
      if (this.#temporary !== undefined) await this.#handle.appendFile(chunk);
      else {
        const bytes = Buffer.from(chunk);
        this.closed = !(await writeWhole(bytes, this.path, async (at) => (await this.#handle.write(bytes, at)).bytesWritten));
      }
    } catch (error) {
      throw asOutputError(this.path, error);
    }
  }
}
