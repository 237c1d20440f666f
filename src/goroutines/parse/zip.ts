/** Entries of a ZIP archive (debug.zip of cockroach and others) that is held in memory. Stored and deflated ones, no encryption. */
import { inflateRawSync } from 'node:zlib';

export interface ZipEntry {
  name: string;
  /** Throws RangeError when it unpacks to more than `most` bytes, Error when it is broken. */
  unpack(most: number): Buffer;
}

export class ZipError extends Error {
  override readonly name = 'ZipError';
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const LONGEST_COMMENT = 65_535;

export function isZip(head: Buffer): boolean {
  const start = head.toString('latin1', 0, 4);
  return start === 'PK\x03\x04' || start === 'PK\x05\x06';
}

/** From the central directory (APPNOTE.TXT 4.3.12). Throws ZipError. */
export function zipEntries(archive: Buffer): ZipEntry[] {
  const end = endOf(archive);
  const count = archive.readUInt16LE(end + 10);
  const entries: ZipEntry[] = [];
  let at = archive.readUInt32LE(end + 16);
  for (let i = 0; i < count; i++) {
    if (at + 46 > archive.length || archive.readUInt32LE(at) !== CENTRAL) throw new ZipError('its directory is broken');
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset)) as [number, number, number];
    const name = archive.subarray(at + 46, at + 46 + nameLength).toString('utf8');
    const header = { method: archive.readUInt16LE(at + 10), packed: archive.readUInt32LE(at + 20), size: archive.readUInt32LE(at + 24), local: archive.readUInt32LE(at + 42) };
    if (!name.endsWith('/')) entries.push({ name, unpack: (most) => unpack(archive, header, most) });
    at += 46 + nameLength + extra + comment;
  }
  return entries;
}

function endOf(archive: Buffer): number {
  for (let at = archive.length - 22; at >= Math.max(0, archive.length - 22 - LONGEST_COMMENT); at--) if (archive.readUInt32LE(at) === END) return at;
  throw new ZipError('it is cut: it has no directory');
}

function unpack(archive: Buffer, header: { method: number; packed: number; size: number; local: number }, most: number): Buffer {
  const { method, packed, size, local } = header;
  if (local + 30 > archive.length || archive.readUInt32LE(local) !== LOCAL) throw new ZipError('an entry is broken');
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  if (start + packed > archive.length) throw new ZipError('an entry is cut');
  if (size > most) throw new RangeError('too large');
  const bytes = archive.subarray(start, start + packed);
  if (method === 0) return bytes;
  if (method !== 8) throw new ZipError(`compression method ${method}`);
  return inflateRawSync(bytes, { maxOutputLength: most });
}
