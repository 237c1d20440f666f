import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byLooks, commonFolder, inFolder, pathTemplates as templatesOf } from '../../src/kernel/templates.ts';

function pathTemplates(paths: Iterable<string>): Map<string, string> {
  const all = [...paths];
  const made = templatesOf(all);
  return new Map(all.map((path, index) => [path, made[index]!]));
}

const templates = (...paths: string[]): Set<string> => new Set(pathTemplates(paths).values());
const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));
const letters = (length: number): string =>
  [...randomBytes(length)].map((byte) => 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'.charAt(byte % 52)).join('');
const alphanumerics = (length: number): string =>
  [...randomBytes(length)].map((byte) => 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'.charAt(byte % 62)).join('');

describe('byLooks', () => {
  it.each([
    ['/var/log/app.log', '/var/log/app.log'],
    ['/var/log/app.log.1', '/var/log/app.log.*'],
    ['/srv/2026-11-22T03:26/x', '/srv/*T*/x'],
    ['/data/2026-11-22/app-1.2.3.db', '/data/*/app-*.db'],
    ['/c/4f2a9c1b77aa/x', '/c/*/x'],
    ['/c/deadbeef/x', '/c/deadbeef/x'],
    ['/c/defaced1/x', '/c/*/x'],
    ['/c/9fb0a1e4-8c1d-4a2b-9d3e-0a1b2c3d4e5f.tmp', '/c/*.tmp'],
    ['/lib64/libc.so.6', '/lib*/libc.so.*'],
    ['/tmp/éab12cd34', '/tmp/éab*cd*'],
  ])('%s -> %s', (path, look) => {
    expect(byLooks(path)).toBe(look);
  });
});

describe('pathTemplates', () => {
  it('leaves a path alone that shares its template with none', () => {
    expect(templates('/var/log/app-17.log')).toEqual(new Set(['/var/log/app-17.log']));
    expect(templates('/etc/passwd', '/etc/group')).toEqual(new Set(['/etc/passwd', '/etc/group']));
  });

  it('joins what differs in digits, and keeps unlinked ones apart', () => {
    expect(templates('/t/a1', '/t/a22', '/t/a3 (deleted)', '/t/a4 (deleted)')).toEqual(new Set(['/t/a*', '/t/a* (deleted)']));
  });

  it.each([
    ['mkstemp with an extension', (): string => `/var/tmp/upload-${letters(6)}.part`, '/var/tmp/upload-*.part'],
    ['mkstemp with digits', (): string => `/var/tmp/upload-${alphanumerics(6)}.part`, '/var/tmp/upload-*.part'],
    ['mktemp', (): string => `/tmp/tmp.${alphanumerics(10)} (deleted)`, '/tmp/tmp.* (deleted)'],
    ['mkstemp after a dot, which looks like an extension', (): string => `/srv/app.conf.${letters(6)}`, '/srv/app.conf.*'],
    ['uuids', (): string => `/data/${randomUUID()}.bin`, '/data/*.bin'],
    ['hashes', (): string => `/cache/${randomBytes(20).toString('hex')}`, '/cache/*'],
    ['hidden', (): string => `/tmp/.org.chromium.${letters(6)}`, '/tmp/.org.chromium.*'],
  ])('makes one group of 19,000 names: %s', (_name, make, expected) => {
    expect(templates(...new Set(many(19_000, make)))).toEqual(new Set([expected]));
  });

  it('makes one group of rsync names, whose stem and extension vary', () => {
    expect(templates(...many(200, (index) => `/b/.file${index}.${letters(6)}`))).toEqual(new Set(['/b/.file*.*']));
  });

  it('makes one group of the same file in many directories', () => {
    const tenants = ['acme', 'bolt', 'cargo', 'delta', 'echo', 'fox', 'golf', 'hotel', 'india', 'jazz'];
    expect(templates(...tenants.map((tenant) => `/srv/tenants/${tenant}/db.sqlite`))).toEqual(new Set(['/srv/tenants/*/db.sqlite']));
    expect(templates(...tenants.flatMap((tenant) => [`/srv/${tenant}/a/db.sqlite`, `/srv/${tenant}/b/db.sqlite`]))).toEqual(
      new Set(['/srv/*/a/db.sqlite', '/srv/*/b/db.sqlite']),
    );
    expect(templates(...tenants.slice(0, 3).map((tenant) => `/srv/tenants/${tenant}/db.sqlite`)).size).toBe(3);
  });

  it('does not join a handful of different names', () => {
    const names = [
      'access.log',
      'error.log',
      'app.log',
      'audit.log',
      'db.sqlite',
      'cache.bin',
      'conf.yml',
      'lock',
      'pid.txt',
      'a.sock',
      'b.json',
      'c.xml',
    ];
    expect(templates(...names.map((name) => `/srv/app/${name}`)).size).toBe(names.length);
  });

  it('does not cut a character in two', () => {
    const paths = many(20, (index) => `/t/${String.fromCodePoint(0x1f600 + index)}`);
    expect(templates(...paths)).toEqual(new Set(['/t/*']));
  });

  const component = fc.oneof(
    fc.constantFrom('a', 'b', 'srv', 'app', '*', '', '.hidden', 'x (deleted)', 'v1.2', 'tmp.Ab3', 'é'),
    fc.string({ unit: fc.constantFrom('a', 'b', '1', '2', '.', '-', '_', ' ', '*', '\n', '\u001b'), maxLength: 6 }),
  );
  const path = fc
    .tuple(fc.array(component, { minLength: 1, maxLength: 5 }), fc.constantFrom('', ' (deleted)'))
    .map(([parts, mark]) => `/${parts.join('/')}${mark}`);
  const paths = fc.uniqueArray(path, { maxLength: 120 });

  it('has a template for every path, whatever their order, and the same each time', () => {
    fc.assert(
      fc.property(paths, fc.integer(), (given, seed) => {
        const made = pathTemplates(given);
        expect([...made.keys()]).toEqual(given);
        const shuffled = [...given].sort((a, b) => hashOf(a, seed) - hashOf(b, seed));
        expect(new Map(pathTemplates(shuffled))).toEqual(made);
      }),
      { numRuns: 300 },
    );
  });

  it('never joins paths of different depth, nor a living with an unlinked one', () => {
    fc.assert(
      fc.property(paths, (given) => {
        for (const [original, template] of pathTemplates(given)) {
          expect(template.split('/').length).toBe(original.split('/').length);
          expect(template.endsWith(' (deleted)')).toBe(original.endsWith(' (deleted)'));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives a template of its own to nobody: it is the path itself', () => {
    fc.assert(
      fc.property(paths, (given) => {
        const made = pathTemplates(given);
        const members = [...made.values()];
        for (const [original, template] of made)
          if (members.filter((other) => other === template).length === 1) expect(template).toBe(original);
      }),
      { numRuns: 200 },
    );
  });

  it('costs 20,000 paths a small multiple of looking at them', () => {
    const given = many(20_000, (index) => `/srv/data/tenant-${index % 300}/cache/${alphanumerics(8)}/upload-${letters(6)}.part`);
    const looked = median(many(5, () => cpuMs(() => given.map((one) => byLooks(one).split('/').length))));
    const made = median(many(5, () => cpuMs(() => pathTemplates(given))));
    expect(made).toBeLessThan(20 * Math.max(looked, 1));
  });
});

describe('the folder of a template', () => {
  it.each([
    ['/srv/7/a', '/srv/7/b', '/srv/7/'], ['/srv/7/a', '/srv/70/a', '/srv/'], ['/a', '/b', '/'], ['/srv/7/a', '/srv/7/a', '/srv/7/'], ['/srv/7/', '/srv/7/a/b', '/srv/7/'], ['/srv', '/srv/7', '/'],
  ])('of %s and %s is %s', (one, other, folder) => {
    expect(commonFolder(one, other)).toBe(folder);
    expect(commonFolder(other, one)).toBe(folder);
  });

  it('stays as it is, and what is behind it is a template', () => {
    expect(inFolder('/tmp/work*b/x*.tmp', '/tmp/work5b/')).toBe('/tmp/work5b/x*.tmp');
    expect(inFolder('/tmp/work*b/x*.tmp', '/')).toBe('/tmp/work*b/x*.tmp');
  });

  it('of any paths that look alike leaves what looks alike', () => {
    const part = fc.stringMatching(/^[a-z]{0,2}[0-9]{1,2}[a-z]?$/);
    fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 2, maxLength: 5 }), (parts, numbers) => {
      const paths = numbers.map((number) => `/${parts.join('/')}/n${number}/end${number}`);
      const folder = paths.reduce(commonFolder);
      const whole = inFolder(byLooks(paths[0]!), folder);
      expect(whole.startsWith(folder)).toBe(true);
      expect(byLooks(whole)).toBe(byLooks(paths[0]!));
    }));
  });
});

function hashOf(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index++) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function cpuMs(run: () => unknown): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
