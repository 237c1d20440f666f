/** Nothing that is kept tells where it was made: recordings name programs below /srv/programs, wherever they were recorded. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { describeNeeds } from '../live/support/need.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Programs of a checkout, and folders in which people and runners have theirs. */
const CHECKOUTS = /(?:(?<=\\u0000|\\0)|(?<![\w.}$-]))\/(?:(?:[\w.-]+\/)+fixtures\/programs|(?:work|workspace|workspaces|builds|__w|tmp\/wt[\w-]*)(?=[/>]))/g;

/** What was built or fetched here names the places of here, as it must. */
function keptFiles(): string[] {
  const names = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 24 }).split('\0').slice(0, -1);
  return names.map((name) => join(ROOT, name)).filter((file) => existsSync(file));
}

/** Each byte one character, of what is packed as well. */
function textOf(file: string): string {
  const bytes = readFileSync(file);
  return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('latin1');
}

const checkoutsIn = (text: string): string[] => [...new Set([...(text.match(CHECKOUTS) ?? []), ...(text.includes(`${ROOT}/`) ? [ROOT] : [])])];

describeNeeds(['git'], 'no file', () => {
  const files = keptFiles();

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
