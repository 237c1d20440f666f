/** The parts of an ELF64 file that say where things are (System V ABI, elf(5)). Everything in it may be wrong on purpose. */
import type { RandomFile } from '../evidence/types.ts';

export interface Section {
  name: string;
  /** 8 (NOBITS) has no bytes in the file. */
  type: number;
  address: number;
  offset: number;
  size: number;
  link: number;
}

export interface Segment {
  type: number;
  /** Bits: 1 execute, 2 write, 4 read. */
  flags: number;
  address: number;
  offset: number;
  fileSize: number;
  memorySize: number;
}

export interface Elf {
  machine: 'amd64' | 'arm64';
  /** ET_DYN: addresses are relative to where it was loaded. */
  isDynamic: boolean;
  isCore: boolean;
  sections: Section[];
  segments: Segment[];
}

/** Says in words why a file is none that we read. */
export class NotElf extends Error {
  override readonly name = 'NotElf';
  /** It was built by Go all the same. */
  readonly isGo: boolean;

  constructor(message: string, isGo = false) {
    super(message);
    this.isGo = isGo;
  }
}

const HEADER = 64;
const SECTION = 64;
const SECTION_32 = 40;
const SEGMENT = 56;
const MOST_SECTIONS = 4096;
const MOST_SEGMENTS = 65_535;
const MOST_NAMES = 1024 * 1024;
const MACHINES: Readonly<Record<number, Elf['machine']>> = { 62: 'amd64', 183: 'arm64' };
const DYNAMIC = 3;
const CORE = 4;

/** Throws NotElf. */
export function readElf(file: RandomFile): Elf {
  const header = take(file, 0, HEADER);
  if (header?.readUInt32BE(0) !== 0x7f454c46) throw new NotElf('no ELF program');
  if (header[5] !== 1) throw new NotElf('a big-endian program; little-endian ones are read');
  if (header[4] !== 2) throw new NotElf('a 32-bit program; 64-bit ones are read', isGo32(file, header));
  const machine = MACHINES[header.readUInt16LE(18)];
  if (!machine) throw new NotElf(`a program for machine ${header.readUInt16LE(18)}, neither amd64 nor arm64`);
  const type = header.readUInt16LE(16);
  return { machine, isDynamic: type === DYNAMIC, isCore: type === CORE, sections: readSections(file, header), segments: readSegments(file, header) };
}

/** Whether the table of sections of an ELF32 file names Go's table of functions. */
function isGo32(file: RandomFile, header: Buffer): boolean {
  const [table, size, names] = [header.readUInt32LE(32), header.readUInt16LE(46), header.readUInt16LE(50)];
  const section = take(file, table + names * size, SECTION_32);
  const text = section && section.readUInt32LE(20) <= MOST_NAMES ? take(file, section.readUInt32LE(16), section.readUInt32LE(20)) : undefined;
  return text?.includes('.gopclntab\0') ?? false;
}

function readSections(file: RandomFile, header: Buffer): Section[] {
  const [count, names] = [header.readUInt16LE(60), header.readUInt16LE(62)];
  if (count === 0 || count > MOST_SECTIONS || header.readUInt16LE(58) !== SECTION) return [];
  const table = take(file, numberAt(header, 40), count * SECTION);
  if (!table) return [];
  const sections = Array.from({ length: count }, (_, index): Section & { nameAt: number } => {
    const at = index * SECTION;
    return {
      name: '', nameAt: table.readUInt32LE(at), type: table.readUInt32LE(at + 4), address: numberAt(table, at + 16),
      offset: numberAt(table, at + 24), size: numberAt(table, at + 32), link: table.readUInt32LE(at + 40),
    };
  });
  const text = sections[names];
  const strings = text && text.size <= MOST_NAMES ? take(file, text.offset, text.size) : undefined;
  for (const section of sections) section.name = strings ? stringAt(strings, section.nameAt) : '';
  return sections;
}

function readSegments(file: RandomFile, header: Buffer): Segment[] {
  const count = header.readUInt16LE(56);
  if (count === 0 || count > MOST_SEGMENTS || header.readUInt16LE(54) !== SEGMENT) return [];
  const table = take(file, numberAt(header, 32), count * SEGMENT);
  if (!table) return [];
  return Array.from({ length: count }, (_, index) => {
    const at = index * SEGMENT;
    return {
      type: table.readUInt32LE(at), flags: table.readUInt32LE(at + 4), offset: numberAt(table, at + 8),
      address: numberAt(table, at + 16), fileSize: numberAt(table, at + 32), memorySize: numberAt(table, at + 40),
    };
  });
}

/** Undefined when the file does not have all of it. */
export function take(file: RandomFile, offset: number, length: number): Buffer | undefined {
  if (!(offset >= 0 && length >= 0 && offset + length <= file.size)) return undefined;
  const buffer = Buffer.allocUnsafe(length);
  return file.read(buffer, 0, length, offset) === length ? buffer : undefined;
}

/** 64 bits; above 2^53 not exact, which no offset or address is. */
export function numberAt(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * 0x1_0000_0000;
}

/** Up to the next NUL. */
export function stringAt(buffer: Buffer, at: number): string {
  if (at >= buffer.length) return '';
  const end = buffer.indexOf(0, at);
  return buffer.toString('latin1', at, end < 0 ? buffer.length : end);
}

const MOST_SYMBOL_BYTES = 256 * 1024 * 1024;
/** sizeof(Elf64_Sym). */
export const SYMBOL = 24;

/** The table of symbols with this name, and its strings; undefined where the file has none, or one too large to be true. */
export function symbolTable(file: RandomFile, { sections }: Elf, name: '.symtab' | '.dynsym'): { symbols: Buffer; strings: Buffer } | undefined {
  const table = sections.find((section) => section.name === name);
  const text = table && sections[table.link];
  if (!table || !text || table.size > MOST_SYMBOL_BYTES || text.size > MOST_SYMBOL_BYTES) return undefined;
  const strings = take(file, text.offset, text.size);
  const symbols = strings && take(file, table.offset, table.size);
  return symbols && { symbols, strings };
}

/** Address of a symbol, where the symbol table was not stripped. */
export function symbolAddress(file: RandomFile, elf: Elf, name: string): number | undefined {
  const table = symbolTable(file, elf, '.symtab');
  if (!table) return undefined;
  const { symbols, strings } = table;
  const at = strings.indexOf(`\0${name}\0`, 0, 'latin1');
  if (at < 0) return undefined;
  for (let symbol = 0; symbol + SYMBOL <= symbols.length; symbol += SYMBOL) if (symbols.readUInt32LE(symbol) === at + 1) return numberAt(symbols, symbol + 8);
  return undefined;
}
