/** Packed bytes to plain ones, block by block, each handed out before the next is asked for. Data that is cut or damaged gives all before that place, then its error. */
import type { Readable, Transform } from 'node:stream';

const CHUNK = 256 * 1024;

export function gunzipped(packed: Readable): AsyncGenerator<Buffer> {
  return through(packed, process.getBuiltinModule('node:zlib').createGunzip({ chunkSize: CHUNK }));
}

/** The same of bytes from anywhere. */
export function gunzippedChunks(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  return gunzipped(process.getBuiltinModule('node:stream').Readable.from(packed, { objectMode: false }));
}

/** It unpacks to half a MiB at most. */
const SNIFFED = 512;

/** What gzipped bytes begin with; undefined where they are none. */
export function gunzippedStart(packed: Buffer): Buffer | undefined {
  if (packed[0] !== 0x1f || packed[1] !== 0x8b) return undefined;
  const { constants, gunzipSync } = process.getBuiltinModule('node:zlib');
  try {
    return gunzipSync(packed.subarray(0, SNIFFED), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return undefined;
  }
}

/** Node has had zstd since 22.15 and 23.8; before that a library does it. */
export function unzstded(packed: Readable): AsyncGenerator<Buffer> {
  const zlib = process.getBuiltinModule('node:zlib') as unknown as { createZstdDecompress?: (options: object) => Transform };
  return zlib.createZstdDecompress ? through(packed, zlib.createZstdDecompress({ chunkSize: CHUNK })) : byLibrary(packed);
}

/** A stream that fails forgets what it holds: so all of one block is taken out before the next one, or the end, goes in. */
async function* through(packed: Readable, unpack: Transform): AsyncGenerator<Buffer> {
  const state: { error?: Error; ended: boolean; taken: boolean; wake: () => void } = { ended: false, taken: true, wake: () => undefined };
  const wake = (change: () => void) => (): void => {
    change();
    state.wake();
  };
  unpack.on('readable', wake(() => undefined)).on('end', wake(() => (state.ended = true))).on('error', (error: Error) => wake(() => (state.error = error))());
  const drain = async function* (isDone: () => boolean): AsyncGenerator<Buffer> {
    for (;;) {
      const block = unpack.read() as Buffer | null;
      if (block !== null) yield block;
      else if (state.error) throw state.error;
      else if (isDone()) return;
      else await new Promise<void>((resolve) => (state.wake = resolve));
    }
  };
  try {
    for await (const block of packed as AsyncIterable<Buffer>) {
      state.taken = false;
      unpack.write(block, wake(() => (state.taken = true)));
      yield* drain(() => state.taken);
    }
    unpack.end();
    yield* drain(() => state.ended);
  } finally {
    unpack.destroy();
  }
}

async function* byLibrary(packed: Readable): AsyncGenerator<Buffer> {
  const { Decompress } = await import('fzstd');
  let blocks: Buffer[] = [];
  const unpack = new Decompress((block) => blocks.push(Buffer.from(block.buffer, block.byteOffset, block.length)));
  const take = function* (bytes: Uint8Array, isLast: boolean): Generator<Buffer> {
    let problem: unknown;
    try {
      unpack.push(bytes, isLast);
    } catch (error) {
      problem = Object.assign(new Error('zstd', { cause: error }), { code: isLast && /unexpected EOF/.test(String(error)) ? 'ZSTD_CUT' : 'ZSTD_DAMAGED' });
    }
    const out = blocks;
    blocks = [];
    yield* out;
    if (problem !== undefined) throw problem;
  };
  for await (const block of packed as AsyncIterable<Buffer>) yield* take(block, false);
  yield* take(new Uint8Array(0), true);
}
