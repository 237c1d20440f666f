/** A running Go program: its tables out of the file it runs, the places of its variables out of its memory. */
import type { RandomFile } from '../../evidence/types.ts';
import { type BuildInfo, minorOf, readBuildInfo } from './build-info.ts';
import { type Constants, constantsInMemory, constantsOf } from './constants.ts';
import { type Elf, numberAt, readElf, symbolAddress, take } from '../../kernel/elf.ts';
import { type Layout, layoutOf, MODULE, NEWEST, OLDEST } from './layouts.ts';
import { MOST_DATA, type Piece, versionInData, waitReasonsOf, word } from './own-texts.ts';
import { withoutTable } from './no-table.ts';
import { BadTable, FunctionTable, readTableHeader } from './pclntab.ts';
import { Functions, type Plugin, pluginsOf } from './plugins.ts';
import type { Space } from './space.ts';
import { Unreadable } from './unreadable.ts';
import { tableSection, withTable } from './with-table.ts';

export interface Program {
  machine: Elf['machine'];
  version: string;
  build: BuildInfo;
  layout: Layout;
  functions: Functions;
  /** Texts of runtime.waitReasonStrings, by number. */
  waitReasons: readonly string[];
  /** Address of runtime.allgs as a symbol says it. */
  allgs?: number;
  bss: Range;
  /** Its code, constants and variables: what lies outside is heap and stacks. */
  image: Range;
  /** From the end of its code to its variables. */
  constantRange: Range;
  /** Bytes of constant data by their address in memory. */
  constants: Constants;
  plugins: Plugin[];
}

export interface Range {
  start: number;
  end: number;
}

const DATA = ['.go.module', '.noptrdata', '.data', '.data.rel.ro'];
const MOST_TABLE = 512 * 1024 * 1024;

/**
 * @param bias what was added to the addresses of the file when it was loaded
 * Throws Unreadable, BadTable or NotElf.
 */
export function openProgram(file: RandomFile, bias: number, space: Space, elf: Elf = withTable(file, readElf(file))): Program {
  const section = tableSection(elf);
  if (!section) throw withoutTable(file, elf);
  if (section.size > MOST_TABLE) throw new BadTable('its table of functions is too large to be one');
  const table = take(file, section.offset, section.size);
  if (!table) throw new BadTable('its table of functions is cut');
  readTableHeader(table);
  const data = dataOf(elf, bias, space);
  const own = constantsOf(file, elf, bias);
  const build = readBuildInfo(file, elf);
  const version = build.version ?? versionInData(file, elf, bias, data);
  const minor = version === undefined ? undefined : minorOf(version);
  if (version === undefined || minor === undefined) throw new Unreadable('does not say which version of Go built it: its layout is unverified');
  if (minor < OLDEST) throw new Unreadable(`was built by ${version}: Go 1.${OLDEST} and later are read`);
  const layout = layoutOf(minor);
  if (!layout) throw new Unreadable(`was built by ${version}, newer than Go 1.${NEWEST}, the newest whose layout is verified: its layout is unverified`);
  const { bytes: module, address: first } = moduleOf(data, section.address + bias, elf, bias);
  const plugins = pluginsOf(space, first, layout.gofunc);
  const functions = new Functions(new FunctionTable(table, numberAt(module, MODULE.text), numberAt(module, layout.gofunc)), plugins, space);
  const others = constantsInMemory(space);
  const constants: Constants = plugins.length === 0 ? own : (address, length) => own(address, length) ?? others(address, length);
  const waitReasons = waitReasonsOf(file, elf, bias, data, own);
  const allgs = symbolAddress(file, elf, 'runtime.allgs');
  const at = (offset: number): number => numberAt(module, offset);
  return {
    machine: elf.machine, version, build, layout, functions, waitReasons, constants,
    ...(allgs !== undefined && { allgs: allgs + bias }),
    bss: { start: at(MODULE.bss), end: at(MODULE.ebss) },
    image: { start: at(MODULE.text), end: Math.max(at(MODULE.enoptrbss), at(MODULE.ebss)) },
    constantRange: { start: at(MODULE.etext), end: Math.min(at(MODULE.noptrdata), at(MODULE.data)) },
    plugins,
  };
}

/** Initialised variables as they are in memory now: of a position independent program the file has no addresses. */
function dataOf({ sections }: Elf, bias: number, space: Space): Piece[] {
  return sections.flatMap(({ name, address, size }) => {
    if (!DATA.includes(name) || size === 0) return [];
    const bytes = Buffer.alloc(Math.min(size, MOST_DATA));
    const got = space.read(address + bias, bytes, 0, bytes.length);
    return got < 8 ? [] : [{ address: address + bias, bytes: bytes.subarray(0, got) }];
  });
}

/** runtime.firstmoduledata: the place that points to the table of functions and whose ranges fit the program. */
function moduleOf(data: readonly Piece[], table: number, { segments }: Elf, bias: number): Piece {
  const code = segments.filter(({ type, flags }) => type === 1 && flags & 1).map(({ address, memorySize }) => ({ start: address + bias, end: address + bias + memorySize }));
  const needle = word(table);
  for (const { address, bytes } of data) {
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) {
      if (at % 8 !== 0 || at + MODULE.size > bytes.length) continue;
      const module = bytes.subarray(at, at + MODULE.size);
      const value = (offset: number): number => numberAt(module, offset);
      const [text, etext, minpc, maxpc] = [value(MODULE.text), value(MODULE.etext), value(MODULE.minpc), value(MODULE.maxpc)];
      const isCode = code.some(({ start, end }) => text >= start && etext <= end);
      const isOrdered = text < etext && minpc < maxpc && value(MODULE.bss) <= value(MODULE.ebss) && value(MODULE.data) <= value(MODULE.edata);
      if (isCode && isOrdered && value(MODULE.bss) > 0) return { address: address + at, bytes: module };
    }
  }
  throw new Unreadable('has no description of itself (runtime.firstmoduledata) where Go has it: its layout is unverified');
}
