/** A running Go program: its tables out of the file it runs, the places of its variables out of its memory. */
import type { RandomFile } from '../../evidence/types.ts';
import { type BuildInfo, minorOf, readBuildInfo } from './build-info.ts';
import { type Elf, numberAt, readElf, type Section, symbolAddress, take } from './elf.ts';
import { type Layout, layoutOf, MODULE, NEWEST, OLDEST } from './layouts.ts';
import { BadTable, FunctionTable, readTableHeader } from './pclntab.ts';
import type { Space } from './space.ts';

/** Why goroutines cannot be read from this process, in words that follow `it`. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
  /** A layout that we do not know, or that does not hold: nothing of it is shown. */
  readonly unverified: boolean;
  /** It has the tables of a Go program. */
  readonly isGo: boolean;

  constructor(message: string, unverified = false, isGo = true) {
    super(message);
    this.unverified = unverified;
    this.isGo = isGo;
  }
}

export interface Program {
  machine: Elf['machine'];
  version: string;
  build: BuildInfo;
  layout: Layout;
  functions: FunctionTable;
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
  constants(address: number, length: number): Buffer | undefined;
  /** Base of FUNCDATA offsets. */
  gofunc: number;
}

export interface Range {
  start: number;
  end: number;
}

const TABLES = ['.gopclntab', '.data.rel.ro.gopclntab'];
const DATA = ['.go.module', '.noptrdata', '.data', '.data.rel.ro'];
const MOST_TABLE = 512 * 1024 * 1024;
const MOST_DATA = 64 * 1024 * 1024;
const NO_BITS = 8;

/** Is it a Go program at all? Its tables are where the linker puts them. */
export function tableSection({ sections }: Elf): Section | undefined {
  return sections.find(({ name, type }) => TABLES.includes(name) && type !== NO_BITS);
}

/**
 * @param bias what was added to the addresses of the file when it was loaded
 * Throws Unreadable, BadTable or NotElf.
 */
export function openProgram(file: RandomFile, bias: number, space: Space, elf: Elf = readElf(file)): Program {
  const section = tableSection(elf);
  if (!section) throw new Unreadable(notGo(file, elf), false, false);
  if (section.size > MOST_TABLE) throw new BadTable('its table of functions is too large to be one');
  const table = take(file, section.offset, section.size);
  if (!table) throw new BadTable('its table of functions is cut');
  readTableHeader(table);
  const data = dataOf(elf, bias, space);
  const constants = constantsOf(file, elf, bias);
  const build = readBuildInfo(file, elf);
  const version = build.version ?? versionInData(file, elf, bias, data);
  const minor = version === undefined ? undefined : minorOf(version);
  if (version === undefined || minor === undefined) throw new Unreadable('does not say which version of Go built it: its layout is unverified', true);
  if (minor < OLDEST) throw new Unreadable(`was built by ${version}: Go 1.${OLDEST} and later are read`);
  const layout = layoutOf(minor);
  if (!layout) throw new Unreadable(`was built by ${version}, newer than Go 1.${NEWEST}, the newest whose layout is verified`, true);
  const module = moduleOf(data, section.address + bias, elf, bias);
  const functions = new FunctionTable(table, numberAt(module, MODULE.text));
  const waitReasons = waitReasonsOf(file, elf, bias, data, constants);
  const allgs = symbolAddress(file, elf, 'runtime.allgs');
  const at = (offset: number): number => numberAt(module, offset);
  return {
    machine: elf.machine, version, build, layout, functions, waitReasons, constants,
    ...(allgs !== undefined && { allgs: allgs + bias }),
    bss: { start: at(MODULE.bss), end: at(MODULE.ebss) },
    image: { start: at(MODULE.text), end: Math.max(at(MODULE.enoptrbss), at(MODULE.ebss)) },
    constantRange: { start: at(MODULE.etext), end: Math.min(at(MODULE.noptrdata), at(MODULE.data)) },
    gofunc: at(layout.gofunc),
  };
}

function notGo(file: RandomFile, elf: Elf): string {
  const start = take(file, 0, Math.min(file.size, 4096));
  if (start?.includes('UPX!')) return 'is packed with UPX, whose tables are gone: run it unpacked, or ask its pprof endpoint';
  if (elf.sections.some(({ name }) => name === '.go_export' || name === '.go.buildinfo')) return 'was built by gccgo or TinyGo, which keep goroutines in another way';
  return elf.sections.length === 0 ? 'is no Go program, or all names of its sections were stripped' : 'is no Go program';
}

