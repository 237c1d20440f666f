import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openChildren } from '../../src/evidence/reader-child.ts';
import { countTree } from '../../src/evidence/tree-count.ts';
import type { TreeCountOptions } from '../../src/evidence/types.ts';
import { findProgram } from '../live/support/need.ts';
import { ownFolder } from '../live/support/program.ts';

const FIND = findProgram('find');
const folder = ownFolder('trees');
const root = join(folder, "it's a -tree");
const children = openChildren();
const ask = (path: string, more: { skip?: string[]; files?: boolean; program?: string | undefined } & Partial<TreeCountOptions> = {}) => {
  const { skip = [], files = false, program = FIND, ...options } = more;
  return countTree(children, program, { path, skip, files }, { timeoutMs: 20_000, ...options });
};

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
    expect(await ask(root)).toEqual({ value: { directories: 9, files: 0, links: 0, unreadable: 0 } });
    expect(await ask(join(folder, 'link'))).toEqual({ value: { directories: 9, files: 0, links: 0, unreadable: 0 } });
  });

  it.skipIf(!FIND)('with files and links', async () => {
    expect(await ask(root, { files: true })).toEqual({ value: { directories: 9, files: 4, links: 2, unreadable: 0 } });
  });

  it.skipIf(!FIND)('without what a library ignores, but never without the tree itself', async () => {
    expect(await ask(root, { files: true, skip: ['node_modules', '.git'] })).toEqual({ value: { directories: 5, files: 3, links: 2, unreadable: 0 } });
    expect(await ask(join(root, 'node_modules'), { skip: ['node_modules'] })).toEqual({ value: { directories: 3, files: 0, links: 0, unreadable: 0 } });
  });

  it.skipIf(!FIND)('of what is no directory', async () => {
    expect(await ask(join(root, 'nothing'))).toEqual({ errno: 'ENOENT' });
    expect(await ask(join(root, 'a/1'))).toEqual({ errno: 'ENOTDIR' });
    expect(await ask(join(folder, 'here'))).toEqual({ errno: 'ELOOP' });
  });

  it('without find', async () => {
    expect(await countTree(children, undefined, { path: root, skip: [], files: false }, { timeoutMs: 1000 })).toEqual({ errno: 'ENOREADER' });
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
    expect(await ask(root, { program: simple })).toEqual({ value: { directories: 9, files: 0, links: 0, unreadable: 0 } });
    expect(await ask(root, { program: simple, files: true, skip: ['.git'] })).toEqual({ value: { directories: 8, files: 6, links: 0, unreadable: 0 } });
  });

  it('gives up in time, and on a signal, with what was counted', async () => {
    const slow = join(folder, 'slow');
    writeFileSync(slow, '#!/bin/sh\nprintf ddd\nexec sleep 1000\n');
    chmodSync(slow, 0o755);
    const stopping = new AbortController();
    const stoppable = openChildren(stopping.signal);
    const counting = countTree(stoppable, slow, { path: root, skip: [], files: false }, { timeoutMs: 20_000, progress: () => stopping.abort() });
    expect(await counting).toEqual({ value: { directories: 3, files: 0, links: 0, unreadable: 0, cut: 'EINTR' } });
    const late = openChildren();
    expect(await countTree(late, slow, { path: root, skip: [], files: false }, { timeoutMs: 300 })).toMatchObject({ value: { cut: 'ETIMEDOUT' } });
  });
});
