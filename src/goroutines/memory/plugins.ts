/** What a program loaded as plugins: modules behind its first one in the runtime's list (runtime/symtab.go moduledata.next, plugin.go). */
import { MODULE } from './layouts.ts';
import { BadTable, type Fn, FunctionTable } from './pclntab.ts';
import { MOST_ADDRESS, type Space, Words } from './space.ts';

interface Range {
  start: number;
  end: number;
}

/** One plugin, by its runtime.moduledata. */
export interface Plugin {
  code: Range;
  /** From its code to the end of its variables. */
  image: Range;
  /** Its table of functions, in memory. */
  table: { address: number; length: number };
  /** Base of its FUNCDATA offsets. */
  gofunc: number;
}

/** Where `next` lies changes with each version: it is behind the fields that do not move, and no other field leads to a module. */
const FIRST_PLACE = 256;
const LONGEST = 1024;
const MOST_PLUGINS = 256;
/** Of all tables that are read: plugins share the runtime, and have little of their own. */
const MOST_TABLES = 512 * 1024 * 1024;
/** Of a table of functions, Go 1.18 and later. */
const MAGICS = new Set([0xfffffff0, 0xfffffff1]);

/** @param first address of runtime.firstmoduledata @param gofunc where moduledata has that */
export function pluginsOf(space: Space, first: number, gofunc: number): Plugin[] {
  const found: Plugin[] = [];
  const seen = new Set([first]);
  for (let next = nextOf(space, first, gofunc, seen); next !== undefined && found.length < MOST_PLUGINS; next = nextOf(space, next.address, gofunc, seen)) {
    seen.add(next.address);
    found.push(next.plugin);
  }
  return found;
}

function nextOf(space: Space, address: number, gofunc: number, seen: ReadonlySet<number>): { address: number; plugin: Plugin } | undefined {
  const words = new Words(LONGEST);
  const got = space.read(address, words.bytes, 0, LONGEST);
  for (let at = FIRST_PLACE; at + 8 <= got; at += 8) {
    const next = words.word(at);
    const plugin = seen.has(next) ? undefined : pluginAt(space, next, gofunc);
    if (plugin) return { address: next, plugin };
  }
  return undefined;
}

function pluginAt(space: Space, module: number, gofunc: number): Plugin | undefined {
  const words = new Words(MODULE.size);
  if (!isAddress(module) || space.read(module, words.bytes, 0, MODULE.size) < MODULE.size) return undefined;
  const [table, start, end] = [words.word(MODULE.pcHeader), words.word(MODULE.text), words.word(MODULE.etext)];
  if (!isAddress(table) || !isAddress(start) || start >= end || end >= MOST_ADDRESS) return undefined;
  const magic = new Words(8);
  if (space.read(table, magic.bytes, 0, 8) < 8 || !MAGICS.has(magic.half(0))) return undefined;
  const last = words.word(MODULE.pclntable) + words.word(MODULE.pclntable + 8);
  return {
    code: { start, end }, image: { start, end: Math.max(end, words.word(MODULE.ebss), words.word(MODULE.enoptrbss)) },
    table: { address: table, length: last - table }, gofunc: words.word(gofunc),
  };
}

function isAddress(word: number): boolean {
  return word > 4096 && word < MOST_ADDRESS && word % 8 === 0;
}

/** Functions of a program and of its plugins. */
export class Functions {
  readonly header: FunctionTable['header'];
  readonly wrapperId: number;
  private readonly own: FunctionTable;
  private readonly plugins: readonly Plugin[];
  private readonly space: Space;
  private readonly tables = new Map<Plugin, FunctionTable | undefined>();
  private left = MOST_TABLES;

  constructor(own: FunctionTable, plugins: readonly Plugin[], space: Space) {
    this.own = own;
    this.header = own.header;
    this.wrapperId = own.wrapperId;
    this.plugins = plugins;
    this.space = space;
  }

  /** The function that holds an address; undefined outside of Go code whose table can be read. */
  find(pc: number): Fn | undefined {
    const found = this.own.find(pc);
    if (found || this.plugins.length === 0) return found;
    const plugin = this.plugins.find(({ code }) => pc >= code.start && pc < code.end);
    return plugin && this.tableOf(plugin)?.find(pc);
  }

  /** Of the program itself. */
  rangeOf(name: string): ReturnType<FunctionTable['rangeOf']> {
    return this.own.rangeOf(name);
  }

  private tableOf(plugin: Plugin): FunctionTable | undefined {
    if (!this.tables.has(plugin)) this.tables.set(plugin, this.read(plugin));
    return this.tables.get(plugin);
  }

  private read({ table: { address, length }, code, gofunc }: Plugin): FunctionTable | undefined {
    if (!(length > 0 && length <= this.left)) return undefined;
    this.left -= length;
    const bytes = Buffer.alloc(length);
    try {
      return this.space.read(address, bytes, 0, length) === length ? new FunctionTable(bytes, code.start, gofunc) : undefined;
    } catch (error) {
      if (error instanceof BadTable) return undefined;
      throw error;
    }
  }
}
