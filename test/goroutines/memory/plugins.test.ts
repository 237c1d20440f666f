import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MODULE } from '../../../src/goroutines/memory/layouts.ts';
import { FunctionTable } from '../../../src/goroutines/memory/pclntab.ts';
import { Functions, pluginsOf } from '../../../src/goroutines/memory/plugins.ts';
import type { Space } from '../../../src/goroutines/memory/space.ts';
import { makeTable } from './table.ts';

const [FIRST, SECOND, TABLE, CODE] = [0x10000, 0x20000, 0x30000, 0x700000];
const GOFUNC = 320;
const NEXT = 536;

function memoryOf(pieces: Readonly<Record<number, Buffer>>): Space {
  return {
    read(address, into, at, length) {
      for (const [start, bytes] of Object.entries(pieces)) {
        const from = address - Number(start);
        if (from >= 0 && from < bytes.length) return bytes.copy(into, at, from, Math.min(bytes.length, from + length));
      }
      return 0;
    },
  };
}

/** The program's own module leads to that of a plugin with two functions. */
function made(): { own: Functions; plugin: Buffer; table: Buffer; space: Space } {
  const table = makeTable([{ name: 'part.a', offset: 0 }, { name: 'part.b', offset: 100 }], 200);
  const [program, plugin] = [Buffer.alloc(1024), Buffer.alloc(1024)];
  program.writeBigUInt64LE(BigInt(SECOND), NEXT);
  const words: readonly (readonly [number, number])[] = [[MODULE.pcHeader, TABLE], [MODULE.pclntable, TABLE + 72], [MODULE.pclntable + 8, table.length - 72], [MODULE.text, CODE], [MODULE.etext, CODE + 200], [MODULE.ebss, CODE + 5000], [GOFUNC, 0x4444]];
  for (const [at, value] of words) plugin.writeBigUInt64LE(BigInt(value), at);
  const space = memoryOf({ [FIRST]: program, [SECOND]: plugin, [TABLE]: table });
  const main = new FunctionTable(makeTable([{ name: 'main.main', offset: 0 }], 50), 0x400000);
  return { own: new Functions(main, pluginsOf(space, FIRST, GOFUNC), space), plugin, table, space };
}

it('functions of plugins are found by the list of modules', () => {
  const { own, space } = made();
  expect(pluginsOf(space, FIRST, GOFUNC)).toEqual([{ code: { start: CODE, end: CODE + 200 }, image: { start: CODE, end: CODE + 5000 }, table: { address: TABLE, length: expect.any(Number) as number }, gofunc: 0x4444 }]);
  expect(own.find(CODE + 150)).toMatchObject({ name: 'part.b', entry: CODE + 100 });
  expect(own.find(CODE + 150)!.table.gofunc).toBe(0x4444);
  expect(own.find(0x400010)).toMatchObject({ name: 'main.main' });
  expect(own.find(CODE + 300)).toBeUndefined();
});

it('a table that is not there is none, and a list that leads in a circle ends', () => {
  const { plugin, space } = made();
  plugin.writeBigUInt64LE(BigInt(FIRST), NEXT);
  expect(pluginsOf(space, FIRST, GOFUNC)).toHaveLength(1);
  plugin.writeBigUInt64LE(2n ** 62n, MODULE.pclntable + 8);
  const found = new Functions(new FunctionTable(makeTable([{ name: 'main.main', offset: 0 }], 50), 0x400000), pluginsOf(space, FIRST, GOFUNC), space);
  expect(found.find(CODE + 150)).toBeUndefined();
});

it('whatever a module says, there is an answer', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 127 }), fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constantFrom(BigInt(TABLE), BigInt(FIRST), BigInt(CODE)))), { maxLength: 8 }), (changes) => {
      const { plugin, space } = made();
      for (const [word, value] of changes) plugin.writeBigUInt64LE(value, word * 8);
      const found = new Functions(new FunctionTable(makeTable([{ name: 'main.main', offset: 0 }], 50), 0x400000), pluginsOf(space, FIRST, GOFUNC), space);
      expect([undefined, 'part.a', 'part.b']).toContain(found.find(CODE + 50)?.name);
    }),
  );
});
