/** Which function an address lies in: by tables made here, and by programs that exist. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RandomFile } from '../../src/evidence/types.ts';
import { codeNames } from '../../src/kernel/code-names.ts';

function fileOf(bytes: Buffer): RandomFile {
  return { size: bytes.length, reads: 0, bytes: 0, close: () => undefined, read: (into, at, length, position) => bytes.copy(into, at, position, Math.min(position + length, bytes.length)) };
}

/** One segment at 0x400000 of offset 0x1000, and these functions. */
function program(functions: readonly { name: string; at: number; size: number; type?: number }[]): Buffer {
  const bytes = Buffer.alloc(0x3000);
  bytes.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  bytes.writeUInt16LE(2, 16);
  bytes.writeUInt16LE(62, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeBigUInt64LE(0x200n, 40);
  bytes.writeUInt16LE(1, 56);
  for (const [at, value] of [[58, 64], [54, 56], [60, 3], [62, 2]] as const) bytes.writeUInt16LE(value, at);
  bytes.writeUInt32LE(1, 64);
  bytes.writeUInt32LE(5, 68);
  for (const [at, value] of [[72, 0x1000], [80, 0x400000], [96, 0x1000], [104, 0x1000]] as const) bytes.writeBigUInt64LE(BigInt(value), at);
  const names = '\0.symtab\0.strtab\0';
  const strings = functions.reduce((text, { name }) => `${text}${name}\0`, names);
  bytes.write(strings, 0x2000, 'latin1');
  const section = (index: number, nameAt: number, offset: number, size: number, link: number): void => {
    const at = 0x200 + index * 64;
    bytes.writeUInt32LE(nameAt, at);
    bytes.writeUInt32LE(2, at + 4);
    bytes.writeBigUInt64LE(BigInt(offset), at + 24);
    bytes.writeBigUInt64LE(BigInt(size), at + 32);
    bytes.writeUInt32LE(link, at + 40);
  };
  section(1, 1, 0x2800, functions.length * 24, 2);
  section(2, 9, 0x2000, strings.length, 0);
  let nameAt = names.length;
  for (const [index, { name, at, size, type = 2 }] of functions.entries()) {
    const entry = 0x2800 + index * 24;
    bytes.writeUInt32LE(nameAt, entry);
    bytes[entry + 4] = 0x10 | type;
    bytes.writeBigUInt64LE(BigInt(at), entry + 8);
    bytes.writeBigUInt64LE(BigInt(size), entry + 16);
    nameAt += name.length + 1;
  }
  return bytes;
}

describe('codeNames', () => {
  const names = codeNames(fileOf(program([
    { name: 'late', at: 0x400200, size: 0x10 }, { name: 'early', at: 0x400100, size: 0x10 }, { name: 'data', at: 0x400150, size: 8, type: 1 }, { name: 'assembly', at: 0x400300, size: 0 },
  ])));

  it('finds the function around an address, by its place in the file', () => {
    expect(names.at(0x1100)).toEqual({ symbol: 'early', within: 0, address: 0x400100 });
    expect(names.at(0x110f)).toEqual({ symbol: 'early', within: 15, address: 0x40010f });
    expect(names.at(0x1201)).toEqual({ symbol: 'late', within: 1, address: 0x400201 });
    expect(names.at(0x1345)).toEqual({ symbol: 'assembly', within: 0x45, address: 0x400345 });
  });

  it('names none between two, before the first, and in no segment', () => {
    expect(names.at(0x1110)).toEqual({ symbol: undefined, within: undefined, address: 0x400110 });
    expect(names.at(0x1150)).toMatchObject({ symbol: undefined, address: 0x400150 });
    expect(names.at(0x1000)).toMatchObject({ symbol: undefined, address: 0x400000 });
    expect(names.at(0x10)).toEqual({ symbol: undefined, within: undefined, address: 0x10 });
  });

  it('takes whatever is in a file', () => {
    expect(codeNames(fileOf(Buffer.from('#!/bin/sh\n'))).at(7)).toEqual({ symbol: undefined, within: undefined, address: 7 });
    const whole = program([{ name: 'a', at: 0x400100, size: 4 }]);
    fc.assert(fc.property(fc.array(fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) }), { maxLength: 20 }), fc.nat(whole.length), (changes, length) => {
      const bytes = Buffer.from(whole.subarray(0, length));
      for (const { at, byte } of changes) if (at < length) bytes[at] = byte;
      expect(Number.isFinite(codeNames(fileOf(bytes)).at(0x1100).address)).toBe(true);
    }));
  });

  it('agrees with nm about a program that exists', (context) => {
    let lines: string[];
    try {
      lines = execFileSync('nm', ['--defined-only', process.execPath], { encoding: 'latin1', maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'ignore'] }).split('\n').filter((line) => / [Tt] \w+$/.test(line));
    } catch {
      return context.skip('no nm');
    }
    if (lines.length === 0) return context.skip('this Node has no symbols');
    const fd = openSync(process.execPath, 'r');
    try {
      const found = codeNames({ size: fstatSync(fd).size, reads: 0, bytes: 0, close: () => undefined, read: (into, at, length, position) => readSync(fd, into, at, length, position) });
      const main = lines.find((line) => line.endsWith(' T main'));
      expect(main).toBeDefined();
      const at = Number.parseInt(main!, 16);
      const [, offset, address] = /LOAD\s+(0x[\da-f]+) (0x[\da-f]+) .* R E/.exec(execFileSync('readelf', ['-lW', process.execPath], { encoding: 'latin1' })) ?? [];
      expect(found.at(at - Number(address) + Number(offset) + 4)).toEqual({ symbol: 'main', within: 4, address: at + 4 });
    } finally {
      closeSync(fd);
    }
  });
});
