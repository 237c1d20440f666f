import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openRedactor, type Redactor } from '../../src/evidence/redact.ts';
import { decodeText, encodeText } from '../../src/kernel/text.ts';
import { pathTemplates as templatesOf } from '../../src/kernel/templates.ts';

function pathTemplates(paths: Iterable<string>): Map<string, string> {
  const all = [...paths];
  const made = templatesOf(all);
  return new Map(all.map((path, index) => [path, made[index]!]));
}

/** The same key every time: a failure must come again. */
const KEY = createHash('sha256').update('templates').digest();

/** Which paths are together, as the number of the first one of each group. */
function partition(paths: readonly string[]): number[] {
  const templates = pathTemplates(new Set(paths));
  const first = new Map<string, number>();
  return paths.map((path, index) => {
    const template = templates.get(path)!;
    if (!first.has(template)) first.set(template, index);
    return first.get(template)!;
  });
}

function redacted(paths: readonly string[], redactor: Redactor = openRedactor(KEY)): string[] {
  return paths.map((path) => decodeText(redactor.value('readlink', '/proc/1/fd/1', encodeText(path))).text);
}

/** The same bytes in every run: whether a word is still free depends on all words before it. */
let drawn = 0;
function randomBytes(length: number): Buffer {
  return createHash('sha512').update(String(drawn++)).digest().subarray(0, length);
}

function randomUUID(): string {
  return randomBytes(16)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

const many = (count: number, make: (index: number) => string): string[] => Array.from({ length: count }, (_, index) => make(index));
const from = (alphabet: string, length: number): string =>
  [...randomBytes(length)].map((byte) => alphabet.charAt(byte % alphabet.length)).join('');
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const ALPHANUMERIC = `${LETTERS}0123456789`;

const families: Record<string, () => string> = {
  'mkstemp with an extension': () => `/var/tmp/upload-${from(ALPHANUMERIC, 6)}.part`,
  'mkstemp after a dot': () => `/srv/acme/conf.${from(ALPHANUMERIC, 6)}`,
  uuids: () => `/data/acme/${randomUUID()}.bin`,
  'uuids of directories': () => `/data/acme/${randomUUID()}/wal`,
  'sha-1': () => `/var/cache/acme/${randomBytes(20).toString('hex')} (deleted)`,
  'short hashes': () => `/var/cache/acme/obj-${randomBytes(4).toString('hex')}.o`,
  'seven hex digits': () => `/var/cache/acme/${randomBytes(4).toString('hex').slice(1)}`,
  versions: () => `/opt/acme/v${randomBytes(1)[0]! % 4}.${randomBytes(1)[0]! % 5}/lib${from('abc', 2)}.so`,
  'hidden files': () => `/home/acme/.${from('abcdef', 3)}${from(ALPHANUMERIC, 2)}`,
  tenants: () => `/srv/${from('abcdefgh', 4)}/db.sqlite`,
  unlinked: () => `/tmp/${from(LETTERS, 3)}.log (deleted)`,
  'few names': () => `/etc/acme/${from('ab', 2)}.conf`,
  'other scripts': () => `/srv/${from('äöü日本', 2)}${from('abcdef0123', 9)}/x`,
};

describe('paths of a redacted tape', () => {
  it.each(Object.entries(families))('are together as the true ones are: %s', (_name, make) => {
    const paths = many(3000, make);
    expect(partition(redacted(paths))).toEqual(partition(paths));
  });

  it('are together as the true ones are, all kinds at once', () => {
    const paths = Object.values(families).flatMap((make) => many(300, make));
    expect(partition(redacted(paths))).toEqual(partition(paths));
  });

  it('stay so for 19,000 uuids, which use up all short words there are', () => {
    const paths = many(19_000, () => `/srv/data/${randomUUID()}.part`);
    expect(new Set(partition(redacted(paths))).size).toBe(1);
  });

  it('are together as the true ones are, whatever the names', () => {
    const component = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', 'B', 'f', 'x', '7', '0', '.', '-', '_'), minLength: 1, maxLength: 12 }),
      fc.constantFrom('var', 'lib64', 'tmp', 'x (deleted)', 'é9', 'deadbeef1', 'cafe0000'),
    );
    const path = fc
      .tuple(fc.array(component, { minLength: 1, maxLength: 4 }), fc.constantFrom('', ' (deleted)'))
      .map(([parts, mark]) => `/${parts.join('/')}${mark}`);
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 150 }), (paths) => {
        expect(partition(redacted(paths))).toEqual(partition(paths));
      }),
      { numRuns: 300 },
    );
  });
});
