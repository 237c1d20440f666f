import type { Writable } from 'node:stream';
import { asOutputError } from './output-error.ts';
import type { Sink } from './types.ts';

/** Characters gathered before one write to the operating system. */
const CHUNK = 16 * 1024;
/** The reader has gone away: no fault of ours and nothing to tell. */
const READER_GONE = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END', 'ERR_STREAM_PREMATURE_CLOSE']);

/** Writes the chunks one by one, no faster than the sink takes them, and stops when nobody reads any more. */
export async function pump(chunks: Iterable<string>, sink: Sink): Promise<void> {
  for (const chunk of chunks) {
    const pending = sink.write(chunk);
    // Awaiting only what is pending: one turn of the event loop per row would cost more than the rows.
    if (pending !== undefined) await pending;
    if (sink.closed) return;
  }
}

/**
 * A sink over stdout or any other stream: gathers chunks of at least 16 KiB and respects back-pressure. A reader that
 * closes early (`| head -1`) only sets `closed`. Other errors (ENOSPC) are thrown by `drained`, as OutputFileError. One per stream.
 */
export class StreamSink implements Sink {
  closed = false;
  readonly #stream: Writable;
  #buffer = '';
  #writing = 0;
  #failure: unknown;
  #waiting: (() => void)[] = [];

  /** @param name what messages call the stream */
  constructor(stream: Writable, name = 'stdout') {
    this.#stream = stream;
    // Stays for good: an EPIPE may come long after the last write, and without a listener it would end the process.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!READER_GONE.has(error.code ?? '')) this.#failure ??= asOutputError(name, error);
      this.#close();
    });
    stream.on('close', () => this.#close());
    stream.on('drain', () => this.#wake());
  }

  /** A promise when the reader is slower than we are. */
  write(chunk: string): void | Promise<void> {
    if (this.closed) return;
    this.#buffer += chunk;
    if (this.#buffer.length >= CHUNK) return this.#flush();
  }

  /** Resolves when everything written so far has left the process, or nobody reads it; await it before the process ends. */
  async drained(): Promise<void> {
    if (!this.closed && this.#buffer !== '') await this.#flush();
    while (!this.closed && this.#writing > 0) await this.#turn();
    if (this.#failure !== undefined) throw this.#failure;
  }

  #flush(): void | Promise<void> {
    const chunk = this.#buffer;
    this.#buffer = '';
    this.#writing++;
    const room = this.#stream.write(chunk, () => {
      this.#writing--;
      if (this.#writing === 0) this.#wake();
    });
    if (!room && !this.closed) return this.#turn();
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #close(): void {
    this.closed = true;
    this.#buffer = '';
    this.#wake();
  }
}
