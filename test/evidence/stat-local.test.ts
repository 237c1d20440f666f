/** stat without a child: the same answers, and no answer where asking might block. */
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readStart } from '../../src/evidence/procfs.ts';
import { openReader } from '../../src/evidence/reader.ts';
import { statLocal } from '../../src/evidence/stat-local.ts';

const folder = mkdtempSync(join(tmpdir(), 'reloadctl-stat-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const OWN = `/proc/${process.pid}/fd`;

/** Is the file system of the temporary folder one that is asked without a child? In a container (overlay) it is not. */
function isLocal(fd: number): boolean {
  return statLocal(OWN, [String(fd)])[0] !== undefined;
}

it('says of files, deleted files, directories and devices what stat(1) says', async () => {
  const path = join(folder, 'file');
  writeFileSync(path, 'x'.repeat(5000));
  writeFileSync(`${path}.gone`, '12345');
  const fds = [path, `${path}.gone`, folder, '/dev/null', '/dev/shm'].map((name) => openSync(name, 'r'));
  unlinkSync(`${path}.gone`);
  const names = [...fds.map(String), '99999'];
  const own = statLocal(OWN, names);
  const reader = openReader({ deadlineMs: 10_000 });
  const theirs = await reader.statMany(OWN, names);
  reader.close();
  own.forEach((reply, index) => {
    if (reply) expect(reply).toEqual(theirs[index]);
  });
  // /dev/null is on devtmpfs or tmpfs everywhere.
  expect(own[3]?.value).toMatchObject({ nlink: 1, size: 0 });
  expect(own[5]).toEqual({ errno: 'ENOENT' });
  if (isLocal(fds[0]!)) expect(own[1]?.value).toMatchObject({ nlink: 0, size: 5 });
  for (const fd of fds) closeSync(fd);
});

it('leaves to a child what is no file of a local file system, and what is no descriptor table', () => {
  const fd = openSync('/proc/self/status', 'r');
  expect(statLocal(OWN, [String(fd)])).toEqual([undefined]);
  closeSync(fd);
  expect(statLocal('/tmp', ['1'])).toEqual([undefined]);
  expect(statLocal(OWN, ['../stat', '-1'])).toEqual([undefined, undefined]);
  expect(statLocal(OWN, Array.from({ length: 300 }, () => '0')).every((reply) => reply === undefined)).toBe(true);
});

it('reads whole lines from the start of a file', () => {
  const path = join(folder, 'lines');
  writeFileSync(path, 'one\ntwo\nthree');
  expect([readStart(path, 100), readStart(path, 8), readStart(path, 7), readStart(path, 2)]).toEqual(['one\ntwo\n', 'one\ntwo\n', 'one\n', '']);
});
