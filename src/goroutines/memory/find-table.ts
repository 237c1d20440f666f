/** The table of functions by what it looks like, where no section of its own tells where it is. */
import type { RandomFile } from '../../evidence/types.ts';
import { numberAt, take } from '../../kernel/elf.ts';

const HEADER = 72;
const CHUNK = 1024 * 1024;
const MOST_BYTES = 512 * 1024 * 1024;
const MOST_FUNCTIONS = 10_000_000;
/** Programs have a few such bytes; one with more was made to keep us busy. */
const MOST_LOOKED_AT = 100_000;
/** Magic numbers of Go 1.18 and of 1.20 on, little-endian, and the two zeros behind (runtime/symtab.go pcHeader). */
const MAGICS = ['\xf0\xff\xff\xff\0\0', '\xf1\xff\xff\xff\0\0'];

/**
 * @param offset in the file; a multiple of 8, as the table is
 * @returns where it begins, from `offset` on; undefined where there is none. Takes 1 MiB of memory whatever the size.
 */
export function findTable(file: RandomFile, offset: number, size: number): number | undefined {
  let looked = 0;
  for (let from = 0; from < Math.min(size, MOST_BYTES); from += CHUNK) {
    const bytes = take(file, offset + from, Math.min(size - from, CHUNK + HEADER));
    if (!bytes) return undefined;
    for (const magic of MAGICS) {
      for (let at = bytes.indexOf(magic, 0, 'latin1'); at >= 0; at = bytes.indexOf(magic, at + 1, 'latin1')) {
        if (isHeader(bytes, at, size - from - at)) return from + at;
        if (++looked > MOST_LOOKED_AT) return undefined;
      }
    }
  }
  return undefined;
}

/** Sizes of a machine that we know, and offsets that ascend and stay within. */
function isHeader(bytes: Buffer, at: number, left: number): boolean {
  if (at % 8 !== 0 || at + HEADER > bytes.length || ![1, 4].includes(bytes[at + 6]!) || bytes[at + 7] !== 8) return false;
  const offsets = [0, 1, 2, 3, 4].map((index) => numberAt(bytes, at + 32 + index * 8));
  return offsets.every((one, index) => one >= (offsets[index - 1] ?? HEADER) && one < left) && numberAt(bytes, at + 8) <= MOST_FUNCTIONS;
}
