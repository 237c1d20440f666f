/** Code and constants of a running program: out of its file where that has them, which costs the program nothing. */
import type { RandomFile } from '../../evidence/types.ts';
import { type Elf, take } from '../../kernel/elf.ts';
import type { Space } from './space.ts';

/** Bytes of constant data by their address in memory. */
export type Constants = (address: number, length: number) => Buffer | undefined;

const CHUNK = 32 * 1024;
const MOST_CHUNKS = 2048;
const LOAD = 1;

/** @param bias what was added to the addresses of the file when it was loaded */
export function constantsOf(file: RandomFile, { segments }: Elf, bias: number): Constants {
  const loaded = segments.filter(({ type }) => type === LOAD);
  const cut = inChunks((offset) => take(file, offset, Math.min(CHUNK, file.size - offset)));
  return (address, length) => {
    const at = address - bias;
    const segment = loaded.find((one) => at >= one.address && at + length <= one.address + one.fileSize);
    if (!segment) return undefined;
    const offset = segment.offset + at - segment.address;
    return cut(offset, length) ?? take(file, offset, length);
  };
}

/** Of modules whose files are not opened. */
export function constantsInMemory(space: Space): Constants {
  return inChunks((address) => {
    const bytes = Buffer.alloc(CHUNK);
    return bytes.subarray(0, space.read(address, bytes, 0, CHUNK));
  });
}

/** Small pieces that lie together are asked for again and again: whole chunks are kept. */
function inChunks(read: (start: number) => Buffer | undefined): Constants {
  const chunks = new Map<number, Buffer | undefined>();
  const chunkAt = (start: number): Buffer | undefined => {
    if (chunks.size >= MOST_CHUNKS) chunks.clear();
    if (!chunks.has(start)) chunks.set(start, read(start));
    return chunks.get(start);
  };
  return (from, length) => {
    const start = from - (from % CHUNK);
    const first = chunkAt(start)?.subarray(from - start, from - start + length);
    if (!first || first.length === length || length > CHUNK || from - start + first.length < CHUNK) return first?.length === length ? first : undefined;
    const rest = chunkAt(start + CHUNK)?.subarray(0, length - first.length);
    return rest?.length === length - first.length ? Buffer.concat([first, rest]) : undefined;
  };
}
