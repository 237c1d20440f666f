import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { loadTapeFile, openTapeWriter, saveTapeFile, TapeError } from '../../src/evidence/index.ts';
import { scripted } from './support/scripted.ts';
import { temporaryDirectory } from './support/world.ts';

const directory = temporaryDirectory();
afterAll(directory.remove);

function tape(value: string): string {
  const writer = openTapeWriter(scripted([{ question: 'read', key: '/a', value, at: 0 }]), { tool: '1.0.0', recordedAt: '', target: null });
  writer.evidence.read('/a');
  return writer.finish();
}

it('is saved for its owner only, replaced whole, and loaded again', () => {
  const path = join(directory.path, 'kept.tape');
  saveTapeFile(path, tape('first'));
  saveTapeFile(path, tape('second \xff'));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(loadTapeFile(path).read('/a').value).toBe('second \xff');
  expect(readdirSync(directory.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

it('follows a symbolic link to a file', () => {
  const path = directory.file('behind.tape', 'old');
  const link = join(directory.path, 'link.tape');
  symlinkSync(path, link);
  saveTapeFile(link, tape('new'));
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(loadTapeFile(path).read('/a').value).toBe('new');
});

it('does not replace a device, a FIFO or a directory', () => {
  const fifo = join(directory.path, 'save.fifo');
  execFileSync('mkfifo', [fifo]);
  const folder = join(directory.path, 'folder');
  mkdirSync(folder);
  const device = join(directory.path, 'null');
  symlinkSync('/dev/null', device);
  for (const path of [fifo, folder, device]) expect(() => saveTapeFile(path, 'x')).toThrow(/not a regular file/);
  expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
});

it('leaves nothing behind when it cannot write', () => {
  expect(() => saveTapeFile(join(directory.path, 'absent', 'x.tape'), 'x')).toThrow(/ENOENT/);
});

it('does not open what is no regular file', () => {
  const fifo = join(directory.path, 'load.fifo');
  execFileSync('mkfifo', [fifo]);
  for (const path of [fifo, '/dev/zero', directory.path]) {
    expect(() => loadTapeFile(path)).toThrow(TapeError);
    expect(() => loadTapeFile(path)).toThrow(`${path}: not a regular file`);
  }
});

it('says which file is missing, too large or foreign', () => {
  expect(() => loadTapeFile('/nowhere/x.tape')).toThrow(/^\/nowhere\/x\.tape: cannot be read \(ENOENT\)/);
  const large = directory.file('large', '');
  truncateSync(large, 513 * 1024 * 1024);
  expect(() => loadTapeFile(large)).toThrow(/at most 512 MiB/);
  const foreign = directory.file('foreign', Buffer.from([0x1f, 0x8b, 0, 0xff]));
  expect(() => loadTapeFile(foreign)).toThrow(`${foreign}:1: not a reloadctl tape`);
  expect(readFileSync(foreign).length).toBe(4);
});
