import { chmodSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openChildren } from '../../src/evidence/reader-child.ts';
import { countTree } from '../../src/evidence/tree-count.ts';
import type { TreeCount, TreeCountOptions } from '../../src/evidence/types.ts';
import { InodeMap, roomForInodes } from '../../src/evidence/tree-inodes.ts';
import { isAlive } from '../live/support/kernel.ts';
import { findProgram } from '../live/support/need.ts';
import { ownFolder } from '../live/support/program.ts';
import { until } from '../live/support/until.ts';

const FIND = findProgram('find');
const folder = ownFolder('trees');
const root = join(folder, "it's a -tree");
const children = openChildren();
const STAT = findProgram('stat');
const REALPATH = findProgram('realpath');
type Asked = { skip?: string[]; files?: boolean; links?: boolean; follow?: boolean; program?: string | undefined; stat?: string | undefined } & Partial<TreeCountOptions>;
const ask = (path: string, { skip = [], files = false, links = false, follow = false, program = FIND, stat = STAT, ...options }: Asked = {}, by = children) =>
  countTree(by, { find: program, stat, realpath: REALPATH }, { path, skip, files, links, follow }, { timeoutMs: 20_000, ...options });
const counted = (directories: number, more: Partial<TreeCount> = {}): { value: TreeCount } => ({
  value: { directories, files: 0, links: 0, targets: 0, unreadable: 0, unsure: 0, ...more },
});

beforeAll(() => {
  for (const name of ['a/b/c', 'a/d', 'node_modules/x/y', '.git']) mkdirSync(join(root, name), { recursive: true });
  for (const name of ['a/1', 'a/b/2', 'node_modules/3', 'a/b/new\nline']) writeFileSync(join(root, name), '');
  symlinkSync('.', join(root, 'a/loop'));
  symlinkSync('/nowhere', join(root, 'a/broken'));
  symlinkSync('there', join(folder, 'here'));
  symlinkSync('here', join(folder, 'there'));
  symlinkSync(root, join(folder, 'link'));
});

afterAll(() => {
  expect(children.close()).toBe(false);
});

describe('counting a tree', () => {
  it.skipIf(!FIND)('directories alone, itself included, links not followed', async () => {
    expect(await ask(root)).toEqual(counted(9));
    expect(await ask(join(folder, 'link'))).toEqual(counted(9));
  });

  it.skipIf(!FIND)('with files and links; one that leads into the tree or nowhere is no target', async () => {
    expect(await ask(root, { files: true, links: true })).toEqual(counted(9, { files: 4, links: 2 }));
  });

  it.skipIf(!FIND)('without what a library ignores, but never without the tree itself', async () => {
    expect(await ask(root, { files: true, links: true, skip: ['node_modules', '.?*'] })).toEqual(counted(5, { files: 3, links: 2 }));
    expect(await ask(join(root, 'node_modules'), { files: true, skip: ['node_modules'] })).toEqual(counted(3, { files: 1 }));
  });

  it.skipIf(!FIND)('of what is no directory', async () => {
    expect(await ask(join(root, 'nothing'))).toEqual({ errno: 'ENOENT' });
    expect(await ask(join(root, 'a/1'))).toEqual({ errno: 'ENOTDIR' });
    expect(await ask(join(folder, 'here'))).toEqual({ errno: 'ELOOP' });
  });

  it('without find', async () => {
    expect(await countTree(children, { find: undefined, stat: STAT, realpath: REALPATH }, { path: root, skip: [], files: false, links: false, follow: false }, { timeoutMs: 1000 })).toEqual({ errno: 'ENOREADER' });
  });

  it.skipIf(!FIND)('tells how far it is', async () => {
    const seen: number[] = [];
    await ask(root, { progress: (count) => void seen.push(count) });
    expect(seen.at(-1)).toBe(9);
  });

  it.skipIf(!FIND)('by a find that knows no -printf (busybox)', async () => {
    const simple = join(folder, 'find');
    const refusal = `case "$*" in *-printf*) echo "find: unrecognized: -printf" >&2; exit 1;; esac`;
    writeFileSync(simple, `#!/bin/sh\n${refusal}\nexec ${FIND} "$@"\n`);
    chmodSync(simple, 0o755);
    expect(await ask(root, { program: simple })).toEqual(counted(9));
    // Where links lead it cannot tell.
    expect(await ask(root, { program: simple, files: true, links: true, skip: ['.git'] })).toEqual(counted(8, { files: 4, links: 2, unsure: 2 }));
  });

  it.skipIf(!FIND)('a directory that may not be read is no find without -printf, whatever it is called', async () => {
    const odd = join(folder, 'odd');
    const name = join(odd, 'unrecognized: -printf');
    mkdirSync(name, { recursive: true });
    const failing = join(folder, 'failing');
    writeFileSync(failing, `#!/bin/sh\necho "find: '${name}': Permission denied" >&2\nexec ${FIND} "$@"\n`);
    chmodSync(failing, 0o755);
    expect(await ask(odd, { program: failing })).toEqual(counted(2, { unreadable: 1 }));
  });

  it('gives up in time, and on a signal, with what was counted', async () => {
    const slow = join(folder, 'slow');
    writeFileSync(slow, '#!/bin/sh\nprintf ddd\nexec sleep 1000\n');
    chmodSync(slow, 0o755);
    const stopping = new AbortController();
    const stoppable = openChildren(stopping.signal);
    const counting = ask(root, { program: slow, progress: () => stopping.abort() }, stoppable);
    expect(await counting).toEqual(counted(3, { cut: 'EINTR' }));
    expect(await ask(root, { program: slow, timeoutMs: 300 }, openChildren())).toMatchObject({ value: { cut: 'ETIMEDOUT' } });
  });

  it('stopped before any directory was met is not refused, whatever could not be read', async () => {
    const refusing = join(folder, 'refusing');
    writeFileSync(refusing, '#!/bin/sh\necho "find: \'/x\': Permission denied" >&2\nprintf "81a4 1:2 x\\0"\nexec sleep 1000\n');
    chmodSync(refusing, 0o755);
    const stopping = new AbortController();
    const counting = ask(root, { files: true, links: true, program: refusing, progress: () => stopping.abort() }, openChildren(stopping.signal));
    expect(await counting).toEqual({ value: expect.objectContaining({ directories: 0, cut: 'EINTR' }) });
  });

  it('ends what find itself has started, too', async () => {
    const pidFile = join(folder, 'pid');
    const starting = join(folder, 'starting');
    writeFileSync(starting, `#!/bin/sh\nsleep 1000 &\necho $! >${JSON.stringify(pidFile)}\nprintf d\nwait\n`);
    chmodSync(starting, 0o755);
    const stopping = new AbortController();
    await ask(root, { program: starting, progress: () => stopping.abort() }, openChildren(stopping.signal));
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await until(() => !isAlive(pid));
  });
});