interface Piece {
  address: number;
  bytes: Buffer;
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

const CHUNK = 32 * 1024;
const MOST_CHUNKS = 2048;

/** Small pieces that lie together are asked for again and again: whole chunks are kept. */
function constantsOf(file: RandomFile, { segments }: Elf, bias: number): Program['constants'] {
  const loaded = segments.filter(({ type }) => type === 1);
  const chunks = new Map<number, Buffer | undefined>();
  const chunkAt = (offset: number): Buffer | undefined => {
    if (chunks.size >= MOST_CHUNKS) chunks.clear();
    if (!chunks.has(offset)) chunks.set(offset, take(file, offset, Math.min(CHUNK, file.size - offset)));
    return chunks.get(offset);
  };
  return (address, length) => {
    const at = address - bias;
    const segment = loaded.find((one) => at >= one.address && at + length <= one.address + one.fileSize);
    if (!segment) return undefined;
    const offset = segment.offset + at - segment.address;
    const start = offset - (offset % CHUNK);
    if (offset + length > start + CHUNK) return take(file, offset, length);
    const bytes = chunkAt(start)?.subarray(offset - start, offset - start + length);
    return bytes?.length === length ? bytes : take(file, offset, length);
  };
}

/** runtime.firstmoduledata: the place that points to the table of functions and whose ranges fit the program. */
function moduleOf(data: readonly Piece[], table: number, { segments }: Elf, bias: number): Buffer {
  const code = segments.filter(({ type, flags }) => type === 1 && flags & 1).map(({ address, memorySize }) => ({ start: address + bias, end: address + bias + memorySize }));
  const needle = word(table);
  for (const { bytes } of data) {
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) {
      if (at % 8 !== 0 || at + MODULE.size > bytes.length) continue;
      const module = bytes.subarray(at, at + MODULE.size);
      const value = (offset: number): number => numberAt(module, offset);
      const [text, etext, minpc, maxpc] = [value(MODULE.text), value(MODULE.etext), value(MODULE.minpc), value(MODULE.maxpc)];
      const isCode = code.some(({ start, end }) => text >= start && etext <= end);
      const isOrdered = text < etext && minpc < maxpc && value(MODULE.bss) <= value(MODULE.ebss) && value(MODULE.data) <= value(MODULE.edata);
      if (isCode && isOrdered && value(MODULE.bss) > 0) return module;
    }
  }
  throw new Unreadable('has no description of itself (runtime.firstmoduledata) where Go has it: its layout is unverified', true);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/** Places of a Go string with this address and length among the variables. */
function* headersOf(data: readonly Piece[], address: number, length: number): Generator<{ piece: Piece; at: number }> {
  const needle = Buffer.concat([word(address), word(length)]);
  for (const piece of data) {
    for (let at = piece.bytes.indexOf(needle); at >= 0; at = piece.bytes.indexOf(needle, at + 1)) if (at % 8 === 0) yield { piece, at };
  }
}

const RODATA = '.rodata';

function rodataOf(file: RandomFile, { sections }: Elf, bias: number): Piece | undefined {
  const section = sections.find(({ name }) => name === RODATA);
  const bytes = section && take(file, section.offset, Math.min(section.size, MOST_DATA));
  return bytes && { address: section.address + bias, bytes };
}

/** runtime.buildVersion, where the build info was left out: a string variable that reads `go1.N...`. */
function versionInData(file: RandomFile, elf: Elf, bias: number, data: readonly Piece[]): string | undefined {
  const rodata = rodataOf(file, elf, bias);
  if (!rodata) return undefined;
  const found = new Set<string>();
  for (let at = rodata.bytes.indexOf('go1.'); at >= 0; at = rodata.bytes.indexOf('go1.', at + 4)) {
    const text = /^go1\.\d{1,3}(?:\.\d{1,3}|rc\d{1,2}|beta\d{1,2})?/.exec(rodata.bytes.toString('latin1', at, at + 20))?.[0] ?? '';
    // Constants stand without a gap: a shorter version may be what is meant.
    for (let length = text.length; length >= 5; length--) {
      const candidate = text.slice(0, length);
      if (/\d$/.test(candidate) && !headersOf(data, rodata.address + at, length).next().done) found.add(candidate);
    }
  }
  return found.size === 1 ? [...found][0] : undefined;
}

const FIRST_REASON = 'GC assist marking';
const MOST_REASONS = 128;
const LONGEST_REASON = 64;

/** runtime.waitReasonStrings as this very program has it: numbers change with each version. The first entry is the empty one. */
function waitReasonsOf(file: RandomFile, elf: Elf, bias: number, data: readonly Piece[], constants: Program['constants']): string[] {
  const rodata = rodataOf(file, elf, bias);
  for (let found = rodata?.bytes.indexOf(FIRST_REASON) ?? -1; rodata && found >= 0; found = rodata.bytes.indexOf(FIRST_REASON, found + 1)) {
    for (const { piece: { bytes }, at } of headersOf(data, rodata.address + found, FIRST_REASON.length)) {
      if (at < 16) continue;
      const reasons = [''];
      for (let next = at; next + 16 <= bytes.length && reasons.length < MOST_REASONS; next += 16) {
        const [address, length] = [numberAt(bytes, next), numberAt(bytes, next + 8)];
        const text = length > 0 && length <= LONGEST_REASON ? constants(address, length)?.toString('latin1') : undefined;
        if (text === undefined || !/^[\x20-\x7e]+$/.test(text)) break;
        reasons.push(text);
      }
      if (reasons.length > 20 && reasons.includes('chan receive') && reasons.includes('IO wait')) return reasons;
    }
  }
  throw new Unreadable('has no list of wait reasons where Go has it: its layout is unverified', true);
}
