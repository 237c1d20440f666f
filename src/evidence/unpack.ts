/** Packed bytes to plain ones, block by block, each handed out before the next is asked for. Data that is cut or damaged gives all before that place, then its error. */
import type { Readable, Transform } from 'node:stream';

const CHUNK = 256 * 1024;
/** CRC and length behind each member of a gzip file. */
const TRAILER = 8;

/**
 * Members one after the other (RFC 1952); what is no member behind the last one is passed over, as gzip does. Node's own way to read gzip
 * fails there, and loses with that all it had unpacked of the last block.
 */
export async function* gunzipped(packed: Readable): AsyncGenerator<Buffer> {
  const { crc32, createInflateRaw } = process.getBuiltinModule('node:zlib');
  const blocks = (packed as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  const more = async (): Promise<boolean> => {
    const { value, done } = await blocks.next();
    if (done) return false;
    rest = rest.length === 0 ? value : Buffer.concat([rest, value]);
    return true;
  };
  for (let isFirst = true; ; isFirst = false) {
    let head = headOf(rest);
    while (head === undefined && (await more())) head = headOf(rest);
    if (head === undefined || head === 0) {
      if (isFirst) throw failure(head === undefined ? 'Z_BUF_ERROR' : 'Z_DATA_ERROR');
      return;
    }
    rest = rest.subarray(head);
    const unpack = createInflateRaw({ chunkSize: CHUNK });
    let fed = 0;
    let last = rest;
    const source = async function* (): AsyncGenerator<Buffer> {
      do {
        if (rest.length === 0) continue;
        last = rest;
        rest = Buffer.alloc(0);
        fed += last.length;
        yield last;
      } while (await more());
    };
    let crc = 0;
    let length = 0;
    for await (const block of through(source(), unpack, () => unpack.bytesWritten < fed)) {
      crc = crc32(block, crc);
      length = (length + block.length) >>> 0;
      yield block;
    }
    rest = last.subarray(last.length - (fed - unpack.bytesWritten));
    while (rest.length < TRAILER && (await more()));
    if (rest.length < TRAILER) throw failure('Z_BUF_ERROR');
    if (rest.readUInt32LE(0) !== crc || rest.readUInt32LE(4) !== length) throw failure('Z_CHECKSUM');
    rest = rest.subarray(TRAILER);
  }
}

function failure(code: string): Error {
  return Object.assign(new Error('gzip'), { code });
}

const FLAG = { crc: 2, extra: 4, name: 8, comment: 16 };

/** Length of the head of a member; undefined while it is not all there, 0 when it is none. */
function headOf(bytes: Buffer): number | undefined {
  const isNone = [0x1f, 0x8b, 8].some((byte, at) => at < bytes.length && bytes[at] !== byte);
  if (isNone) return 0;
  if (bytes.length < 10) return undefined;
  const flags = bytes[3]!;
  let at = 10;
  if (flags & FLAG.extra) {
    if (bytes.length < at + 2) return undefined;
    at += 2 + bytes.readUInt16LE(at);
  }
  for (const text of [FLAG.name, FLAG.comment]) {
    if ((flags & text) === 0) continue;
    const end = bytes.indexOf(0, at);
    if (end < 0) return undefined;
    at = end + 1;
  }
  if (flags & FLAG.crc) at += 2;
  return at <= bytes.length ? at : undefined;
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
  return zlib.createZstdDecompress ? through(packed as AsyncIterable<Buffer>, zlib.createZstdDecompress({ chunkSize: CHUNK })) : byLibrary(packed);
}

/** The same of bytes from anywhere. */
export function unzstdedChunks(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  return unzstded(process.getBuiltinModule('node:stream').Readable.from(packed, { objectMode: false }));
}

/**
 * A stream that fails forgets what it holds: so all of one block is taken out before the next one, or the end, goes in.
 * @param isOver it has come to its end before its input did
 */
async function* through(packed: AsyncIterable<Buffer>, unpack: Transform, isOver = (): boolean => false): AsyncGenerator<Buffer> {
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
    for await (const block of packed) {
      state.taken = false;
      unpack.write(block, wake(() => (state.taken = true)));
      yield* drain(() => state.taken);
      if (!isOver()) continue;
      yield* drain(() => state.ended);
      return;
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
