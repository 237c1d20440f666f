/** The outer form of an execution trace: a header, then batches of one thread and one generation each (internal/trace/batch.go). */

export interface Batch {
  generation: number;
  thread: number;
  /** Of its first event, in units of the trace. */
  time: number;
  data: Uint8Array;
}

/** The file is no trace that is read, or it is broken; in words. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
}

const HEADER = /^go 1\.(\d{1,3}) trace\0\0\0$/;
const HEADER_BYTES = 16;
const EVENT_BATCH = 1;
const EXPERIMENTAL_BATCH = 49;
const END_OF_GENERATION = 52;
/** 64 KiB is the largest the runtime writes (tracev2.MaxBatchSize). */
const MOST_BATCH = 64 * 1024;
/** Its header is 4 numbers of at most 10 bytes, and 2 bytes before them. */
const MOST_HEADER = 42;
const OLDEST = 22;
const NEWEST = 26;

/** Does a file begin like an execution trace? */
export function isTrace(start: Uint8Array): boolean {
  return /^go 1\.\d{1,3} trace\0/.test(Buffer.from(start.subarray(0, HEADER_BYTES)).toString('latin1'));
}

export interface Reader {
  /** 22 is Go 1.22; Go 1.24 writes 23. */
  version: number;
  batches: AsyncIterable<Batch>;
  /** The last batch was cut. */
  cut: boolean;
}

/** Throws TraceError for the form of Go 1.21 and before, and for one that is newer than known. */
export async function readBatches(chunks: AsyncIterable<Buffer>): Promise<Reader> {
  const source = chunks[Symbol.asyncIterator]();
  let buffer: Buffer = Buffer.alloc(0);
  let isBroken = false;
  const more = async (): Promise<boolean> => {
    const { value, done } = await source.next().catch((error: NodeJS.ErrnoException): IteratorResult<Buffer> => {
      if (!error.code?.startsWith('Z_')) throw error;
      // Packed, and cut or damaged: what was before that place is there.
      isBroken = true;
      return { value: undefined, done: true };
    });
    if (done) return false;
    buffer = buffer.length === 0 ? value : Buffer.concat([buffer, value]);
    return true;
  };
  while (buffer.length < HEADER_BYTES && (await more()));
  const version = Number(HEADER.exec(buffer.toString('latin1', 0, HEADER_BYTES))?.[1] ?? Number.NaN);
  if (Number.isNaN(version)) throw new TraceError('no Go execution trace');
  if (version < OLDEST) throw new TraceError(`an execution trace of Go 1.${version}, whose form is not supported: use go tool trace`);
  if (version > NEWEST) throw new TraceError(`an execution trace of Go 1.${version}, newer than 1.${NEWEST}, the newest whose form is known: use go tool trace`);
  buffer = buffer.subarray(HEADER_BYTES);
  const reader: Reader = { version, cut: false, batches: undefined as unknown as AsyncIterable<Batch> };
  async function* batches(): AsyncGenerator<Batch> {
    try {
      for (let ended = false; ; ) {
        if (!ended && buffer.length < MOST_BATCH + MOST_HEADER) ended = !(await more());
        if (buffer.length === 0) {
          reader.cut = isBroken;
          return;
        }
        const { batch, used } = batchAt(buffer);
        if (used === 0 && !ended) continue;
        if (used === 0) {
          reader.cut = true;
          return;
        }
        buffer = buffer.subarray(used);
        if (batch) yield batch;
      }
    } finally {
      await source.return?.();
    }
  }
  reader.batches = batches();
  return reader;
}

/** `used` 0: it is not whole. No batch: one that says nothing of goroutines. Throws TraceError. */
function batchAt(buffer: Buffer): { batch?: Batch; used: number } {
  const type = buffer[0]!;
  if (type === END_OF_GENERATION) return { used: 1 };
  if (type !== EVENT_BATCH && type !== EXPERIMENTAL_BATCH) throw new TraceError(`a broken execution trace: a batch of type ${type}`);
  let at = type === EXPERIMENTAL_BATCH ? 2 : 1;
  const numbers: number[] = [];
  for (let index = 0; index < 4; index++) {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = buffer[at++];
      if (byte === undefined) return { used: 0 };
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    numbers.push(value);
  }
  const [generation, thread, time, size] = numbers as [number, number, number, number];
  if (size > MOST_BATCH) throw new TraceError('a broken execution trace: a batch of more than 64 KiB');
  if (at + size > buffer.length) return { used: 0 };
  const used = at + size;
  return type === EXPERIMENTAL_BATCH ? { used } : { used, batch: { generation, thread, time, data: buffer.subarray(at, used) } };
}
