/** Core files read like a process: the memory from the core, the tables from the program that ran. */
import { openRandomFile } from '../../evidence/index.ts';
import type { RandomFile } from '../../evidence/types.ts';
import { UserError } from '../../kernel/user-error.ts';
import { bytes, shellWord } from '../../report/words.ts';
import { type Core, readCore } from '../memory/core.ts';
import { type Elf, NotElf, readElf } from '../../kernel/elf.ts';
import { channelFacts, condFacts } from '../memory/facts.ts';
import { biasOf } from '../memory/open.ts';
import { BadTable } from '../memory/pclntab.ts';
import { openProgram } from '../memory/program.ts';
import { type MemoryDump, readGoroutines } from '../memory/read.ts';
import { Unreadable } from '../memory/unreadable.ts';
import { withTable } from '../memory/with-table.ts';
import type { Taken, TakeOptions } from './types.ts';

/** Is it one? Nothing but its first bytes is read. */
export function isCoreFile(path: string): boolean {
  const { value: file } = openRandomFile(path);
  if (!file) return false;
  try {
    return readElf(file).isCore;
  } catch (error) {
    if (error instanceof NotElf) return false;
    throw error;
  } finally {
    file.close();
  }
}

/** @param binary the program that ran, where it is not at its old place. Throws UserError (exit 2) for what cannot be read. */
export async function takeCore(path: string, binary: string | undefined, options: TakeOptions, signal: AbortSignal): Promise<Taken> {
  const { value: file, errno } = openRandomFile(path);
  if (!file) throw new UserError(`${path}: ${errno ?? 'cannot be read'}`);
  let cut = '';
  try {
    const elf = readElf(file);
    const core = readCore(file, elf);
    if (core.promised > file.size) cut = `the core file is cut: it has ${bytes(file.size)} of ${bytes(core.promised)}`;
    const look = await readGoroutines(...programOf(core, binary, path), { rows: options.rows || options.rowsIfCheap === true, nowNs: 'last seen', stop: async () => (signal.aborted ? 'interrupted' : undefined) });
    return takenOf(path, core, look, file, cut);
  } catch (error) {
    if (cut !== '' && (error instanceof Unreadable || error instanceof BadTable)) throw new UserError(`${path}: ${cut}, and without the rest its goroutines are not found`, { hints: ['raise what limits it (ulimit -c unlimited, room on the disk), or look at the process while it runs'] });
    if (error instanceof Unreadable) throw new UserError(`${path}: the program ${error.message}`);
    if (error instanceof BadTable || error instanceof NotElf) throw new UserError(`${path}: ${error.message}`);
    throw error;
  } finally {
    file.close();
  }
}

function programOf({ space, path: own, mappings }: Core, binary: string | undefined, core: string): [ReturnType<typeof openProgram>, Core['space']] {
  const path = binary ?? own;
  const hint = `reloadctl goroutines ${shellWord(core)} --binary FILE   # the program that wrote it`;
  if (path === undefined) throw new UserError(`${core}: it does not say which program wrote it`, { hints: [hint] });
  const { value: file, errno } = openRandomFile(path);
  if (!file) throw new UserError(`${core}: the program that wrote it, ${path}: ${errno ?? 'cannot be read'}`, { hints: [hint] });
  const elf = withTable(file, readElf(file));
  const bias = biasOf(elf, mappings, own ?? '');
  if (!isSameProgram(file, elf, bias, space)) throw new UserError(`${core}: ${path} is not the program that wrote it: its build id is another`, { hints: [hint] });
  return [openProgram(file, bias, space, elf), space];
}

/** Build ids lie in the first page, which the kernel writes into every core. Where it is not there, the layout alone must hold. */
function isSameProgram(file: RandomFile, { segments, sections }: Elf, bias: number, space: Core['space']): boolean {
  const note = sections.find(({ name }) => name === '.note.go.buildid') ?? sections.find(({ name }) => name === '.note.gnu.build-id');
  if (!note || note.size > 4096 || !segments.some(({ type }) => type === 1)) return true;
  const [there, here] = [Buffer.alloc(note.size), Buffer.alloc(note.size)];
  if (space.read(note.address + bias, there, 0, note.size) < note.size) return true;
  return file.read(here, 0, note.size, note.offset) === note.size && here.equals(there);
}

function takenOf(path: string, { pid, comm }: Core, look: MemoryDump, file: RandomFile, cut: string): Taken {
  const { dump, read, torn, guessed } = look;
  const label = comm === undefined ? path : `${comm} (pid ${pid}, core)`;
  return {
    dump, label, target: null, source: path, again: path,
    coverage: [{
      source: path, status: torn > 0 || dump.cut || cut !== '' ? 'partial' : 'ok', seen: read, needed: true,
      ...(torn > 0 && { total: read + torn }),
      detail: `${cut === '' ? 'a core file' : cut}: waiting times end with its last garbage collection${torn > 0 ? '; the others were running, or their stacks are not in it' : ''}`,
    }],
    memory: { read, torn, stopMs: 0, reads: file.reads, bytes: file.bytes, list: guessed ? 'shape' : 'symbol', channels: channelFacts(look), conds: condFacts(look) },
  };
}
