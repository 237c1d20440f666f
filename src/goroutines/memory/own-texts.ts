/** Texts that the runtime keeps among its own variables: its version, and the names of its wait reasons. */
import type { RandomFile } from '../../evidence/types.ts';
import type { Constants } from './constants.ts';
import { type Elf, numberAt, take } from '../../kernel/elf.ts';
import { Unreadable } from './unreadable.ts';

/** Bytes of memory from an address on. */
export interface Piece {
  address: number;
  bytes: Buffer;
}

/** Of variables or constants that are looked through. */
export const MOST_DATA = 64 * 1024 * 1024;

/** 64 bits as they lie in memory. */
export function word(value: number): Buffer {
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
const MOST_RODATA = 4;
/** Variables are looked through for each such text: a program with thousands of them was made to keep us busy. */
const MOST_SEARCHED = 8 * 1024 * 1024 * 1024;

/** Where a text is among the constants; without a table of sections there may be several such. */
function* placesOf(text: string, file: RandomFile, { sections }: Elf, bias: number, data: readonly Piece[]): Generator<{ address: number; bytes: Buffer; at: number }> {
  const cost = data.reduce((sum, { bytes }) => sum + bytes.length, 1);
  let left = MOST_SEARCHED;
  for (const { address, offset, size } of sections.filter(({ name }) => name === RODATA).slice(0, MOST_RODATA)) {
    const bytes = take(file, offset, Math.min(size, MOST_DATA));
    for (let at = bytes?.indexOf(text) ?? -1; bytes && at >= 0 && left > 0; at = bytes.indexOf(text, at + 1)) {
      left -= cost;
      yield { address: address + bias + at, bytes, at };
    }
  }
}

/** runtime.buildVersion, where the build info was left out: a string variable that reads `go1.N...`. */
export function versionInData(file: RandomFile, elf: Elf, bias: number, data: readonly Piece[]): string | undefined {
  const found = new Set<string>();
  for (const { address, bytes, at } of placesOf('go1.', file, elf, bias, data)) {
    const text = /^go1\.\d{1,3}(?:\.\d{1,3}|rc\d{1,2}|beta\d{1,2})?/.exec(bytes.toString('latin1', at, at + 20))?.[0] ?? '';
    // Constants stand without a gap: a shorter version may be what is meant.
    for (let length = text.length; length >= 5; length--) {
      const candidate = text.slice(0, length);
      if (/\d$/.test(candidate) && !headersOf(data, address, length).next().done) found.add(candidate);
    }
  }
  return found.size === 1 ? [...found][0] : undefined;
}

const FIRST_REASON = 'GC assist marking';
const MOST_REASONS = 128;
const LONGEST_REASON = 64;

/** runtime.waitReasonStrings as this very program has it: numbers change with each version. The first entry is the empty one. */
export function waitReasonsOf(file: RandomFile, elf: Elf, bias: number, data: readonly Piece[], constants: Constants): string[] {
  for (const { address } of placesOf(FIRST_REASON, file, elf, bias, data)) {
    for (const { piece, at } of headersOf(data, address, FIRST_REASON.length)) {
      const reasons = at < 16 ? [] : reasonsAt(piece.bytes, at, constants);
      if (reasons.length > 20 && reasons.includes('chan receive') && reasons.includes('IO wait')) return reasons;
    }
  }
  throw new Unreadable('has no list of wait reasons where Go has it: its layout is unverified');
}

function reasonsAt(bytes: Buffer, at: number, constants: Constants): string[] {
  const reasons = [''];
  for (let next = at; next + 16 <= bytes.length && reasons.length < MOST_REASONS; next += 16) {
    const [address, length] = [numberAt(bytes, next), numberAt(bytes, next + 8)];
    const text = length > 0 && length <= LONGEST_REASON ? constants(address, length)?.toString('latin1') : undefined;
    if (text === undefined || !/^[\x20-\x7e]+$/.test(text)) break;
    reasons.push(text);
  }
  return reasons;
}
