/** Texts that the runtime keeps among its own variables: its version, and the names of its wait reasons. */
import type { RandomFile } from '../../evidence/types.ts';
import { type Elf, numberAt, take } from './elf.ts';
import { Unreadable } from './unreadable.ts';

/** Bytes of memory from an address on. */
export interface Piece {
  address: number;
  bytes: Buffer;
}

/** Of variables or constants that are looked through. */
export const MOST_DATA = 64 * 1024 * 1024;

/** Bytes of constant data by their address in memory. */
export type Constants = (address: number, length: number) => Buffer | undefined;

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

function rodataOf(file: RandomFile, { sections }: Elf, bias: number): Piece | undefined {
  const section = sections.find(({ name }) => name === RODATA);
  const bytes = section && take(file, section.offset, Math.min(section.size, MOST_DATA));
  return bytes && { address: section.address + bias, bytes };
}

/** runtime.buildVersion, where the build info was left out: a string variable that reads `go1.N...`. */
export function versionInData(file: RandomFile, elf: Elf, bias: number, data: readonly Piece[]): string | undefined {
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
export function waitReasonsOf(file: RandomFile, elf: Elf, bias: number, data: readonly Piece[], constants: Constants): string[] {
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
  throw new Unreadable('has no list of wait reasons where Go has it: its layout is unverified');
}
