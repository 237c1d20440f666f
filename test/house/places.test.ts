/** Nothing that is kept tells where it was made: recordings name programs below /srv/programs, wherever they were recorded. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
/** What is fetched or made here. */
const OURS = new Set(['.git', 'node_modules', 'dist', 'coverage', 'release', 'packages']);
/** Programs of a checkout, and folders in which people and runners have theirs. */
const CHECKOUTS = /(?:(?<=\\u0000|\\0)|(?<![\w.}$-]))\/(?:(?:[\w.-]+\/)+fixtures\/programs|(?:work|workspace|workspaces|builds|__w|tmp\/wt[\w-]*)(?=[/>]))/g;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (OURS.has(entry.name) || entry.name.startsWith('.vitest-')) return [];
    if (entry.isDirectory()) return filesBelow(join(folder, entry.name));
    return entry.isFile() ? join(folder, entry.name) : [];
  });
}

/** Each byte one character, of what is packed as well. */
function textOf(file: string): string {
  const bytes = readFileSync(file);
  return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('latin1');
}

const checkoutsIn = (text: string): string[] => [...new Set([...(text.match(CHECKOUTS) ?? []), ...(text.includes(`${ROOT}/`) ? [ROOT] : [])])];

describe('no file', () => {
  const files = filesBelow(ROOT);

  it('names the checkout that it was made in', () => {
    expect(files.filter((file) => file.endsWith('.rctl')).length).toBeGreaterThan(100);
    expect(files.filter((file) => file.endsWith('.gz')).length).toBeGreaterThan(5);
    expect(files.filter((file) => file !== import.meta.filename).flatMap((file) => checkoutsIn(textOf(file)).map((place) => `${file.slice(ROOT.length + 1)}: ${place}`))).toEqual([]);
  });

  it.each([
    ['openat(AT_FDCWD</builds/a>, "b"', '/builds'],
    ['"cmdline":"python3\\u0000/opt/x/fixtures/programs/factory.py"', '/opt/x/fixtures/programs'],
    [`at ${ROOT}/src/cli.ts:1`, ROOT],
  ])('could, and that would be seen: %s', (text, place) => {
    expect(checkoutsIn(text)).toContain(place);
  });

  it('has to hide where the tests and the recordings look', () => {
    expect(checkoutsIn("join(import.meta.dirname, '../../fixtures/programs'), /srv/programs/factory.py, /fixtures/programs, a/work/b, get('/work')")).toEqual([]);
  });
});
