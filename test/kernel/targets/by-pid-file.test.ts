import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openLive } from '../../../src/evidence/live.ts';
import { resolveTarget } from '../../../src/kernel/targets/index.ts';
import { refused } from '../../support/fake-evidence.ts';
import { worldOf } from '../../support/fake-process.ts';
import { HIDEPID, refusalOf, resolveIn } from './support.ts';

const withFile = (content: string): ReturnType<typeof worldOf> => {
  const world = worldOf({ pid: 42 });
  world.files['/run/app.pid'] = content;
  return world;
};

describe('a pid file', () => {
  it.each(['42', '42\n', ' 42 \n', '42\r\n', '42\n/var/lib/postgresql/data\n1732240000\n5432\n'])('names a process: %j', (content) => {
    expect(resolveIn(withFile(content), '/run/app.pid')).toEqual({ spec: '/run/app.pid', name: 'pid file /run/app.pid', pids: [42] });
  });

  it.each(['nginx\n', '42x', '-42', '4 2', '\0\0\0', '42\u001b[2J'])('is none: %j', (content) => {
    expect(refusalOf(withFile(content), '/run/app.pid').message).toBe('2 /run/app.pid:1:1: not a pid file: its first line is not a number');
  });

  it.each([
    ['', 'not a pid file: it is empty'],
    [' \n', 'not a pid file: it is empty'],
    ['99999999', '99999999 is no process: pids are 1 to 4194304'],
    ['0\n', '0 is no process: pids are 1 to 4194304'],
  ])('%j is told from a text', (content, why) => {
    expect(refusalOf(withFile(content), '/run/app.pid').message).toBe(`2 /run/app.pid:1:1: ${why}`);
  });

  it('may be stale, which is told from a process that may not be seen', () => {
    expect(refusalOf(withFile('77\n'), '/run/app.pid').message).toBe(
      '3 pid file /run/app.pid names process 77, which does not exist: the file is stale',
    );
    const hidden = withFile('42\n');
    hidden.files['/proc/42/stat'] = refused('EPERM');
    expect(refusalOf(hidden, '/run/app.pid').message).toMatch(/^3 .*not permitted/);
  });

  it('is not called stale where /proc hides the processes of others', () => {
    const world = withFile('77\n');
    world.files['/proc/self/mountinfo'] = HIDEPID;
    expect(refusalOf(world, '/run/app.pid')).toEqual({
      message: '3 pid file /run/app.pid names process 77, which has ended, or it is hidden: /proc is mounted with hidepid=2',
      hints: ['sudo reloadctl fds /run/app.pid'],
    });
  });

  it.each([
    ['ENOENT', '2 pid file /run/app.pid: no such file'],
    ['EACCES', '3 pid file /run/app.pid: not permitted'],
    ['EISDIR', '2 pid file /run/app.pid: is a directory'],
    ['EIO', '2 pid file /run/app.pid: could not be read (EIO)'],
  ])('says %s in words', (errno, message) => {
    const world = worldOf({ pid: 42 });
    world.files['/run/app.pid'] = refused(errno);
    expect(refusalOf(world, '/run/app.pid').message).toBe(message);
  });
});

describe('a pid file of this host', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pid-file-'));
  const evidence = openLive();
  afterAll(() => {
    evidence.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const resolveFile = (name: string): number[] => resolveTarget(evidence, join(directory, name), { tree: false, command: 'fds' }).pids;

  it('names us', () => {
    writeFileSync(join(directory, 'good.pid'), `${process.pid}\nmore\n`);
    expect(resolveFile('good.pid')).toEqual([process.pid]);
  });

  it('does not hang when it is a FIFO nobody writes to', () => {
    execFileSync('mkfifo', [join(directory, 'fifo.pid')]);
    expect(() => resolveFile('fifo.pid')).toThrow(/fifo\.pid/);
  });

  it('is no directory', () => {
    expect(() => resolveFile('.')).toThrow(/is a directory/);
  });
});
