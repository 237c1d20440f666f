/** Which function an address of a program lies in, by the symbols of its file (elf(5), Elf64_Sym). */
import type { RandomFile } from '../evidence/types.ts';
import { type Elf, numberAt, readElf, stringAt, SYMBOL, symbolTable } from './elf.ts';

const FUNCTION = 2;
const EXECUTABLE = 1;
const LOADED = 1;

export interface CodeName {
  /** Undefined where the file names no function there: it was stripped. */
  symbol: string | undefined;
  /** From the beginning of the function; undefined without one. */
  within: number | undefined;
  /** As the file itself counts. */
  address: number;
}

export interface CodeNames {
  /** @param offset in the file, as the memory map tells it */
  at(offset: number): CodeName;
}

/** Reads the table once. A file that is no ELF program names nothing. */
export function codeNames(file: RandomFile): CodeNames {
  let elf: Elf;
  try {
    elf = readElf(file);
  } catch {
    return { at: (offset) => ({ symbol: undefined, within: undefined, address: offset }) };
  }
  const table = symbolTable(file, elf, '.symtab') ?? symbolTable(file, elf, '.dynsym');
  const functions = table ? sorted(table.symbols) : new Float64Array();
  return {
    at: (offset) => {
      const address = addressOf(elf, offset);
      const place = table ? lastBefore(functions, address) : -1;
      if (place < 0) return { symbol: undefined, within: undefined, address };
      const entry = functions[place * 3 + 2]!;
      const symbol = stringAt(table!.strings, table!.symbols.readUInt32LE(entry));
      const [start, size] = [functions[place * 3]!, functions[place * 3 + 1]!];
      // Assembly has no sizes; whatever else lies behind the end of a function is not in it.
      return symbol === '' || (size > 0 && address >= start + size) ? { symbol: undefined, within: undefined, address } : { symbol, within: address - start, address };
    },
  };
}

/** The segment with the code, loaded where the file says; an offset in none is told as it is. */
function addressOf({ segments }: Elf, offset: number): number {
  const inside = (segment: Elf['segments'][number]): boolean => segment.type === LOADED && offset >= segment.offset && offset < segment.offset + segment.fileSize;
  const segment = segments.find((one) => inside(one) && (one.flags & EXECUTABLE) !== 0) ?? segments.find(inside);
  return segment ? offset - segment.offset + segment.address : offset;
}

/** Of each function its address, its size and the place of its entry, by address. */
function sorted(symbols: Buffer): Float64Array {
  const entries: number[] = [];
  for (let at = 0; at + SYMBOL <= symbols.length; at += SYMBOL) if ((symbols[at + 4]! & 15) === FUNCTION && numberAt(symbols, at + 8) > 0) entries.push(at);
  const address = new Map(entries.map((at) => [at, numberAt(symbols, at + 8)]));
  entries.sort((a, b) => address.get(a)! - address.get(b)!);
  const found = new Float64Array(entries.length * 3);
  for (const [place, at] of entries.entries()) found.set([address.get(at)!, numberAt(symbols, at + 16), at], place * 3);
  return found;
}

/** Place of the last function that begins at or before the address; -1 for none. */
function lastBefore(functions: Float64Array, address: number): number {
  let low = 0;
  let high = functions.length / 3;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (functions[middle * 3]! <= address) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
