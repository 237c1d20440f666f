import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plain } from '../../src/render/colour.ts';
import type { Cell, Column, TableBlock } from '../../src/render/document.ts';
import { tableLines } from '../../src/render/table.ts';
import { columnsOf } from '../../src/render/width.ts';
import { DANGEROUS, HOSTILE } from './support.ts';

const FDS: Column[] = [{ title: 'FD', align: 'right' }, { title: 'KIND' }, { title: 'TARGET', flex: true }];
const ROWS: Cell[][] = [
  [0, 'chr', '/dev/null'],
  [7, 'tcp', '10.0.0.1:8080 -> 10.0.0.5:5432'],
  [12345, 'file', '/var/lib/service/releases/current/logs/access.log'],
  [9, 'pipe'],
];

function draw(table: Omit<TableBlock, 'type'>, columns?: number): string {
  return [...tableLines({ type: 'table', ...table }, { paint: plain, columns })].join('');
}

test('off a terminal nothing is cut and no line ends in blanks', () => {
  expect(draw({ columns: FDS, rows: ROWS })).toMatchInlineSnapshot(`
    "   FD  KIND  TARGET
        0  chr   /dev/null
        7  tcp   10.0.0.1:8080 -> 10.0.0.5:5432
    12345  file  /var/lib/service/releases/current/logs/access.log
        9  pipe
    "
  `);
});

test('on a terminal the flex column is shortened in the middle', () => {
  expect(draw({ columns: FDS, rows: ROWS, indent: 2 }, 40)).toMatchInlineSnapshot(`
    "     FD  KIND  TARGET
          0  chr   /dev/null
          7  tcp   10.0.0.1:808…0.0.0.5:5432
      12345  file  /var/lib/ser…s/access.log
          9  pipe
    "
  `);
});

test('without titles there is no header', () => {
  expect(draw({ columns: [{ title: '' }, { title: '' }], rows: [['a', 1]] })).toBe('a  1\n');
});

test('wide characters keep the columns aligned', () => {
  const rows = [
    ['日本', 'x'],
    ['abcdef', 'x'],
    ['e\u0301', 'x'],
  ];
  const starts = draw({ columns: [{ title: 'NAME' }, { title: 'Y' }], rows })
    .trimEnd()
    .split('\n')
    .map((line) => columnsOf(line.slice(0, -1)));
  expect(new Set(starts)).toEqual(new Set([8]));
});

test('a hostile cell stays one safe line in its column', () => {
  const text = draw({ columns: FDS, rows: [[3, 'file', HOSTILE], [4, HOSTILE, 'end']] });
  expect(text).not.toMatch(DANGEROUS);
  expect(text.split('\n')).toHaveLength(4);
});

test('a tone is painted after escaping and padding counts the text only', () => {
  const paint = (tone: string, text: string): string => `<${tone}>${text}</>`;
  const rows: Cell[][] = [[{ text: 'a\u001b', tone: 'critical' }, 'x'], ['abcdef', 'x']];
  const lines = [...tableLines({ type: 'table', columns: [{ title: '' }, { title: '' }], rows }, { paint })];
  expect(lines).toEqual(['<critical>a\\x1b</>   x\n', 'abcdef  x\n']);
});

test('rows are read once, as a stream: after the sample one line per row', () => {
  let read = 0;
  function* rows(): Generator<Cell[]> {
    for (; read < 1500; ) {
      read++;
      yield [read, 'x'];
    }
  }
  const lines = tableLines({ type: 'table', columns: [{ title: 'N' }, { title: 'X' }], rows: rows() }, { paint: plain });
  lines.next();
  expect(read).toBe(1000);
  for (let i = 0; i < 1001; i++) lines.next();
  expect(read).toBe(1001);
  expect([...lines]).toHaveLength(499);
});

test('one very long name does not pad all other rows to its length', () => {
  const text = draw({ columns: [{ title: 'A' }, { title: 'B' }], rows: [['x'.repeat(4096), 'b'], ['a', 'b']] });
  expect(text).toContain(`${'x'.repeat(4096)}  b\n`);
  expect(text.length).toBeLessThan(5000);
});

const toned = fc.record({ text: fc.string(), tone: fc.constant('dim' as const) });
const cell = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.integer(), toned);
const column = fc.record(
  {
    title: fc.string({ maxLength: 10 }),
    align: fc.constantFrom('left' as const, 'right' as const),
    min: fc.integer({ min: 0, max: 50 }),
    flex: fc.boolean(),
  },
  { requiredKeys: ['title'] },
) as fc.Arbitrary<Column>;

test('on a terminal no line is wider than it, however narrow', () => {
  fc.assert(
    fc.property(
      fc.array(column, { minLength: 1, maxLength: 7 }),
      fc.array(fc.array(cell, { maxLength: 8 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 120 }),
      fc.integer({ min: 0, max: 8 }),
      (columns, rows, width, indent) => {
        for (const line of tableLines({ type: 'table', columns, rows, indent }, { paint: plain, columns: width })) {
          expect(columnsOf(line.slice(0, -1))).toBeLessThanOrEqual(width);
        }
      },
    ),
  );
});

test('off a terminal every cell is there in full', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.stringMatching(/^\w{1,300}$/), fc.stringMatching(/^\w{1,30}$/)), { maxLength: 20 }), (rows) => {
      const lines = draw({ columns: [{ title: 'A', flex: true }, { title: 'B', align: 'right' }], rows }).split('\n').slice(1, -1);
      expect(lines.map((line) => line.split(/ +/))).toEqual(rows);
    }),
  );
});

function cpuMs(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

test('20,000 rows cost a small multiple of joining them', () => {
  const row = (i: number): Cell[] => [i, 'tcp', 'ESTABLISHED', `10.0.${i % 256}.7:${i}`, 'cloexec', `/srv/app/releases/${i}/data.log`];
  const rows = Array.from({ length: 20_000 }, (_, i) => row(i));
  const columns: Column[] = ['FD', 'KIND', 'STATE', 'PEER', 'FLAGS', 'TARGET'].map((title) => ({ title, flex: title === 'TARGET' }));
  let length = 0;
  const join = (): void => {
    for (const row of rows) length += Buffer.byteLength(`${row.join('  ')}\n`);
  };
  const table = (): void => {
    for (const line of tableLines({ type: 'table', columns, rows }, { paint: plain, columns: 100 })) length += Buffer.byteLength(line);
  };
  const joins: number[] = [];
  const tables: number[] = [];
  for (let round = 0; round < 7; round++) {
    joins.push(cpuMs(join));
    tables.push(cpuMs(table));
  }
  const ratio = Math.min(...tables) / Math.min(...joins);
  // About 8 when written; a table that is quadratic or holds all rows to measure them again is far dearer.
  expect(ratio).toBeLessThan(25);
  expect(length).toBeGreaterThan(0);
});
