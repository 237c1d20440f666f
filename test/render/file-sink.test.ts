import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DescriptorSink, FileSink, isNoTerminal } from '../../src/render/file-sink.ts';
import { OutputFileError } from '../../src/render/output-error.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reloadctl-file-sink-'));
  path = join(directory, 'out.json');
});

afterEach(() => rm(directory, { recursive: true, force: true }));

test('the file appears whole, with mode 0600, in place of an older one', async () => {
  await writeFile(path, 'old');
  await chmod(path, 0o644);
  const sink = await FileSink.open(path);
  for (let i = 0; i < 200; i++) await sink.write('é'.repeat(1000));
  expect(await readFile(path, 'utf8')).toBe('old');
  await sink.finish();
  expect(await readFile(path, 'utf8')).toBe('é'.repeat(200_000));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual(['out.json']);
});

test('giving up leaves what was there', async () => {
  await writeFile(path, 'old');
  const sink = await FileSink.open(path);
  await sink.write('x'.repeat(100_000));
  await sink.discard();
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await readdir(directory)).toEqual(['out.json']);
});

test('a device is written, not replaced', async () => {
  const sink = await FileSink.open('/dev/null');
  await sink.write('x');
  await sink.finish();
  expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
});

test('what must not be replaced is refused, by name', async () => {
  const victim = join(directory, 'victim');
  await writeFile(victim, 'kept');
  await symlink(victim, path);
  await expect(FileSink.open(path)).rejects.toThrow(`${path}: is a symbolic link`);
  await mkdir(join(directory, 'sub'));
  await expect(FileSink.open(join(directory, 'sub'))).rejects.toThrow('is a directory');
  await expect(FileSink.open(join(directory, 'missing/out'))).rejects.toThrow('missing/out: cannot be written: its folder does not exist (ENOENT)');
  await expect(FileSink.open(`${victim}/out`)).rejects.toThrow(OutputFileError);
  expect(await readFile(victim, 'utf8')).toBe('kept');
});

test('a file that is open already is written to its end, and a full one is told', async () => {
  const file = await open(path, 'w');
  expect(isNoTerminal(file.fd)).toBe(true);
  const sink = new DescriptorSink(file.fd, 'stdout');
  for (let i = 0; i < 200; i++) await sink.write('é'.repeat(1000));
  await sink.drained();
  await file.close();
  expect(await readFile(path, 'utf8')).toBe('é'.repeat(200_000));
  const full = await open('/dev/full', 'w');
  const fullSink = new DescriptorSink(full.fd, 'stdout');
  await fullSink.write('x');
  await expect(fullSink.drained()).rejects.toThrow(new OutputFileError('stdout: cannot be written: no space left on its device (ENOSPC)'));
  await full.close();
});

test('a pipe that does not block is waited for, and its reader may go', async () => {
  const fifo = join(directory, 'pipe');
  execFileSync('mkfifo', [fifo]);
  const reader = await open(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = await open(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  expect(isNoTerminal(writer.fd)).toBe(true);
  const sink = new DescriptorSink(writer.fd, 'stdout');
  // More than any pipe holds: it is full before anybody reads.
  const length = 3_000_000;
  const written = sink.write('x'.repeat(length));
  const buffer = Buffer.alloc(1 << 20);
  for (let seen = 0; seen < length; ) seen += await reader.read(buffer).then(({ bytesRead }) => bytesRead, ignoreEmpty);
  await written;
  expect(sink.closed).toBe(false);
  await reader.close();
  await sink.write('more');
  await sink.drained();
  expect(sink.closed).toBe(true);
  await writer.close();
});

/** Nothing there yet. */
function ignoreEmpty(error: NodeJS.ErrnoException): number {
  if (error.code !== 'EAGAIN') throw error;
  return 0;
}

test('a full device is told with the name of the file', async () => {
  const sink = await FileSink.open('/dev/full');
  await sink.write('x');
  await expect(sink.finish()).rejects.toThrow('/dev/full: cannot be written: no space left on its device (ENOSPC)');
});
