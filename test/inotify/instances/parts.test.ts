import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InotifyQuestions } from '../../../src/evidence/types.ts';
import { isLocal } from '../../../src/evidence/local-filesystems.ts';
import { blindnessOf } from '../../../src/inotify/filesystems.ts';
import { type LibraryWatch, libraryOf } from '../../../src/inotify/instances/library.ts';
import { findLayer, layerHandle, layersOf, pathInOverlay } from '../../../src/inotify/instances/overlay.ts';
import { judgeFullness, recordBytes } from '../../../src/inotify/instances/fullness.ts';
import type { Instance, Queue } from '../../../src/inotify/instances/model.ts';
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

describe('a queue with events of several sizes', () => {
  const LIMIT = 16_384;
  const names = ['a.txt', 'b.txt', 'a-name-that-is-longer.txt'];
  const perEvent = names.reduce((sum, name) => sum + recordBytes(name.length), 0) / names.length;
  const watch = { wd: 1, ino: '1', major: 1, minor: 1, mask: 0x100, ignoredMask: 0, pid: 7, fd: 3, state: 'ok', path: '/t', what: 'directory' } as const;

  function judged(bytes: number, { mask = 0x100, state = 'stuck' }: { mask?: number; state?: Queue['state'] } = {}): Queue {
    const queue: Queue = { bytes, state, samples: 7, overMs: 1000, highestBytes: bytes };
    const instance = { process: { pid: 7 }, fd: 3, watches: [{ ...watch, mask }], maxWd: 1, queue, sharedWith: [] } as unknown as Instance;
    const listInRoot = () => ({ value: names.map((name) => ({ name, ino: '1', type: 'file' as const })), at: 0, source: '' });
    judgeFullness(instance, LIMIT, { listInRoot } as unknown as InotifyQuestions);
    return queue;
  }

  it('has records in steps of 16 bytes', () => {
    expect([1, 15, 16, 31, 255].map(recordBytes)).toEqual([32, 32, 48, 48, 272]);
  });

  it('is full when the names make it as many events as there can be', () => {
    const full = Math.round(LIMIT * perEvent) + 16;
    expect(judged(full)).toMatchObject({ state: 'full', limit: LIMIT, estimate: { names: 3 } });
    // Events of other names, or listing would itself be an event: then it is said as what it is.
    expect(judged(full * 1.2)).toMatchObject({ state: 'stuck', mayBeFull: LIMIT });
    expect(judged(full, { mask: 0x101 })).toMatchObject({ state: 'stuck', mayBeFull: LIMIT });
  });

  it('of names of one size is nearly full from nine tenths on', () => {
    const listInRoot = () => ({ value: ['a', 'b'].map((name) => ({ name, ino: '1', type: 'file' as const })), at: 0, source: '' });
    const shareOf = (events: number): number | undefined => {
      const queue: Queue = { bytes: events * 32, state: 'stuck', samples: 7, overMs: 1000, highestBytes: events * 32 };
      const instance = { process: { pid: 7 }, fd: 3, watches: [watch], maxWd: 1, queue, sharedWith: [] } as unknown as Instance;
      judgeFullness(instance, LIMIT, { listInRoot } as unknown as InotifyQuestions);
      return queue.nearlyFull;
    };
    expect([shareOf(LIMIT), shareOf(16_000), shareOf(10_000)]).toEqual([1, 16_000 / LIMIT, undefined]);
  });

  it('is not when it is too short for so many, or read', () => {
    expect(judged(LIMIT * 16)).toEqual(expect.not.objectContaining({ mayBeFull: expect.anything() }));
    expect(judged(600_000, { state: 'draining' })).toMatchObject({ state: 'draining' });
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

  it('lead to the path in the container where layers are named by links, or from elsewhere', () => {
    const [mount] = parseMounts('65 43 0:39 / /o rw - overlay overlay rw,lowerdir=l/2,upperdir=u,workdir=w\n') as [Mount];
    const layers: string[] = [];
    const isSame = (path: string): boolean => path === '/o/etc/app';
    expect(findLayer(mount, layers, '/var/d/7/diff/etc/other', isSame)).toBeUndefined();
    expect(findLayer(mount, layers, '/var/d/7/diff/etc/app', isSame)).toBe('/o/etc/app');
    expect(layers).toEqual(['/var/d/7/diff']);
    // What is dead there has no such proof, and is known by the layer.
    expect(pathInOverlay(mount, layers, '/var/d/7/diff/etc/other')).toBe('/o/etc/other');
    expect(findLayer(mount, [], '/var/d/8', (path) => path === '/o')).toBe('/o');
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
    expect(blindnessOf(type)?.why).toMatch(/is not told/);
  });

  it.each(['ext4', 'xfs', 'btrfs', 'tmpfs', 'overlay'])('%s tells all', (type) => {
    expect(isLocal(type)).toBe(true);
    expect(blindnessOf(type)).toBeUndefined();
  });

  it('proc tells what programs write to it', () => {
    expect(blindnessOf('proc')?.why).toContain('only what programs write to them is told');
    expect(blindnessOf('procfoo')).toBeUndefined();
  });
});

describe('libraryOf', () => {
  const usual = { wd: 1, ino: '1', major: 0, minor: 1, mask: 0xfc6, ignoredMask: 0 };
  const parcel = { ...usual, mask: 0x4000fc6 };
  const chokidar = { name: 'chokidar', version: '4.0.3' };

  it.each([
    ['node fs.watch', { runtime: 'node', words: [], packages: [] }, usual],
    ['node fs.watch (perhaps under chokidar 4.0.3)', { runtime: 'node', words: [], packages: [chokidar] }, usual],
    ['webpack 5.1.0 (watchpack)', { runtime: 'node', words: ['webpack'], packages: [{ name: 'webpack', version: '5.1.0' }] }, usual],
    ['node --watch', { runtime: 'node', words: ['--watch'], packages: [chokidar] }, usual],
    ['nodemon 3.1.14', { runtime: 'node', words: ['nodemon'], packages: [chokidar, { name: 'nodemon', version: '3.1.14' }] }, usual],
    ['tsx watch', { runtime: 'node', words: ['tsx'], packages: [] }, usual],
    ['@parcel/watcher 2.6.0', { runtime: 'node', words: [], packages: [chokidar, { name: '@parcel/watcher', version: '2.6.0', loaded: true }] }, parcel],
    ['fsnotify (Go)', { runtime: 'go', words: [], packages: [] }, usual],
    ['bun --watch', { runtime: 'bun', words: ['--hot'], packages: [] }, usual],
    ['watchdog (Python)', { runtime: 'python', words: [], packages: [] }, { ...usual, mask: 0x7fe }],
    ['watchdog (Python)', { runtime: 'python', words: [], packages: [] }, { ...usual, mask: 0x7ce }],
    ['watchfiles (Python)', { runtime: 'python', words: ['watchfiles'], packages: [] }, { ...usual, mask: 0x3ee }],
    ['notify (Rust)', { words: [], packages: [] }, { ...usual, mask: 0x3ee }],
    ['inotifywait', { runtime: 'inotifywait', words: [], packages: [] }, usual],
  ])('%s', (name, program, watch) => {
    expect(libraryOf(program, [watch])?.name).toBe(name);
  });

  const tree = (paths: readonly string[]): LibraryWatch[] => paths.map((path, index) => ({ wd: index + 1, mask: 0xfc6, path, what: /[.]js$/.test(path) ? 'file' : 'directory' }));
  const node = { runtime: 'node', words: [], packages: [chokidar] };

  it('tells chokidar from fs.watch with `recursive` by the order of watches', () => {
    const breadth = ['/t', '/t/1.js', '/t/9.js', '/t/d', '/t/z', '/t/d/2.js', '/t/z/3.js', '/t/d/e', '/t/d/e/4.js'];
    expect(libraryOf(node, tree(breadth))).toMatchObject({ name: 'chokidar 4.0.3', watchesAnew: true });
    const depth = breadth.toSorted();
    expect(libraryOf(node, tree(depth))).toEqual({ name: 'node fs.watch', tellsOverflow: false, watchesAnew: false });
    // One file, or one directory with files: either may have done it.
    for (const paths of [['/t/1.js'], ['/t', '/t/1.js', '/t/2.js'], ['/t', '/t/d', '/t/z']]) {
      expect(libraryOf(node, tree(paths))).toEqual({ name: 'node fs.watch (perhaps under chokidar 4.0.3)', tellsOverflow: false });
    }
  });

  it('guesses nothing of others', () => {
    expect(libraryOf(undefined, [usual])).toBeUndefined();
    expect(libraryOf({ runtime: 'python', words: [], packages: [] }, [usual])).toBeUndefined();
    expect(libraryOf({ runtime: 'node', words: [], packages: [chokidar] }, [{ ...usual, mask: 0x2 }])).toBeUndefined();
    // Installed, and not loaded: something else asks for these bits.
    expect(libraryOf({ runtime: 'node', words: [], packages: [{ name: '@parcel/watcher', version: '2.6.0' }] }, [parcel])?.name).toBe('node fs.watch');
  });
});
