import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceOf, parseWatches } from '../../../src/inotify/instances/fdinfo.ts';

const LINES = [
  'inotify wd:4 ino:5fb2a6 sdev:15 mask:fc6 ignored_mask:0 fhandle-bytes:c fhandle-type:81 f_handle:a6b25f000000000000000000',
  'inotify wd:2f018 ino:9ac01c sdev:fe00000 mask:4000fc6 ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:1cc09a00b019b443',
  'inotify wd:1 ino:ffffffffffffffff sdev:2b mask:80000008 ignored_mask:1 ',
];

describe('parseWatches', () => {
  it('reads every number as hexadecimal, and a line without a handle', () => {
    expect(parseWatches(`${LINES.join('\n')}\n`)).toEqual([
      { wd: 4, ino: '6271654', major: 0, minor: 21, mask: 0xfc6, ignoredMask: 0, handle: { type: 0x81, bytes: 'a6b25f000000000000000000' } },
      { wd: 192_536, ino: '10141724', major: 254, minor: 0, mask: 0x4000fc6, ignoredMask: 0, handle: { type: 1, bytes: '1cc09a00b019b443' } },
      { wd: 1, ino: '18446744073709551615', major: 0, minor: 43, mask: 0x80000008, ignoredMask: 1 },
    ]);
  });

  it('leaves out what is no whole line', () => {
    expect(parseWatches('pos:\t0\ninotify wd:\nfanotify ino:1\n')).toEqual([]);
    expect(parseWatches('inotify wd:1 ino:1 sdev:1 mask:1 ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:1cc0')[0]?.handle).toBeUndefined();
  });

  it('gives back what the kernel would print', () => {
    const watch = fc.record({
      wd: fc.integer({ min: 1, max: 0x7fffffff }),
      ino: fc.bigInt({ min: 1n, max: 0xffffffffffffffffn }),
      major: fc.integer({ min: 0, max: 4095 }),
      minor: fc.integer({ min: 0, max: 0xfffff }),
      mask: fc.integer({ min: 0, max: 0xffffffff }),
      handle: fc.uint8Array({ minLength: 1, maxLength: 64 }),
    });
    fc.assert(
      fc.property(fc.array(watch), (watches) => {
        const text = watches
          .map(({ wd, ino, major, minor, mask, handle }) => {
            const sdev = (BigInt(major) << 20n) | BigInt(minor);
            const bytes = Buffer.from(handle).toString('hex');
            return `inotify wd:${wd.toString(16)} ino:${ino.toString(16)} sdev:${sdev.toString(16)} mask:${mask.toString(16)} ignored_mask:0 fhandle-bytes:${handle.length.toString(16)} fhandle-type:1 f_handle:${bytes}\n`;
          })
          .join('');
        expect(parseWatches(text).map(({ wd, ino, major, minor, mask, handle }) => ({ wd, ino, major, minor, mask, bytes: handle?.bytes }))).toEqual(
          watches.map(({ wd, ino, major, minor, mask, handle }) => ({ wd, ino: String(ino), major, minor, mask, bytes: Buffer.from(handle).toString('hex') })),
        );
      }),
    );
  });

  it('takes any text', () => {
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseWatches(text))));
  });
});

describe('deviceOf', () => {
  it.each([
    ['65024', 254, 0],
    ['27', 0, 27],
    ['2049', 8, 1],
    [String((0x123n << 8n) | 0x45n | (0x678n << 20n)), 0x123, 0x67845],
  ])('%s', (dev, major, minor) => {
    expect(deviceOf(dev)).toEqual({ major, minor });
  });
});
