import { openSync, readFileSync, statSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openKeptLog, openRawLog } from '../../src/effects/raw-log.ts';
import { ownFolder } from '../live/support/program.ts';
import { until } from '../live/support/until.ts';

const MIB = 2 ** 20;

it('gives back what was read, takes room ahead of its writer, and has no name', async () => {
  const log = openRawLog(false);
  onTestFinished(() => log.close());
  const writer = openSync(log.path, 'w');
  for (let written = 0; written < 40; written++) writeSync(writer, Buffer.alloc(MIB, 'x'));
  expect(statSync(log.path)).toMatchObject({ nlink: 0, mode: 0o100600, size: 40 * MIB });
  const room = (read: number, wanted: () => boolean) => until(() => {
    log.keepRoom(read);
    return wanted();
  }, { what: 'room', deadlineMs: 10_000 });
  await room(0, () => log.held() >= 72 * MIB);
  await room(39 * MIB, () => log.held() <= 34 * MIB);
  writeSync(writer, 'more');
  const tail = Buffer.alloc(8);
  expect(readFileSync(log.path).copy(tail, 0, 40 * MIB - 4)).toBe(8);
  expect(tail.toString()).toBe('xxxxmore');
  expect(log.isFull()).toBe(false);
});

it('keeps so much and no more, in files only', () => {
  const folder = ownFolder('kept');
  const path = join(folder, 'log');
  writeFileSync(path, 'what was there before', { mode: 0o644 });
  const log = openKeptLog(path, 8);
  for (const text of ['one\n', 'two\n', 'three\n', '4\n']) log.write(Buffer.from(text));
  log.close();
  expect(log.problem).toMatch(/^only the first 0 MiB/);
  expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['one\ntwo\n', 0o600]);
  symlinkSync(path, join(folder, 'link'));
  const before = statSync('/dev/null').mode;
  for (const refused of ['/dev/null', folder, join(folder, 'link'), join(folder, 'none/log')]) expect(() => openKeptLog(refused, 8), refused).toThrow();
  expect(statSync('/dev/null').mode).toBe(before);
});

it.runIf(process.getuid?.() === 0)('does not take a full device for a writable one', () => {
  expect(() => openKeptLog('/dev/full', 8)).toThrow(/no regular file/);
});
