/** Code that a program loaded as plugins: modules behind its first one in the runtime's list (runtime/symtab.go moduledata.next, plugin.go). */
import { MODULE } from './layouts.ts';
import { MOST_ADDRESS, type Space, Words } from './space.ts';

interface Range {
  start: number;
  end: number;
}

/** Where `next` lies changes with each version: it is behind the fields that do not move, and no other field leads to a module. */
const FIRST_PLACE = 256;
const LONGEST = 1024;
const MOST_PLUGINS = 256;
/** Of a table of functions, Go 1.18 and later. */
const MAGICS = new Set([0xfffffff0, 0xfffffff1]);

/** @param first address of runtime.firstmoduledata @returns where the code of each plugin is */
export function pluginCode(space: Space, first: number): Range[] {
  const found: Range[] = [];
  const seen = new Set([first]);
  for (let module = nextOf(space, first, seen); module !== undefined && found.length < MOST_PLUGINS; module = nextOf(space, module.address, seen)) {
    seen.add(module.address);
    found.push(module.code);
  }
  return found;
}

function nextOf(space: Space, address: number, seen: ReadonlySet<number>): { address: number; code: Range } | undefined {
  const words = new Words(LONGEST);
  const got = space.read(address, words.bytes, 0, LONGEST);
  for (let at = FIRST_PLACE; at + 8 <= got; at += 8) {
    const next = words.word(at);
    const code = seen.has(next) ? undefined : codeOf(space, next);
    if (code) return { address: next, code };
  }
  return undefined;
}

function codeOf(space: Space, module: number): Range | undefined {
  const words = new Words(MODULE.size);
  if (!isAddress(module) || space.read(module, words.bytes, 0, MODULE.size) < MODULE.size) return undefined;
  const [table, start, end] = [words.word(MODULE.pcHeader), words.word(MODULE.text), words.word(MODULE.etext)];
  if (!isAddress(table) || !isAddress(start) || start >= end || end >= MOST_ADDRESS) return undefined;
  const magic = new Words(8);
  return space.read(table, magic.bytes, 0, 8) === 8 && MAGICS.has(magic.half(0)) ? { start, end } : undefined;
}

function isAddress(word: number): boolean {
  return word > 4096 && word < MOST_ADDRESS && word % 8 === 0;
}
