import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blindnessOf, isLocal } from '../../../src/inotify/filesystems.ts';
import { libraryOf } from '../../../src/inotify/instances/library.ts';
import { layerHandle, layersOf, pathInOverlay } from '../../../src/inotify/instances/overlay.ts';
import { eventsIn, isFull } from '../../../src/inotify/instances/queue.ts';
import { maskWords } from '../../../src/inotify/mask.ts';
import { type Mount, parseMounts } from '../../../src/kernel/proc/mountinfo.ts';

describe('maskWords', () => {
  it.each([
    [0xfc6, 'MODIFY ATTRIB MOVED_FROM MOVED_TO CREATE DELETE DELETE_SELF MOVE_SELF'],
    [0x4000fff, 'everything EXCL_UNLINK'],
    [0x80000008, 'CLOSE_WRITE ONESHOT'],
    [0x4000, 'Q_OVERFLOW'],
    [0x1000 | 0x2, 'MODIFY 0x1000'],
    [0, ''],
  ])('%x', (mask, words) => {
    expect(maskWords(mask)).toBe(words);
  });
});

describe('a full queue', () => {
  it('is known to the byte', () => {
    expect(isFull(524_304, 16_384)).toBe(true);
    expect(isFull(262_160, 16_384)).toBe(true);
    for (const bytes of [0, 16, 3200, 524_288, 524_320, 16_384 * 288 + 16]) expect(isFull(bytes, 16_384)).toBe(false);
  });

  it('is none for any smaller number of events of one size', () => {
    const size = fc.integer({ min: 1, max: 17 }).map((k) => 16 * k);
    fc.assert(fc.property(size, fc.integer({ min: 0, max: 16_383 }), (each, events) => !isFull(each * events, 16_384)));
  });

  it('bounds the events in it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 17 })), (sizes) => {
        const { least, most } = eventsIn(sizes.reduce((sum, k) => sum + 16 * k, 0));
        expect(sizes.length).toBeGreaterThanOrEqual(least);
        expect(sizes.length).toBeLessThanOrEqual(most);
      }),
    );
  });
});

describe('handles of overlayfs', () => {
  const UPPER = '00000000fb1d04010000000000000000000000000000000019209b00e5fd147f';

  it('hold the handle of the real file', () => {
    expect(layerHandle({ type: 0xf8, bytes: UPPER })).toEqual({ upper: true, handle: { type: 1, bytes: '19209b00e5fd147f' } });
    expect(layerHandle({ type: 0xfb, bytes: UPPER.slice(6) })).toEqual({ upper: true, handle: { type: 1, bytes: '19209b00e5fd147f' } });
    expect(layerHandle({ type: 1, bytes: UPPER })).toBeNull();
    expect(layerHandle({ type: 0xf8, bytes: UPPER.slice(0, 40) })).toBeNull();
  });

  it('are null for any other bytes, or hold some', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const found = layerHandle({ type: 0xf8, bytes: Buffer.from(bytes).toString('hex') });
        expect(found === null || found.handle.bytes.length > 0).toBe(true);
      }),
    );
  });

  it('lead through the layers to the path in the container', () => {
    const [mount] = parseMounts('65 43 0:39 / / rw - overlay overlay rw,lowerdir=/l/2:/l/1\\134:x,upperdir=/u,workdir=/w\n') as [Mount];
    const { upper, lower } = layersOf(mount);
    expect({ upper, lower }).toEqual({ upper: '/u', lower: ['/l/2', '/l/1:x'] });
    expect(pathInOverlay(mount, [upper!, ...lower], '/l/1:x/etc/app')).toBe('/etc/app');
    expect(pathInOverlay(mount, [upper!, ...lower], '/u')).toBe('/');
    expect(pathInOverlay(mount, [upper!, ...lower], '/under')).toBeUndefined();
    expect(pathInOverlay({ ...mount, mountPoint: '/m', root: '/etc' }, ['/u'], '/u/etc/app')).toBe('/m/app');
  });
});

describe('parseMounts', () => {
  it('reads all of a line, unescaped, and nothing of one that is none', () => {
    const text = '36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\nnonsense\n1 2 x:y / / rw - a b c\n';
    expect(parseMounts(text)).toEqual([
      { major: 98, minor: 0, root: '/mnt1', mountPoint: '/mnt 2', fsType: 'ext3', source: '/dev/root', superOptions: ['rw', 'errors=continue'] },
    ]);
  });

  it('takes any text', () => {
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseMounts(text))));
  });
});

describe('file systems', () => {
  it.each(['nfs4', 'cifs', '9p', 'virtiofs', 'fuse', 'fuse.sshfs', 'ceph'])('%s is asked for nothing, and does not tell of what happens behind it', (type) => {
    expect(isLocal(type)).toBe(false);
    expect(blindnessOf(type)?.what).toBe('behind');
  });

  it.each(['ext4', 'xfs', 'btrfs', 'tmpfs', 'overlay'])('%s tells all', (type) => {
    expect(isLocal(type)).toBe(true);
    expect(blindnessOf(type)).toBeUndefined();
  });

  it('proc tells nothing', () => {
    expect(blindnessOf('proc')?.what).toBe('nothing');
    expect(blindnessOf('procfoo')).toBeUndefined();
  });
});

describe('libraryOf', () => {
  const usual = { wd: 1, ino: '1', major: 0, minor: 1, mask: 0xfc6, ignoredMask: 0 };
  const parcel = { ...usual, mask: 0x4000fc6 };
  const chokidar = { name: 'chokidar', version: '4.0.3' };

  it.each([
    ['node fs.watch', { runtime: 'node', words: [], packages: [] }, usual],
    ['chokidar 4.0.3', { runtime: 'node', words: [], packages: [chokidar] }, usual],
    ['node --watch', { runtime: 'node', words: ['--watch'], packages: [chokidar] }, usual],
    ['nodemon 3.1.14', { runtime: 'node', words: ['nodemon'], packages: [chokidar, { name: 'nodemon', version: '3.1.14' }] }, usual],
    ['tsx watch', { runtime: 'node', words: ['tsx'], packages: [] }, usual],
    ['@parcel/watcher 2.6.0', { runtime: 'node', words: [], packages: [chokidar, { name: '@parcel/watcher', version: '2.6.0', loaded: true }] }, parcel],
    ['fsnotify (Go)', { runtime: 'go', words: [], packages: [] }, usual],
    ['bun --watch', { runtime: 'bun', words: ['--hot'], packages: [] }, usual],
    ['inotifywait', { runtime: 'inotifywait', words: [], packages: [] }, usual],
  ])('%s', (name, program, watch) => {
    expect(libraryOf(program, [watch])?.name).toBe(name);
  });

  it('guesses nothing of others', () => {
    expect(libraryOf(undefined, [usual])).toBeUndefined();
    expect(libraryOf({ runtime: 'python', words: [], packages: [] }, [usual])).toBeUndefined();
    expect(libraryOf({ runtime: 'node', words: [], packages: [chokidar] }, [{ ...usual, mask: 0x2 }])).toBeUndefined();
    // Installed, and not loaded: something else asks for these bits.
    expect(libraryOf({ runtime: 'node', words: [], packages: [{ name: '@parcel/watcher', version: '2.6.0' }] }, [parcel])?.name).toBe('node fs.watch');
  });
});
