/** Which files of a process hold Go: its program, libraries (-buildmode=c-shared), plugins. */
import type { MemoryQuestions, RandomFile } from '../../evidence/types.ts';
import { type Elf, readElf } from '../../kernel/elf.ts';
import type { Mapping } from '../../kernel/proc/maps.ts';
import { tableSection, withTable } from './with-table.ts';

export interface GoFile {
  file: RandomFile;
  elf: Elf;
  path: string;
  /** Where code of it is mapped; absent for the program itself. */
  code?: Mapping;
}

const MOST_LIBRARIES = 256;

/** Files that were found to be none, by device and inode: most processes share theirs. */
export type KnownOthers = Set<string>;

/** The program comes first, then its libraries in the order of their addresses. The caller closes the files. */
export function goFiles(exe: RandomFile, path: string, maps: readonly Mapping[], pid: number, questions: MemoryQuestions, others: KnownOthers): GoFile[] {
  const elf = withTable(exe, readElf(exe));
  const found: GoFile[] = tableSection(elf) ? [{ file: exe, elf, path }] : [];
  const seen = new Set([path]);
  for (const mapping of maps) {
    if (!mapping.executable || !mapping.path.startsWith('/') || seen.has(mapping.path) || others.has(mapping.file) || seen.size > MOST_LIBRARIES) continue;
    seen.add(mapping.path);
    const file = questions.openMapped(pid, mapping.range).value;
    if (!file) continue;
    const library = elfOf(file);
    if (library && tableSection(library)) found.push({ file, elf: library, path: mapping.path, code: mapping });
    else {
      others.add(mapping.file);
      file.close();
    }
  }
  return found;
}

function elfOf(file: RandomFile): Elf | undefined {
  try {
    return withTable(file, readElf(file));
  } catch {
    return undefined;
  }
}
