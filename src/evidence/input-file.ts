/** Files the user names as input: saved reports, tapes, policies. */
import { constants as bufferConstants } from 'node:buffer';
import { closeSync, constants, createReadStream, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { errnoOf } from './errno.ts';
import { isOutOfDescriptors } from './spare.ts';

/** What the shell makes of `<(command)`. */
const OWN_PIPE = /^\/(?:dev|proc\/self)\/fd\/(\d{1,9})$/;
/** 512 MiB, or what fits a string of this Node. */
const MAX_BYTES = Math.min(512 * 1024 * 1024, bufferConstants.MAX_STRING_LENGTH);

/** RFC 1952, 2.3.1. */
const GZIP = [0x1f, 0x8b];

export type InputText = { text: string; problem?: never } | { text?: never; problem: string };

/** The text of a regular file or of a pipe from the shell, unpacked where it is gzip; else why there is none, in words. UTF-8; a byte order mark is dropped. */
export async function readInputFile(path: string): Promise<InputText> {
  try {
    const stat = statSync(path);
    const pipe = OWN_PIPE.exec(path)?.[1];
    if (stat.isFIFO() && pipe !== undefined) return await readInputStream(createReadStream('', { fd: Number(pipe) }));
    // Before the open: opening a device may already do something, and a pipe without a writer would hold us.
    if (!stat.isFile()) return { problem: stat.isDirectory() ? 'is a directory' : 'is not a regular file' };
    return readRegular(path);
  } catch (error) {
    return { problem: reasonOf(error) };
  }
}

/** All of a stream, as of a file. `signal` ends the waiting. */
export async function readInputStream(stream: Readable, signal?: AbortSignal): Promise<InputText> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const stop = (): void => void stream.destroy();
  signal?.addEventListener('abort', stop);
  try {
    for await (const chunk of stream) {
      const buffer = Buffer.from(chunk as Buffer);
      bytes += buffer.length;
      if (bytes > MAX_BYTES) return { problem: 'has more than 512 MiB' };
      chunks.push(buffer);
    }
    return signal?.aborted ? { problem: 'was not read to its end: stopped by a signal' } : decode(Buffer.concat(chunks));
  } catch (error) {
    return { problem: signal?.aborted ? 'was not read to its end: stopped by a signal' : reasonOf(error) };
  } finally {
    signal?.removeEventListener('abort', stop);
    stream.destroy();
  }
}

function readRegular(path: string): InputText {
  // O_NONBLOCK and the second look are for a swap in between.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return { problem: 'is not a regular file' };
    if (stat.size > MAX_BYTES) return { problem: 'has more than 512 MiB' };
    return decode(readFileSync(fd));
  } finally {
    closeSync(fd);
  }
}

function decode(bytes: Buffer): InputText {
  const isPacked = bytes[0] === GZIP[0] && bytes[1] === GZIP[1];
  if (!isPacked) return { text: textOf(bytes) };
  try {
    // A file of a megabyte may say that it holds a terabyte.
    return { text: textOf(process.getBuiltinModule('node:zlib').gunzipSync(bytes, { maxOutputLength: MAX_BYTES })) };
  } catch (error) {
    const isLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return { problem: isLarge ? 'unpacks to more than 512 MiB' : 'is a gzip file that is cut off or damaged' };
  }
}

function textOf(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

/** Our own want of descriptors says nothing of the file. */
function reasonOf(error: unknown): string {
  if (isOutOfDescriptors(error)) throw error;
  const errno = errnoOf(error);
  const words: Record<string, string> = { ENOENT: 'no such file', ENOTDIR: 'no such file', EACCES: 'not permitted to read it' };
  return words[errno] ?? `cannot be read (${errno})`;
}
