import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { mapperOf, parseMap } from '../../src/node/maps/index.ts';
import { decodeMappings, mappingAt } from '../../src/node/maps/vlq.ts';

const folder = mkdtempSync(join(tmpdir(), 'reloadctl-test-maps-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
function vlq(value: number): string {
  let rest = value < 0 ? -value * 2 + 1 : value * 2;
  let text = '';
  do {
    const bits = rest % 32;
    rest = Math.floor(rest / 32);
    text += DIGITS[rest > 0 ? bits + 32 : bits];
  } while (rest > 0);
  return text;
}

// Line 1 of the script is line 5, column 3 of a.ts; from column 10 on it is line 6.
const MAP = JSON.stringify({ version: 3, sources: ['../src/a.ts'], mappings: `${vlq(0)}${vlq(0)}${vlq(4)}${vlq(2)},${vlq(10)}${vlq(0)}${vlq(1)}${vlq(-2)}` });
const frame = { func: 'f', file: '/srv/app/dist/a.js', line: 1, column: 1 };

describe('decodeMappings', () => {
  it('reads back what was written', () => {
    const point = fc.record({ column: fc.nat(5000), source: fc.nat(3), line: fc.nat(100_000), sourceColumn: fc.nat(500) });
    fc.assert(
      fc.property(fc.array(fc.array(point, { maxLength: 5 }), { maxLength: 5 }), (rows) => {
        let [source, line, sourceColumn] = [0, 0, 0];
        const sorted = rows.map((row) => row.toSorted((a, b) => a.column - b.column));
        const text = sorted.map((row) => {
          let column = 0;
          return row.map((one) => {
            const segment = vlq(one.column - column) + vlq(one.source - source) + vlq(one.line - line) + vlq(one.sourceColumn - sourceColumn);
            ({ column, source, line, sourceColumn } = one);
            return segment;
          }).join(',');
        }).join(';');
        expect(decodeMappings(text)).toEqual(sorted.length === 0 ? [[]] : sorted);
      }),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), fc.nat(10), fc.nat(100), (text, line, column) => void mappingAt(decodeMappings(text), line, column)));
  });
});

describe('mapperOf', () => {
  const inline = `data:application/json;charset=utf-8;base64,${Buffer.from(MAP).toString('base64')}`;

  it('follows a map that is part of the script', () => {
    const map = mapperOf(new Map([['file:///srv/app/dist/a.js', inline]]), 0, false);
    expect(map(frame)).toEqual({ func: 'f', file: '/srv/app/src/a.ts', line: 5, column: 3 });
    expect(map({ ...frame, column: 20 })).toMatchObject({ line: 6, column: 1 });
    expect(map({ ...frame, line: 9 })).toEqual({ ...frame, line: 9 });
    expect(map({ ...frame, file: '/srv/app/dist/b.js' })).toMatchObject({ file: '/srv/app/dist/b.js' });
  });

  it('follows a file beside the script, of the user only, and nothing else', () => {
    const script = join(folder, 'a.js');
    writeFileSync(`${script}.map`, MAP);
    symlinkSync(`${script}.map`, join(folder, 'link.map'));
    const uid = process.getuid!();
    const tried = (url: string, owner = uid, readable = true): string => mapperOf(new Map([[script, url]]), owner, readable)({ ...frame, file: script }).file;
    expect(tried('a.js.map')).toMatch(/src\/a\.ts$/);
    expect(tried('a.js.map', uid, false)).toBe(script);
    if (uid !== 0) expect(tried('a.js.map', uid + 1)).toBe(script);
    for (const url of ['link.map', '../x.map', `${script}.map`, 'http://127.0.0.1/a.js.map', 'file:///etc/passwd', 'none.map', 'data:application/json,{']) expect(tried(url)).toBe(script);
  });
});

describe('parseMap', () => {
  it('is undefined for what is no map', () => {
    for (const text of ['', '{}', '{"version":2,"mappings":""}', '{"version":3,"sections":[]}']) expect(parseMap(text, '/a.js')).toBeUndefined();
    fc.assert(fc.property(fc.json(), (text) => void parseMap(text, '/a.js')));
  });
});
