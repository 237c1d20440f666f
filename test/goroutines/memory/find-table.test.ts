/** A table of functions that has no section of its own. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RandomFile } from '../../../src/evidence/types.ts';
import { findTable } from '../../../src/goroutines/memory/find-table.ts';
import { tableSection, withTable } from '../../../src/goroutines/memory/with-table.ts';
import { makeTable } from './table.ts';

function fileOf(bytes: Buffer): RandomFile {
  return {
    size: bytes.length, reads: 0, bytes: 0,
    read: (into, at, length, position) => bytes.copy(into, at, position, Math.min(bytes.length, position + length)),
    close: () => undefined,
  };
}

const table = makeTable([{ name: 'runtime.main', offset: 0 }], 100);
const MIB = 1024 * 1024;

it('is found wherever it begins, also across pieces that are read', () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: MIB / 8 - 12, max: MIB / 8 + 2 })), fc.nat({ max: 500 }), (words, behind) => {
      const at = words * 8;
      const file = fileOf(Buffer.concat([Buffer.alloc(at + 16, 0xf1), table, Buffer.alloc(behind)]));
      return findTable(file, 16, file.size - 16) === at;
    }),
    { numRuns: 200 },
  );
});

it('whose numbers lead nowhere, or that lies askew, is none', () => {
  for (const [at, value] of [[6, 3], [7, 4], [14, 0xff], [38, 0xff], [70, 0xff]] as const) {
    const broken = Buffer.from(table);
    broken[at] = value;
    expect(findTable(fileOf(broken), 0, broken.length)).toBeUndefined();
  }
  expect(findTable(fileOf(Buffer.concat([Buffer.alloc(4), table])), 0, table.length + 4)).toBeUndefined();
  expect(findTable(fileOf(table), 0, table.length + 1)).toBeUndefined();
});

it('millions of beginnings are given up on', () => {
  const bytes = Buffer.alloc(48 * MIB, Buffer.from('\xf1\xff\xff\xff\0\0\x01\x08', 'latin1'));
  let reads = 0;
  const file = fileOf(bytes);
  const counted: RandomFile = { ...file, read: (into, at, length, position) => {
    reads++;
    return file.read(into, at, length, position);
  } };
  expect(findTable(counted, 0, bytes.length)).toBeUndefined();
  // A hundred thousand of them are within the first piece of 48.
  expect(reads).toBe(1);
});

it('external linkers merge it into .data.rel.ro: looked for in programs of Go only', () => {
  const bytes = Buffer.concat([Buffer.alloc(4096), table, Buffer.alloc(64)]);
  const section = (name: string, type = 1) => ({ name, type, address: 0x10_000, offset: 1024, size: bytes.length - 1024, link: 0 });
  const elf = (names: string[], type = 1) => ({ machine: 'amd64' as const, isDynamic: true, isCore: false, segments: [], sections: names.map((name) => section(name, type)) });
  const found = (names: string[], type = 1) => tableSection(withTable(fileOf(bytes), elf(names, type)));
  expect(found(['.go.buildinfo', '.data.rel.ro'])).toMatchObject({ address: 0x10_000 + 3072, offset: 4096, size: table.length + 64 });
  expect(found(['.note.go.buildid', '.data.rel.ro'])).toBeDefined();
  expect(found(['.data.rel.ro'])).toBeUndefined();
  expect(found(['.go.buildinfo', '.data.rel.ro'], 8)).toBeUndefined();
  expect(found(['.go.buildinfo', '.data'])).toBeUndefined();
});
