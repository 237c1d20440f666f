import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { looksAlike, sharesExtension } from '../../src/kernel/fixed-shapes.ts';
import { samplePaths } from '../../src/kernel/fd-sample.ts';
import { Links } from '../../src/kernel/links.ts';
import { byLooks } from '../../src/kernel/templates.ts';
import { PackedLinks } from '../../src/evidence/packed-links.ts';

const word = fc.constantFrom('a', 'face', 'x', 'deadbeef', '-', '_', '.', '/', '.db', '#', 'Z', ' (deleted)', 'é', 'ab-cd-ef');
const digits = fc.oneof(fc.constantFrom('7', '1234', '12345678', '123456789012'), fc.nat().map(String));
const path = fc.array(fc.oneof(word, fc.constant(0)), { minLength: 1, maxLength: 12 });

function filled(parts: readonly (string | 0)[], numbers: readonly string[]): string {
  let at = 0;
  // Two runs beside each other are one.
  return `/${parts.map((part, index) => (part === 0 ? (parts[index - 1] === 0 ? '' : numbers[at++ % numbers.length]!) : part)).join('')}`;
}

const numbers = fc.array(digits, { minLength: 12, maxLength: 12 });
const shapeOf = (text: string): string => text.replace(/\d+/g, '0');

describe('paths of one shape', () => {
  it('look the same where that is said', () => {
    fc.assert(
      fc.property(path, numbers, numbers, (parts, some, others) => {
        const [one, other] = [filled(parts, some), filled(parts, others)];
        if (looksAlike(shapeOf(one))) expect(byLooks(other)).toBe(byLooks(one));
      }),
      { numRuns: 3000 },
    );
  });

  it('are told to look alike in the everyday cases, and never as parts of hashes and uuids', () => {
    expect(['/srv/shard-3/segment-17.db', '/var/log/app.log.12', '/tmp/x-20260101-7'].map(shapeOf).map(looksAlike)).toEqual([true, true, true]);
    expect(['/o/ab12', '/o/12ab', '/u/12345678-abcd-1234-abcd-123456789012'].map(shapeOf).map(looksAlike)).toEqual([false, false, false]);
    expect(['/srv/a1/b2.db', '/srv/a.1/b', '/x/1 (deleted)'].map(shapeOf).map(sharesExtension)).toEqual([false, true, true]);
    expect(['/srv/s1/b.db', '/srv/s1/b.1', '/srv/s1/b.x1 (deleted)'].map(shapeOf).map(sharesExtension)).toEqual([true, false, false]);
  });

  it('are sampled as one by one', () => {
    const links = fc.array(fc.oneof(fc.tuple(path, numbers).map(([parts, some]) => filled(parts, some)), fc.constantFrom('pipe:[7]', 'socket:[9]', 'socket:[x]', '/dev/null', '/dev/pts/3', 'anon_inode:[eventfd]')), {
      maxLength: 150,
    });
    fc.assert(
      fc.property(links, (texts) => {
        const [plain, packed] = [new Links(), new PackedLinks(texts.length)];
        texts.forEach((text, fd) => {
          plain.add(fd, text);
          packed.add(fd, text);
        });
        expect(samplePaths(packed)).toEqual(samplePaths(plain));
      }),
    );
  });
});
