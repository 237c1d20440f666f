/** Large files that the user names: read as they come, never as a whole. */
import { constants, createReadStream, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { errnoOf } from './errno.ts';

const CHUNK_BYTES = 1024 * 1024;
/** What the shell makes of `<(command)`. */
const OWN_PIPE = /^\/(?:dev|proc\/self)\/fd\/(\d{1,9})$/;

export interface InputStream {
  /** Bytes; undefined for a pipe. */
  size: number | undefined;
  /** Last change, ms since 1970; undefined for a pipe. */
  changedMs: number | undefined;
  /** To be read once; closes what it reads when it is left. */
  chunks: AsyncIterable<Buffer>;
}

export type OpenedInput = { input: InputStream; problem?: never } | { input?: never; problem: string };

/** A regular file or a pipe from the shell; else why it cannot be read, in words. */
export async function openInput(path: string): Promise<OpenedInput> {
  try {
    const about = statSync(path);
    const pipe = OWN_PIPE.exec(path)?.[1];
    if (about.isFIFO() && pipe !== undefined) return { input: streamInput(createReadStream('', { fd: Number(pipe) })) };
    if (!about.isFile()) return { problem: about.isDirectory() ? 'is a directory' : 'is not a regular file' };
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return { input: { size: about.size, changedMs: about.mtimeMs, chunks: chunksOf(handle) } };
  } catch (error) {
    const words: Record<string, string> = { ENOENT: 'no such file', ENOTDIR: 'no such file', EACCES: 'not permitted to read it' };
    const errno = errnoOf(error);
    return { problem: words[errno] ?? `cannot be read (${errno})` };
  }
}

/** Standard input, or any other stream. */
export function streamInput(stream: Readable, signal?: AbortSignal): InputStream {
  async function* chunks(): AsyncGenerator<Buffer> {
    const stop = (): void => void stream.destroy();
    signal?.addEventListener('abort', stop);
    try {
      for await (const chunk of stream) yield Buffer.from(chunk as Buffer);
    } catch (error) {
      if (!signal?.aborted) throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
      stream.destroy();
    }
  }
  return { size: undefined, changedMs: undefined, chunks: chunks() };
}

/** Is there anything of this name? */
export function inputExists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

async function* chunksOf(handle: FileHandle): AsyncGenerator<Buffer> {
  try {
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}
