import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openRedactor, type Redactor } from '../../src/evidence/redact.ts';

const KEY = Buffer.alloc(32, 7);
const redact = (link: string, redactor: Redactor = openRedactor(KEY)): string => redactor.value('readlink', '/proc/1/fd/3', link);
const template = (path: string): string => path.replace(/\d+/g, '*');

/** Small on purpose: pairs must meet in runs, in templates, and in words that are kept. */
const letters = fc.constantFrom('a', 'b', 'f', 'A', 'var', 'lib', 'tmp', 'pts', 'cafe', 'acme', 'Acme', 'qq', '\xd0\xb6');
const piece = fc.oneof(letters, fc.constantFrom('1', '27', '64', '.', '-', '_', ' ', '\n'));
const component = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''));
const head = fc.constantFrom('', '/', '/var/', '/dev/', '/dev/pts/', '/dev/shm/', '/proc/', '/sys/', '/memfd:', '(unreachable)/');
const tail = fc.constantFrom('', '.log', '.a1', '.abcdefgh', '.abcdefghi', '.oldbin', '.a1.oldbin', ' (deleted)');
const path = fc
  .tuple(head, fc.array(component, { minLength: 1, maxLength: 3 }), tail)
  .map(([first, components, last]) => first + components.join('/') + last);
/** Another path, or the same with other digits. */
const pair = fc.oneof(
  fc.tuple(path, path),
  fc.tuple(path, fc.constantFrom('3', '04', '512')).map(([one, digits]) => [one, one.replace(/\d+/, digits)] as const),
);

describe('redacted paths', () => {
  it('are equal when the paths are, and alike when the paths are', () => {
    fc.assert(
      fc.property(pair, ([one, other]) => {
        const redactor = openRedactor(KEY);
        const [first, second] = [redact(one, redactor), redact(other, redactor)];
        expect(first === second).toBe(one === other);
        expect(template(first) === template(second)).toBe(template(one) === template(other));
        expect(redact(one, redactor)).toBe(first);
      }),
      { numRuns: 2000 },
    );
  });

  it('stay different over many words of the same length', () => {
    const redactor = openRedactor(KEY);
    const singles = [...'abcdefghijklmnopqrstuvwxyz'];
    const words = singles.flatMap((letter) => singles.map((other) => letter + other));
    const names = [...words, ...singles, ...singles.map((letter) => letter.toUpperCase())];
    expect(new Set(names.map((name) => redact(`/srv/x/${name}`, redactor))).size).toBe(names.length);
  });

  it('keep digits, separators, case, extension, deletion and standard directories', () => {
    expect(redact('/var/log/AcmeShop/upload-17_03.part')).toMatch(/^\/var\/log\/[A-Z][a-z]{3}[A-Z][a-z]{3}\/[a-z]{6}-17_03\.part$/);
    expect(redact('/home/olivia/.secretrc')).toMatch(/^\/home\/[a-z]{6}\/\.[a-z]{8}$/);
    expect(redact('/usr/lib64/libacme.so.3 (deleted)')).toMatch(/^\/usr\/lib64\/[a-z]{7}\.[a-z]{2}\.3 \(deleted\)$/);
    expect(redact('/run/nginx.pid.oldbin')).toBe(`${redact('/run/nginx.pid')}.oldbin`);
    expect(redact('/srv/a/tmp')).not.toMatch(/tmp$/);
    expect(redact('/memfd:session cache (deleted)')).toMatch(/^\/memfd:[a-z]{7} [a-z]{5} \(deleted\)$/);
  });

  it.each([
    'anon_inode:[eventpoll]', 'anon_inode:inotify', 'socket:[123]', 'pipe:[4]', 'net:[4026531833]', 'mnt:[1]', '/', '/dev/null',
    '/dev/pts/3',
    '/proc/1/mounts', '/sys/kernel/debug', '/secretmem (deleted)', '',
  ])('leave %s as it is', (link) => {
    expect(redact(link)).toBe(link);
  });

  it('hide what users name below kernel directories', () => {
    for (const link of ['/dev/shm/acmesecret', '/sys/fs/bpf/acmesecret', '/sys/fs/cgroup/acmesecret.slice']) {
      expect(redact(link)).not.toContain('acmesecret');
    }
  });

  it('differ from tape to tape', () => {
    expect(redact('/srv/acmeshop', openRedactor())).not.toBe(redact('/srv/acmeshop', openRedactor()));
  });
});
