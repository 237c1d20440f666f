/** Programs of Go whose table of functions has no section of its own: what matters is found by what it looks like. */
import type { RandomFile } from '../../evidence/types.ts';
import type { Elf, Section, Segment } from '../../kernel/elf.ts';
import { findTable } from './find-table.ts';

const LOAD = 1;
const EXECUTE = 1;
const WRITE = 2;
const PROG_BITS = 1;
const NO_BITS = 8;
const TABLES = ['.gopclntab', '.data.rel.ro.gopclntab'];
const MARKS = ['.go.buildinfo', '.note.go.buildid'];
/** Linkers of the system put all that is constant once it is relocated into one section: before 1.26 the table, too. */
const MERGED = '.data.rel.ro';

/** Where its functions are; undefined for what was not built by Go's own compiler. */
export function tableSection({ sections }: Elf): Section | undefined {
  return sections.find(({ name, type }) => TABLES.includes(name) && type !== NO_BITS);
}

/** The same with a section for the table, where there is a table without one. */
export function withTable(file: RandomFile, elf: Elf): Elf {
  if (elf.isCore || tableSection(elf)) return elf;
  const sections = elf.sections.length === 0 ? sectionsOf(file, elf) : [...elf.sections, ...mergedTable(file, elf)];
  return tableSection({ ...elf, sections }) ? { ...elf, sections } : elf;
}

/** Of a program of Go that an external linker put together: any with cgo that is position independent, or a library. */
function mergedTable(file: RandomFile, { sections }: Elf): Section[] {
  // Libraries of other languages have many megabytes that nobody need look through.
  if (!sections.some(({ name }) => MARKS.includes(name))) return [];
  const merged = sections.find(({ name, type }) => name === MERGED && type !== NO_BITS);
  const at = merged && findTable(file, merged.offset, merged.size);
  return at === undefined ? [] : [part(merged!, TABLES[0]!, at, merged!.size - at)];
}

/** The table of sections was cut off (sstrip): as if constants, variables and the table of functions had some. */
function sectionsOf(file: RandomFile, { segments }: Elf): Section[] {
  return segments.filter(({ type }) => type === LOAD).flatMap((segment) => {
    const { flags, offset, fileSize, memorySize } = segment;
    const at = flags & EXECUTE ? undefined : findTable(file, offset, fileSize);
    return [
      ...(flags & (WRITE | EXECUTE) ? [] : [part(segment, '.rodata', 0, fileSize)]),
      ...(flags & WRITE ? [part(segment, '.data', 0, memorySize)] : []),
      ...(at === undefined ? [] : [part(segment, TABLES[0]!, at, fileSize - at)]),
    ];
  });
}

function part({ address, offset }: Pick<Segment, 'address' | 'offset'>, name: string, from: number, size: number): Section {
  return { name, type: PROG_BITS, address: address + from, offset: offset + from, size, link: 0 };
}
