/** Logs the user names: plain, gzip or zstd, a pipe, stdin. Bytes in order, in blocks, at constant memory. */
import { closeSync, constants, createReadStream, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { errnoOf } from './errno.ts';
import { isOutOfDescriptors } from './spare.ts';
import { gunzipped, unzstded } from './unpack.ts';

export interface LogInput {
  /** As it is shown. */
  name: string;
  /** Bytes of the file as it lies there (compressed, when it is); undefined for pipes. */
  size: number | undefined;
  /** How many of `size` were read. */
  position(): number;
  /**
   * Puts bytes into `into` from `at` on; 0 at the end. A plain file answers at once. Throws LogInputError, also for packed data that
   * is cut or damaged, when all that could be unpacked was handed out.
   */
  read(into: Buffer, at: number): number | Promise<number>;
  close(): void;
}

/** Words for a log that cannot be read: `no such file`. */
export class LogInputError extends Error {
  override readonly name = 'LogInputError';
}

/** The files a name stands for: itself, the matches of a pattern (`*` and `?` in its last part), or `NAME.PID` of strace -ff. */
export function logFilesOf(name: string): string[] {
  try {
    statSync(name);
    return [name];
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') return [name];
  }
  const last = basename(name);
  const isPattern = /[*?]/.test(last);
  const pattern = isPattern ? new RegExp(`^${last.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`) : /$^/;
  const found = entriesOf(dirname(name)).filter((entry) => (isPattern ? pattern.test(entry) : entry.startsWith(`${last}.`) && /^\.\d{1,7}(?:\.gz|\.zst)?$/.test(entry.slice(last.length))));
  const folder = name.slice(0, name.length - last.length);
  return found.length === 0 ? [name] : found.map((entry) => `${folder}${entry}`);
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** Can it be looked into and read again? A pipe cannot. */
export function isRegularLog(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** A file, or a pipe of the shell. @throws LogInputError */
export async function openLogFile(name: string): Promise<LogInput> {
  try {
    const stat = statSync(name);
    if (stat.isDirectory()) throw new LogInputError('is a directory');
    // What the shell makes of <(command), and named pipes: whoever names one wants us to wait for its writer.
    if (stat.isFIFO()) return openLogStream(name, createReadStream(name));
    if (!stat.isFile()) throw new LogInputError('is not a regular file');
    return openRegular(name);
  } catch (error) {
    throw asInputError(error);
  }
}

function openRegular(name: string): LogInput {
  const fd = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
  const stat = fstatSync(fd);
  const magic = Buffer.alloc(4);
  const got = readSync(fd, magic, 0, 4, 0);
  let position = 0;
  const plain: LogInput = {
    name,
    size: stat.size,
    position: () => position,
    read: (into, at) => {
      try {
        const bytes = readSync(fd, into, at, into.length - at, position);
        position += bytes;
        return bytes;
      } catch (error) {
        throw asInputError(error);
      }
    },
    close: () => closeSync(fd),
  };
  if (!isPacked(magic, got)) return plain;
  const packed = createReadStream('', { fd, start: 0, highWaterMark: 256 * 1024 });
  packed.on('data', (block) => (position += block.length));
  packed.pause();
  const input = unpacked(name, packed, magic);
  const close = (): void => {
    // With it goes the descriptor.
    packed.destroy();
    input.close();
  };
  return { ...input, size: stat.size, position: () => position, close };
}

function isPacked(magic: Buffer, length: number): boolean {
  return (length >= 2 && magic.readUInt16BE() === 0x1f8b) || (length >= 4 && magic.readUInt32LE() === 0xfd2fb528);
}

/** stdin, or any other stream; what is packed is told by its first bytes. */
export function openLogStream(name: string, stream: Readable): LogInput {
  let inner: LogInput | undefined;
  const open = async (): Promise<LogInput> => {
    const first = await firstBlock(stream);
    if (first === undefined) return streamInput(name, stream);
    stream.unshift(first);
    return isPacked(first, first.length) ? unpacked(name, stream, first) : streamInput(name, stream);
  };
  return {
    name,
    size: undefined,
    position: () => 0,
    read: async (into, at) => {
      try {
        inner ??= await open();
        return await inner.read(into, at);
      } catch (error) {
        throw asInputError(error);
      }
    },
    close: () => void stream.destroy(),
  };
}

function firstBlock(stream: Readable): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const take = (): void => {
      const block = stream.read() as Buffer | null;
      if (block === null && !stream.readableEnded) return;
      stream.off('readable', take).off('end', take).off('error', reject);
      resolve(block ?? undefined);
    };
    stream.on('readable', take).on('end', take).on('error', reject);
  });
}

function unpacked(name: string, packed: Readable, magic: Buffer): LogInput {
  const isGzip = magic.readUInt16BE() === 0x1f8b;
  return blocksInput(name, isGzip ? gunzipped(packed) : unzstded(packed), packed);
}

function streamInput(name: string, stream: Readable): LogInput {
  return blocksInput(name, stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>, stream);
}

function blocksInput(name: string, blocks: AsyncIterator<Buffer>, stream: Readable): LogInput {
  let left: Buffer | undefined;
  return {
    name,
    size: undefined,
    position: () => 0,
    read: async (into, at) => {
      try {
        while (left === undefined || left.length === 0) {
          const next = await blocks.next();
          if (next.done) return 0;
          left = next.value;
        }
      } catch (error) {
        throw asInputError(error);
      }
      const bytes = left.copy(into, at);
      left = left.subarray(bytes);
      return bytes;
    },
    close: () => void stream.destroy(),
  };
}

/** Our own want of descriptors says nothing of the file. */
function asInputError(error: unknown): unknown {
  if (error instanceof LogInputError || isOutOfDescriptors(error)) return error;
  const errno = errnoOf(error);
  const words: Record<string, string> = {
    ENOENT: 'no such file', ENOTDIR: 'no such file', EACCES: 'not permitted to read it',
    Z_DATA_ERROR: 'is damaged: not a valid gzip file', Z_CHECKSUM: 'is damaged: not a valid gzip file', Z_BUF_ERROR: 'is cut: the gzip data ends too early',
    ZSTD_CUT: 'is cut: the zstd data ends too early', ZSTD_DAMAGED: 'is damaged: not a valid zstd file', ZSTD_error_prefix_unknown: 'is damaged: not a valid zstd file',
  };
  return new LogInputError(words[errno] ?? `cannot be read (${errno})`, { cause: error });
}

/** Pid in the name of a file of strace -ff. */
export function pidOfName(name: string): number | undefined {
  const match = /\.(\d{1,7})(?:\.gz|\.zst)?$/.exec(basename(join('/', name)));
  return match ? Number(match[1]) : undefined;
}
