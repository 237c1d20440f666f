/** A process opened for reading: which file holds its Go code, where that was loaded, and its memory. */
import type { Evidence, MemoryQuestions, RandomFile } from '../../evidence/types.ts';
import { type Elf, NotElf, readElf } from './elf.ts';
import { type Mapping, parseMaps } from './maps.ts';
import { BadTable } from './pclntab.ts';
import { openProgram, type Program } from './program.ts';
import type { Space } from './space.ts';
import { Unreadable } from './unreadable.ts';
import { tableSection, withTable } from './with-table.ts';

export interface OpenProcess {
  program: Program;
  space: Space;
  memory: RandomFile;
  /** False once the process ended, or ran another program (maybe the same one anew): what was read until then may be a part only. */
  isThere(): boolean;
  close(): void;
}

const MOST_LIBRARIES = 64;
const PAGE = 4096;

/** The memory or the program may not be opened: an errno name. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly errno: string;
  readonly source: string;

  constructor(errno: string, source: string) {
    super(`${source}: ${errno}`);
    this.errno = errno;
    this.source = source;
  }
}

/** Throws Refused, or Unreadable with why this is no program whose goroutines can be read. */
export async function openProcessMemory(evidence: Evidence, questions: MemoryQuestions, pid: number): Promise<OpenProcess> {
  // The lock of its memory can be held for ever by what it does in the kernel. cmdline takes the same one: a reader that can be
  // given up on goes first.
  const [answer, gate] = await evidence.readSlow([`/proc/${pid}/maps`, `/proc/${pid}/cmdline`]);
  if (gate?.errno === 'ETIMEDOUT') throw new Refused('ETIMEDOUT', gate.source);
  if (answer?.value === undefined) throw new Refused(answer?.errno ?? 'ENOREADER', `/proc/${pid}/maps`);
  const maps = parseMaps(answer.value);
  const opened: RandomFile[] = [];
  const close = (): void => {
    for (const file of opened) file.close();
  };
  const open = (ask: () => ReturnType<MemoryQuestions['openMemory']>): RandomFile => {
    const { value, errno, source } = ask();
    if (!value) throw new Refused(errno ?? 'EIO', source);
    opened.push(value);
    return value;
  };
  try {
    const memory = open(() => questions.openMemory(pid));
    const space: Space = { read: (address, into, at, length) => memory.read(into, at, length, address) };
    const exe = open(() => questions.openProgram(pid));
    const path = evidence.readlink(`/proc/${pid}/exe`).value ?? '';
    const found = goFile(exe, path, maps, pid, questions, opened);
    const program = openProgram(found.file, biasOf(found.elf, maps, found.path), space, found.elf);
    // An exec takes the memory away, and every read of it is short from then on.
    const isThere = (): boolean => space.read(program.image.start, Buffer.alloc(8), 0, 8) === 8;
    return { program, space, memory, isThere, close };
  } catch (error) {
    close();
    if (error instanceof NotElf) throw new Unreadable(`is ${error.message}`, error.isGo);
    throw error instanceof BadTable ? new Unreadable(`cannot be read: ${error.message}`) : error;
  }
}

interface GoFile {
  file: RandomFile;
  elf: Elf;
  path: string;
}

/** The program itself, or a library of Go (-buildmode=c-shared) inside a program of another language. */
function goFile(exe: RandomFile, path: string, maps: readonly Mapping[], pid: number, questions: MemoryQuestions, opened: RandomFile[]): GoFile {
  const elf = withTable(exe, readElf(exe));
  if (tableSection(elf)) return { file: exe, elf, path };
  const seen = new Set([path]);
  for (const mapping of maps) {
    if (!mapping.executable || !mapping.path.startsWith('/') || seen.has(mapping.path) || seen.size > MOST_LIBRARIES) continue;
    seen.add(mapping.path);
    const file = questions.openMapped(pid, mapping.range).value;
    if (!file) continue;
    const library = elfOf(file);
    if (library && tableSection(library)) {
      opened.push(file);
      return { file, elf: library, path: mapping.path };
    }
    file.close();
  }
  return { file: exe, elf, path };
}

function elfOf(file: RandomFile): Elf | undefined {
  try {
    return withTable(file, readElf(file));
  } catch {
    return undefined;
  }
}

/** What was added to its addresses when it was loaded: 0 for a program that is not position independent. */
export function biasOf({ isDynamic, segments }: Elf, maps: readonly Pick<Mapping, 'path' | 'start' | 'offset'>[], path: string): number {
  if (!isDynamic) return 0;
  const [first] = maps.filter((mapping) => mapping.path === path).sort((a, b) => a.start - b.start);
  const segment = first && segments.find(({ type, offset }) => type === 1 && offset - (offset % PAGE) === first.offset);
  if (!segment) throw new Unreadable('is position independent, and where it was loaded cannot be told');
  return first.start - (segment.address - (segment.address % PAGE));
}
