/** A program whose table of sections was cut off (sstrip): what matters is found by what it looks like, in the segments that are loaded. */
import type { RandomFile } from '../../evidence/types.ts';
import { type Elf, numberAt, type Section, type Segment, take } from './elf.ts';

const LOAD = 1;
const EXECUTE = 1;
const WRITE = 2;
const MOST_SEGMENT = 512 * 1024 * 1024;
const HEADER = 72;
const MOST_FUNCTIONS = 10_000_000;
const PROG_BITS = 1;

/** As if the table were there: constants, variables and the table of functions. As it is where it has sections. */
export function withSections(file: RandomFile, elf: Elf): Elf {
  if (elf.sections.length > 0 || elf.isCore) return elf;
  const sections = elf.segments.filter(({ type }) => type === LOAD).flatMap((segment) => sectionsOf(file, segment));
  return sections.some(({ name }) => name === '.gopclntab') ? { ...elf, sections } : elf;
}

function sectionsOf(file: RandomFile, { flags, address, offset, fileSize, memorySize }: Segment): Section[] {
  const section = (name: string, from: number, size: number): Section => ({ name, type: PROG_BITS, address: address + from, offset: offset + from, size, link: 0 });
  const constants = flags & (WRITE | EXECUTE) ? [] : [section('.rodata', 0, fileSize)];
  const variables = flags & WRITE ? [section('.data', 0, memorySize)] : [];
  const bytes = fileSize <= MOST_SEGMENT && !(flags & EXECUTE) ? take(file, offset, fileSize) : undefined;
  const at = bytes ? tableIn(bytes) : -1;
  return [...constants, ...variables, ...(at < 0 ? [] : [section('.gopclntab', at, fileSize - at)])];
}

/** runtime/symtab.go pcHeader: a magic number, two zeros, sizes, and offsets that ascend and stay within. */
function tableIn(bytes: Buffer): number {
  for (const magic of ['\xf1\xff\xff\xff\0\0', '\xf0\xff\xff\xff\0\0']) {
    for (let at = bytes.indexOf(magic, 0, 'latin1'); at >= 0; at = bytes.indexOf(magic, at + 1, 'latin1')) {
      if (at % 8 !== 0 || at + HEADER > bytes.length || ![1, 4].includes(bytes[at + 6]!) || bytes[at + 7] !== 8) continue;
      const offsets = [0, 1, 2, 3, 4].map((index) => numberAt(bytes, at + 32 + index * 8));
      const ascend = offsets.every((offset, index) => offset >= (offsets[index - 1] ?? HEADER) && at + offset < bytes.length);
      if (ascend && numberAt(bytes, at + 8) <= MOST_FUNCTIONS) return at;
    }
  }
  return -1;
}
