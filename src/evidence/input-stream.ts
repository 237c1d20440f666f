/** Large files that the user names: read as they come, never as a whole. */
import { close, constants, createReadStream, openSync, read, statSync } from 'node:fs';
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
  /** Of a file: from now on a chunk holds what it does until the next is asked for only. Fresh memory for each costs as much as reading. */
  reuse?(): void;
}

export type OpenedInput = { input: InputStream; problem?: never } | { input?: never; problem: string };

/** A regular file or a pipe from the shell; else why it cannot be read, in words. */
export function openInput(path: string): OpenedInput {
  try {
    const about = statSync(path);
    const pipe = OWN_PIPE.exec(path)?.[1];
    if (about.isFIFO() && pipe !== undefined) return { input: streamInput(createReadStream('', { fd: Number(pipe) })) };
    if (!about.isFile()) return { problem: about.isDirectory() ? 'is a directory' : 'is not a regular file' };
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const memory = new Chunks();
    return { input: { size: about.size, changedMs: about.mtimeMs, chunks: chunksOf(fd, memory), reuse: () => (memory.reused = true) } };
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

class Chunks {
  reused = false;
  private used: Buffer[] = [];

  take(): Buffer {
    if (!this.reused) return Buffer.allocUnsafe(CHUNK_BYTES);
    // One is looked at while the other is filled.
    const [next] = this.used.length < 2 ? [Buffer.allocUnsafe(CHUNK_BYTES)] : this.used.splice(0, 1);
    this.used.push(next!);
    return next!;
  }
}

/** The next chunk is read while the last one is looked at. */
async function* chunksOf(fd: number, memory: Chunks): AsyncGenerator<Buffer> {
  let coming: Promise<Buffer> | undefined;
  try {
    for (;;) {
      const chunk = await (coming ?? filled(fd, memory.take()));
      coming = undefined;
      if (chunk.length === 0) return;
      // Not before it is known whether chunks are kept.
      if (memory.reused) {
        coming = filled(fd, memory.take());
        // Whoever asks for it is told.
        coming.catch(() => undefined);
      }
      yield chunk;
    }
  } finally {
    await coming?.catch(() => undefined);
    await new Promise<void>((resolve) => void close(fd, () => resolve()));
  }
}

function filled(fd: number, buffer: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => void read(fd, buffer, 0, buffer.length, null, (error, bytes) => (error ? reject(error) : resolve(buffer.subarray(0, bytes)))));
}
