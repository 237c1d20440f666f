/** Gzip as it comes, and what can still be had of a file that is damaged at its end. */
import { Buffer } from 'node:buffer';
import { crc32, createGunzip, inflateRawSync } from 'node:zlib';
import type { Cut } from '../../kernel/goroutines.ts';

/** What a packed file may become. */
const MOST_UNPACKED_BYTES = 16 * 1024 * 1024 * 1024;
/** So much is kept, packed, to be looked at again. */
const MOST_KEPT_BYTES = 64 * 1024 * 1024;
const MOST_UNPACKED_AGAIN = 512 * 1024 * 1024;

/** @param onCut called before the end when the file is not whole; what could be unpacked has come then */
export async function* unpacked(chunks: AsyncIterable<Buffer>, onCut: (cut: Cut) => void): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const kept: Buffer[] = [];
  let keptBytes = 0;
  const feed = (async () => {
    for await (const chunk of chunks) {
      keptBytes += chunk.length;
      if (keptBytes <= MOST_KEPT_BYTES) kept.push(chunk);
      if (!gunzip.write(chunk)) await new Promise<void>((resolve) => void gunzip.once('drain', resolve).once('close', resolve));
    }
    gunzip.end();
  })();
  feed.catch((error: Error) => gunzip.destroy(error));
  let bytes = 0;
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MOST_UNPACKED_BYTES) {
        onCut({ kind: 'limit', detail: 'it unpacks to more than 16 GiB' });
        return;
      }
      yield chunk;
    }
    await feed;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'Z_BUF_ERROR' && code !== 'Z_DATA_ERROR') throw error;
    const again = keptBytes <= MOST_KEPT_BYTES ? unpackedAgain(Buffer.concat(kept)) : undefined;
    if (again && again.bytes.length > bytes) yield again.bytes.subarray(bytes);
    if (again?.isWhole) return;
    onCut({ kind: 'compressed', detail: code === 'Z_BUF_ERROR' ? 'the packed file ends too early' : again ? 'the packed file is damaged: its checksum is another' : 'the packed file is damaged from here on' });
  }
}

const TRAILER_BYTES = 8;

/**
 * zlib keeps back what it unpacked together with a trailer it does not like; without the wrapping it has all of it. What follows
 * a whole member is no part of it (RFC 1952).
 */
function unpackedAgain(packed: Buffer): { bytes: Buffer; isWhole: boolean } | undefined {
  const body = packed.subarray(headerBytes(packed));
  try {
    const { buffer: bytes, engine } = inflateRawSync(body, { info: true, maxOutputLength: MOST_UNPACKED_AGAIN }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    const trailer = body.subarray(engine.bytesWritten, engine.bytesWritten + TRAILER_BYTES);
    // Of further members only zlib knows what it gave.
    if (body[engine.bytesWritten + TRAILER_BYTES] === 0x1f) return undefined;
    return { bytes, isWhole: trailer.length === TRAILER_BYTES && trailer.readUInt32LE(0) === crc32(bytes) && trailer.readUInt32LE(4) === bytes.length };
  } catch {
    // It is damaged before its end, too.
    return undefined;
  }
}

/** Of the first member: ten bytes, and what its flags say follows them. */
function headerBytes(packed: Buffer): number {
  const flags = packed[3] ?? 0;
  let at = 10;
  if (flags & 4) at += 2 + (packed[at] ?? 0) + 256 * (packed[at + 1] ?? 0);
  // A name, and a comment, each to its zero byte.
  for (const flag of [8, 16]) if (flags & flag) at = packed.indexOf(0, at) + 1 || packed.length;
  return flags & 2 ? at + 2 : at;
}
