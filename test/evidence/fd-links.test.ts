import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFdLinks } from '../../src/evidence/native/fd-links.ts';
import { loadLibc } from '../../src/evidence/native/libc.ts';
import { PackedLinks } from '../../src/evidence/packed-links.ts';

const FOLDER = '/proc/self/fd';
/** So many that preparing the calls pays in Node too. */
const VERY_MANY = 10_000;
const held: number[] = [];

beforeAll(() => {
  for (const path of ['/dev/null', import.meta.filename, '/']) for (let number = 0; number < 40; number++) held.push(openSync(path, 'r'));
});
afterAll(() => held.forEach(closeSync));

describe.skipIf(loadLibc() === null)('links of very many descriptors', () => {
  it('are what readlink says, as texts, by length and packed', () => {
    // A silent way back to the runtime's own function would only be slower.
    const links = openFdLinks(FOLDER, VERY_MANY)!;
    expect(links).not.toBeNull();
    const packed = new PackedLinks(held.length);
    for (const fd of held) {
      const text = readlinkSync(`${FOLDER}/${fd}`, 'latin1');
      expect(links.read(fd)).toBe(text);
      expect(links.length(fd)).toBe(text.length);
      expect(links.pack(fd, packed)).toBe(true);
    }
    expect(held.map((_, index) => packed.textAt(index))).toEqual(held.map((fd) => readlinkSync(`${FOLDER}/${fd}`, 'latin1')));
    links.close();
  });

  it('that are closed are none', () => {
    const links = openFdLinks(FOLDER, VERY_MANY)!;
    const closed = Math.max(...readdirSync(FOLDER).map(Number)) + 1000;
    expect([links.read(closed), links.length(closed), links.pack(closed, new PackedLinks(1))]).toEqual([undefined, undefined, false]);
    links.close();
  });
});
