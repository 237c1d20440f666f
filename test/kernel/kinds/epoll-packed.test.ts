import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packTargets } from '../../../src/kernel/kinds/epoll-packed.ts';
import { parseTargets } from '../../../src/kernel/kinds/epoll-targets.ts';

const hex = fc.bigInt(0n, 2n ** 64n - 1n).map((value) => value.toString(16));
const small = fc.nat().map((value) => value.toString(16));
const inode = fc.tuple(small, fc.constantFrom('f', '9', 'fe00001')).map(([ino, device]) => `  pos:0 ino:${ino} sdev:${device}`);
const line = fc.oneof(
  fc.tuple(fc.nat(), small, hex, fc.oneof(inode, fc.constant(''))).map(([fd, events, data, more]) => `tfd: ${String(fd).padStart(8)} events: ${events.padStart(8)} data: ${data.padStart(16)} ${more}`),
  fc.constantFrom('', 'tfd: x', 'lock: 1', 'tfd: 5 events: 1 ino:zz sdev:1'),
);

/** So many are packed. */
const many = Array.from({ length: 300 }, (_, fd) => `tfd: ${fd} events: 19 data: 0  pos:0 ino:${(fd + 7).toString(16)} sdev:9`);

describe('registrations of an epoll instance in columns', () => {
  it('are those of the text', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), (lines) => {
        const text = `${[...many, ...lines].join('\n')}\n`;
        const { packed, targets } = packTargets(text);
        expect(packed?.size).toBe(parseTargets(text).length);
        expect(targets).toEqual(parseTargets(text));
      }),
    );
  });

  it('are left as they are where they are few, or do not fit', () => {
    const large = 'tfd: 1 events: 19 data: 0  pos:0 ino:ffffffffffffffff sdev:9';
    for (const lines of [many.slice(0, 10), [...many, large]]) {
      const { packed, targets } = packTargets(lines.join('\n'));
      expect([packed, targets]).toEqual([undefined, parseTargets(lines.join('\n'))]);
    }
  });
});
