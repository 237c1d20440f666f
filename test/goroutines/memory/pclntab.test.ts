import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadTable, FunctionTable, readTableHeader } from '../../../src/goroutines/memory/pclntab.ts';
import { makeTable, type MadeFunction } from './table.ts';

const TEXT = 0x401000;
const FUNCTIONS: MadeFunction[] = [
  { name: 'runtime.systemstack_switch', offset: 0, id: 20 },
  { name: 'main.main', offset: 0x20, sizes: [[0, 4], [24, 20], [0, 8]], lines: [[10, 8], [12, 10], [9, 14]] },
  { name: 'main.(*T).work', offset: 0x40, sizes: [[8, 32]], lines: [[700, 32]], flag: 1 },
];

describe.each([true, false])('a table of functions (1.20 and later: %s)', (isNew) => {
  const table = new FunctionTable(makeTable(FUNCTIONS, 0x60, isNew), TEXT);

  it('finds the function that holds an address', () => {
    expect(table.find(TEXT + 0x20)?.name).toBe('main.main');
    expect(table.find(TEXT + 0x3f)?.name).toBe('main.main');
    expect(table.find(TEXT + 0x40)).toMatchObject({ name: 'main.(*T).work', entry: TEXT + 0x40, flag: 1 });
    expect(table.find(TEXT - 1)).toBeUndefined();
    expect(table.find(TEXT + 0x60)).toBeUndefined();
    expect(table.find(Number.NaN)).toBeUndefined();
  });

  it('tells frame sizes and lines by address, in both directions', () => {
    const main = table.find(TEXT + 0x20)!;
    expect([0, 3, 4, 23, 24].map((at) => table.frameSize(main, main.entry + at))).toEqual([0, 0, 24, 24, 0]);
    expect([0, 8, 17, 18].map((at) => table.position(main, main.entry + at))).toEqual([10, 12, 12, 9].map((line) => ({ file: 'main.go', line })));
  });

  it('wrappers are those behind systemstack_switch', () => {
    expect(table.wrapperId).toBe(21);
  });
});

it('older and unknown forms are named', () => {
  const other = (magic: number): string => {
    const bytes = makeTable(FUNCTIONS, 0x60);
    bytes.writeUInt32LE(magic, 0);
    try {
      readTableHeader(bytes);
      return 'read';
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(other(0xfffffffb)).toMatch(/Go 1\.2 to 1\.15/);
  expect(other(0xfffffffa)).toMatch(/Go 1\.16 or 1\.17/);
  expect(other(0x12345678)).toMatch(/not known/);
});

it('bytes changed on purpose give BadTable or an answer, and soon', () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 24 });
  fc.assert(
    fc.property(changes, fc.nat({ max: 0x100 }), fc.boolean(), (edits, at, isNew) => {
      const bytes = makeTable(FUNCTIONS, 0x60, isNew);
      for (const [place, value] of edits) bytes[place % bytes.length] = value;
      try {
        const table = new FunctionTable(bytes, TEXT);
        const fn = table.find(TEXT + at);
        if (!fn) return;
        table.frameSize(fn, TEXT + at);
        table.position(fn, TEXT + at);
        table.data(fn, 2, TEXT + at);
        table.funcdata(fn, 3);
      } catch (error) {
        expect(error).toBeInstanceOf(BadTable);
      }
    }),
    { numRuns: 3000 },
  );
});