describe.skipIf(!FIND || !STAT)('by inode', () => {
  const inside = join(folder, 'inodes/t');
  const put = (path: string): void => {
    mkdirSync(join(folder, 'inodes', path, '..'), { recursive: true });
    writeFileSync(join(folder, 'inodes', path), '');
  };
  const link = (path: string, target: string): void => symlinkSync(target, join(folder, 'inodes', path));

  beforeAll(() => {
    for (const path of ['t/f', 't/d/g', 'out/x', 'out/deep/y', 'out/deep/er/z', 'far/w']) put(path);
    linkSync(join(inside, 'f'), join(inside, 'd/hard'));
  });

  it('a file of several names is one', async () => {
    expect(await ask(inside, { files: true })).toEqual(counted(2, { files: 2 }));
  });

  it('what links lead to counts once, and not when it is in the tree', async () => {
    for (const [path, target] of [['t/1', 'f'], ['t/2', 'd'], ['t/3', '../out/x'], ['t/d/4', '../../out/x'], ['t/5', '../out/deep'], ['t/6', 'nowhere'], ['t/7', '7']] as const) link(path, target);
    expect(await ask(inside, { files: true, links: true })).toEqual(counted(2, { files: 2, links: 7, targets: 2 }));
    // Without files in the count those of the tree are targets as well.
    expect(await ask(inside, { links: true })).toEqual(counted(2, { links: 7, targets: 3 }));
  });

  it('of directories outside everything, however many ways lead there and back', async () => {
    for (const [path, target] of [['out/deep/er/up', '../..'], ['out/deep/far', '../../far'], ['far/back', '../t'], ['t/loop', '.']] as const) link(path, target);
    // Two hold what they lead to; three more lead round: 5 to out/deep, far from there, back from far.
    // t, t/d, out, out/deep, out/deep/er, far; f, g, x, y, z, w.
    expect(await ask(inside, { files: true, links: true, follow: true })).toEqual(counted(6, { files: 6, links: 11, loops: 5 }));
    link('far/all', '..');
    expect(await ask(inside, { files: true, links: true, follow: true })).toEqual(counted(7, { files: 6, links: 12, loops: 6 }));
  });

  it('without stat links are told to be unsure', async () => {
    expect(await countTree(children, { find: FIND, stat: undefined, realpath: REALPATH }, { path: inside, skip: [], files: true, links: true, follow: true }, { timeoutMs: 20_000 })).toEqual(
      counted(2, { files: 2, links: 8, unsure: 8, loops: 1 }),
    );
  });

  it('a directory outside whose name is not UTF-8 is said to be unsure, not left out in silence', async () => {
    const name = Buffer.concat([Buffer.from(join(folder, 'inodes/bytes/')), Buffer.from([0xff])]);
    mkdirSync(join(folder, 'inodes/bytes'));
    symlinkSync('../out', name);
    expect(await ask(join(folder, 'inodes/bytes'), { files: true, links: true, follow: true })).toEqual(counted(1, { links: 1, unsure: 1 }));
  });

  it('up to a number of inodes that are kept in mind', () => {
    const room = roomForInodes(2);
    const inodes = new InodeMap<boolean>(room);
    expect(['1:7', '1:7', '2:7', '1:8'].map((id) => inodes.add(id, true))).toEqual(['new', 'known', 'new', 'full']);
    expect([inodes.has('1:7'), inodes.has('1:8'), inodes.has('3:7'), [...inodes.values()]]).toEqual([true, false, false, [true, true]]);
    const exact = new InodeMap<boolean>(roomForInodes());
    expect(['1:18446744073709551615', '1:18446744073709551614'].map((id) => exact.add(id, true))).toEqual(['new', 'new']);
  });
});
