/** Core files (core(5), gcore): memory as it was, and which files were mapped where (fs/binfmt_elf.c fill_files_note). */
import type { RandomFile } from '../../evidence/types.ts';
import { type Elf, numberAt, stringAt, take } from '../../kernel/elf.ts';
import { BadTable } from './pclntab.ts';
import type { Space } from './space.ts';

export interface CoreMapping {
  start: number;
  end: number;
  /** In the file, bytes. */
  offset: number;
  path: string;
}

export interface Core {
  space: Space;
  mappings: CoreMapping[];
  /** Bytes that its headers promise; more than it has where it was cut. */
  promised: number;
  /** The program that ran. */
  path?: string;
  pid?: number;
  comm?: string;
}

const NOTE = 4;
const LOAD = 1;
const NT_PRPSINFO = 3;
const NT_AUXV = 6;
const NT_FILE = 0x46494c45;
const AT_ENTRY = 9;
const MOST_NOTES = 64 * 1024 * 1024;
const MOST_FILES = 100_000;

/** Throws BadTable when it is cut or misses what the kernel and gcore write. */
export function readCore(file: RandomFile, { segments }: Elf): Core {
  const notes = segments.find(({ type }) => type === NOTE);
  const bytes = notes && notes.fileSize <= MOST_NOTES ? take(file, notes.offset, notes.fileSize) : undefined;
  if (!bytes) throw new BadTable('its notes are cut');
  const loads = segments.filter(({ type, fileSize }) => type === LOAD && fileSize > 0);
  const core: Core = { space: spaceOf(file, loads), mappings: [], promised: Math.max(0, ...loads.map(({ offset, fileSize }) => offset + fileSize)) };
  let entry = 0;
  for (let at = 0; at + 12 <= bytes.length; ) {
    const [nameSize, size, type] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at + 8)];
    const start = at + 12 + align(nameSize);
    const content = bytes.subarray(start, start + size);
    if (type === NT_FILE) core.mappings = filesOf(content);
    if (type === NT_AUXV) entry = auxiliary(content, AT_ENTRY) ?? entry;
    if (type === NT_PRPSINFO && size >= 56) {
      core.pid = content.readUInt32LE(24);
      core.comm = stringAt(content.subarray(40, 56), 0);
    }
    at = start + align(size);
  }
  const path = core.mappings.find(({ start, end }) => entry >= start && entry < end)?.path;
  if (path !== undefined) core.path = path;
  return core;
}

function align(size: number): number {
  return Math.ceil(size / 4) * 4;
}

function auxiliary(content: Buffer, key: number): number | undefined {
  for (let at = 0; at + 16 <= content.length; at += 16) if (numberAt(content, at) === key) return numberAt(content, at + 8);
  return undefined;
}

function filesOf(content: Buffer): CoreMapping[] {
  if (content.length < 16) return [];
  const [count, page] = [Math.min(numberAt(content, 0), MOST_FILES), numberAt(content, 8)];
  const names = 16 + count * 24;
  if (names > content.length) return [];
  const paths = content.toString('latin1', names).split('\0');
  return Array.from({ length: count }, (_, index) => {
    const at = 16 + index * 24;
    return { start: numberAt(content, at), end: numberAt(content, at + 8), offset: numberAt(content, at + 16) * page, path: paths[index] ?? '' };
  });
}

interface Loaded {
  address: number;
  offset: number;
  fileSize: number;
}

/** What was not written into the file cannot be read. */
function spaceOf(file: RandomFile, loaded: readonly Loaded[]): Space {
  const sorted = [...loaded].sort((a, b) => a.address - b.address);
  const find = (address: number): Loaded | undefined => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    const segment = sorted[low - 1];
    return segment && address < segment.address + segment.fileSize ? segment : undefined;
  };
  return {
    read(address, into, at, length) {
      let got = 0;
      while (got < length) {
        const segment = find(address + got);
        if (!segment) break;
        const inside = address + got - segment.address;
        const more = file.read(into, at + got, Math.min(length - got, segment.fileSize - inside), segment.offset + inside);
        if (more === 0) break;
        got += more;
      }
      return got;
    },
  };
}
