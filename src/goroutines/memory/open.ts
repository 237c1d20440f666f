/** A process opened for reading: which file holds its Go code, where that was loaded, and its memory. */
import type { Evidence, MemoryQuestions, RandomFile } from '../../evidence/types.ts';
import { readBuildInfo } from './build-info.ts';
import { type Elf, NotElf, readElf } from '../../kernel/elf.ts';
import { type GoFile, goFiles, type KnownOthers } from './go-files.ts';
import { type Mapping, parseMaps } from '../../kernel/proc/maps.ts';
import { BadTable } from './pclntab.ts';
import { openProgram, type Program } from './program.ts';
import type { Space } from './space.ts';
import { Unreadable } from './unreadable.ts';

/** A runtime of Go with goroutines of its own, beside the one that is read. */
export interface OtherRuntime {
  path: string;
  version?: string;
}

export interface OpenProcess {
  program: Program;
  others: OtherRuntime[];
  space: Space;
  memory: RandomFile;
  /** False once the process ended, or ran another program (maybe the same one anew): what was read until then may be a part only. */
  isThere(): boolean;
  close(): void;
}

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

export interface OpenOptions {
  /** The file whose Go is meant, of several in one process; as the memory map names it, or its last part. */
  library?: string;
  /** Kept from process to process. */
  known?: KnownOthers;
}

/** Throws Refused, or Unreadable with why this is no program whose goroutines can be read. */
export async function openProcessMemory(evidence: Evidence, questions: MemoryQuestions, pid: number, { library, known = new Set() }: OpenOptions = {}): Promise<OpenProcess> {
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
    const files = goFiles(exe, path, maps, pid, questions, known);
    opened.push(...files.map(({ file }) => file).filter((file) => file !== exe));
    const found = chosen(files, library) ?? { file: exe, elf: readElf(exe), path };
    const program = openProgram(found.file, biasOf(found.elf, maps, found.path), space, found.elf);
    const others = files.filter((one) => one !== found && !isPlugin(one, program)).map(runtimeOf);
    // An exec takes the memory away, and every read of it is short from then on.
    const isThere = (): boolean => space.read(program.image.start, Buffer.alloc(8), 0, 8) === 8;
    return { program, others, space, memory, isThere, close };
  } catch (error) {
    close();
    if (error instanceof NotElf) throw new Unreadable(`is ${error.message}`, error.isGo);
    throw error instanceof BadTable ? new Unreadable(`cannot be read: ${error.message}`) : error;
  }
}

/** Throws Unreadable where the file that is meant is not among them. */
function chosen(files: readonly GoFile[], library: string | undefined): GoFile | undefined {
  if (library === undefined) return files[0];
  const found = files.find(({ path }) => path === library) ?? files.find(({ path }) => path.endsWith(`/${library}`));
  if (found) return found;
  throw new Unreadable(`has no Go in a file ${library}; it has in ${files.length === 0 ? 'none' : files.map(({ path }) => path).join(', ')}`);
}

/** Plugins have a table of their own, and share the runtime of the program. */
function isPlugin({ code }: GoFile, { plugins }: Program): boolean {
  return code !== undefined && plugins.some(({ code: { start, end } }) => start < code.end && end > code.start);
}

function runtimeOf({ file, elf, path }: GoFile): OtherRuntime {
  const { version } = readBuildInfo(file, elf);
  return { path, ...(version !== undefined && { version }) };
}

/** What was added to its addresses when it was loaded: 0 for a program that is not position independent. */
export function biasOf({ isDynamic, segments }: Elf, maps: readonly Pick<Mapping, 'path' | 'start' | 'offset'>[], path: string): number {
  if (!isDynamic) return 0;
  const [first] = maps.filter((mapping) => mapping.path === path).sort((a, b) => a.start - b.start);
  const segment = first && segments.find(({ type, offset }) => type === 1 && offset - (offset % PAGE) === first.offset);
  if (!segment) throw new Unreadable('is position independent, and where it was loaded cannot be told');
  return first.start - (segment.address - (segment.address % PAGE));
}
