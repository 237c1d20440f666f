import { execFileSync } from 'node:child_process';
import { existsSync, openSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { openLive } from '../../src/evidence/live.ts';
import { openReader, type ReaderOptions } from '../../src/evidence/reader.ts';
import { bundle, processesWith, start, temporaryDirectory, until } from './support/world.ts';

const directory = temporaryDirectory();
afterAll(directory.remove);

/** Long enough for a machine under load: no healthy test shall ever meet it. */
const HEALTHY: ReaderOptions = { deadlineMs: 20_000 };

function open(options: ReaderOptions) {
  const reader = openReader(options);
  onTestFinished(() => {
    reader.close();
  });
  return reader;
}

function fifo(name: string): string {
  const path = join(directory.path, name);
  if (!existsSync(path)) execFileSync('mkfifo', [path]);
  return path;
}

function script(name: string, body: string): string {
  return directory.file(name, `#!/bin/sh\n${body}\n`, 0o755);
}

describe('readMany', () => {
  it('answers in order, with errnos, and with empty files empty', async () => {
    const reader = open(HEALTHY);
    const empty = directory.file('empty', '');
    const replies = await reader.readMany([empty, '/proc/self/cmdline', '/proc/self/gone', '/proc/sys/kernel/ostype', '/proc']);
    expect(replies).toEqual([
      { value: '' },
      { value: readFileSync('/proc/self/cmdline', 'latin1') },
      { errno: 'ENOENT' },
      { value: 'Linux\n' },
      { errno: 'EISDIR' },
    ]);
    expect(reader.close()).toBe(false);
  });

  it('is not confused by what files hold', async () => {
    const contents = ['Linux\nLinux\n', 'RELOADCTL_FENCE=\0', '\0\0', 'no newline', Buffer.from([0xff, 0x80, 0x0a]).toString('latin1')];
    const paths = contents.map((content, index) => directory.file(`hostile-${index}`, Buffer.from(content, 'latin1')));
    const replies = await open(HEALTHY).readMany(paths);
    expect(replies.map((reply) => reply.value)).toEqual(contents);
  });

  it('does without the fence where it does not come out', async () => {
    const cat = script('cat-without-environment', 'exec /usr/bin/env -i /usr/bin/cat "$@"');
    const reader = open({ ...HEALTHY, programs: { cat: [cat], stat: [] } });
    const path = directory.file('plain', 'text\n');
    expect(await reader.readMany([path, '/proc/self/gone', path])).toEqual([{ value: 'text\n' }, { errno: 'ENOENT' }, { value: 'text\n' }]);
  });

  it('takes more paths than one command line holds', async () => {
    const path = directory.file('often', 'x');
    const replies = await open(HEALTHY).readMany(Array.from({ length: 3000 }, () => path));
    expect(replies.length).toBe(3000);
    expect(replies.every((reply) => reply.value === 'x')).toBe(true);
  });

  it('gives up on a read that never returns, and answers the others', async () => {
    const stuck = fifo('never');
    const before = performance.now();
    const reader = open({ deadlineMs: 300 });
    const replies = await reader.readMany(['/proc/sys/kernel/ostype', stuck, '/proc/self/cmdline', '/proc/self/gone']);
    const took = performance.now() - before;
    expect(replies.map((reply) => reply.errno ?? 'answered')).toEqual(['answered', 'ETIMEDOUT', 'answered', 'ENOENT']);
    expect(took).toBeGreaterThanOrEqual(300);
    expect(took).toBeLessThan(5000);
    expect(reader.close()).toBe(true);
    await until(() => processesWith(stuck).length === 0, 'the reader to be gone');
  });

  it('gives up for good when a second read never returns', async () => {
    const stuck = fifo('never-twice');
    const ok = directory.file('ok', 'ok');
    const replies = await open({ deadlineMs: 200 }).readMany([ok, stuck, ok, stuck, ok]);
    expect(replies.map((reply) => reply.errno ?? reply.value)).toEqual(['ok', 'ETIMEDOUT', 'ok', 'ETIMEDOUT', 'ETIMEDOUT']);
    await until(() => processesWith(stuck).length === 0, 'the readers to be gone');
  });

  it('does not blame the file when we were busy ourselves past the deadline', async () => {
    const large = directory.file('large', 'a'.repeat(3 << 20));
    const pending = open({ deadlineMs: 30 }).readMany([large, '/proc/sys/kernel/ostype']);
    const end = performance.now() + 400;
    while (performance.now() < end);
    expect((await pending).map((reply) => reply.value?.length)).toEqual([3 << 20, 6]);
  });

  it('says EFBIG of an endless file and answers the others', async () => {
    const replies = await open(HEALTHY).readMany(['/proc/sys/kernel/ostype', '/dev/zero', '/proc/sys/kernel/ostype']);
    expect(replies).toEqual([{ value: 'Linux\n' }, { errno: 'EFBIG' }, { value: 'Linux\n' }]);
  });

  it('is ended by close while it waits', async () => {
    const stuck = fifo('closed');
    const reader = open(HEALTHY);
    const pending = reader.readMany([stuck]);
    await until(() => processesWith(stuck).length > 0, 'the reader to start');
    expect(reader.close()).toBe(true);
    await until(() => processesWith(stuck).length === 0, 'the reader to be gone');
    expect(await pending).toEqual([{ errno: 'ETIMEDOUT' }]);
  });

  it('starts nothing for nothing', async () => {
    expect(await open({ ...HEALTHY, programs: { cat: [], stat: [] } }).readMany([])).toEqual([]);
  });
});

describe('without a program', () => {
  it.each([
    ['none there', ['/nowhere/cat']],
    ['not a program', ['/proc/sys/kernel/ostype']],
  ])('says ENOREADER: %s', async (_what, places) => {
    const reader = open({ ...HEALTHY, programs: { cat: places, stat: places } });
    expect(await reader.readMany(['/proc/self/cmdline', '/'])).toEqual([{ errno: 'ENOREADER' }, { errno: 'ENOREADER' }]);
    expect(await reader.statMany('/proc/self/fd', ['0'])).toEqual([{ errno: 'ENOREADER' }]);
    expect(reader.close()).toBe(false);
  });
});

describe('statMany', () => {
  it('says what stat(2) says', async () => {
    const file = directory.file('stat-me', 'x'.repeat(5000));
    for (let i = 0; i < 30; i++) openSync(file, 'r');
    const fds = `/proc/${process.pid}/fd`;
    const names = readdirSync(fds).filter((name) => statSync(`${fds}/${name}`, { throwIfNoEntry: false })?.isFile());
    expect(names.length).toBeGreaterThanOrEqual(30);
    const replies = await open(HEALTHY).statMany('/proc/self/fd', [...names, '99999', '../stat', '-1']);
    expect(replies.slice(-3)).toEqual([{ errno: 'ENOENT' }, { errno: 'EINVAL' }, { errno: 'EINVAL' }]);
    names.forEach((name, index) => {
      const stat = statSync(`${fds}/${name}`, { bigint: true });
      expect(replies[index]?.value).toEqual({
        dev: String(stat.dev),
        ino: String(stat.ino),
        mode: Number(stat.mode),
        nlink: Number(stat.nlink),
        size: Number(stat.size),
        changedMs: Math.floor(Number(stat.ctimeMs) / 1000) * 1000,
        allocatedBytes: Number(stat.blocks) * 512,
      });
    });
  });

  it('takes more names than one command line holds', async () => {
    const absent = Array.from({ length: 6000 }, (_, index) => String(1_000_000 + index));
    const replies = await open(HEALTHY).statMany('/proc/self/fd', ['0', ...absent, '0']);
    expect(replies.length).toBe(6002);
    expect(replies[0]?.value).toBeDefined();
    expect(replies[6001]).toEqual(replies[0]);
    expect(new Set(replies.slice(1, -1).map((reply) => reply.errno))).toEqual(new Set(['ENOENT']));
  });

  it('loses few names to one that never answers', async () => {
    const body = 'for a in "$@"; do case "$a" in */fd/1000007) exec /bin/sleep 600;; esac; done; exec /usr/bin/stat "$@"';
    const stat = script('stat-stuck-at-7', body);
    const reader = open({ deadlineMs: 6000, programs: { cat: [], stat: [stat] } });
    const names = Array.from({ length: 300 }, (_, index) => String(1_000_000 + index));
    const replies = await reader.statMany('/proc/self/fd', [...names, '0']);
    const lost = replies.flatMap((reply, index) => (reply.errno === 'ETIMEDOUT' ? [index] : []));
    expect(lost).toContain(7);
    expect(lost.length).toBeLessThanOrEqual(20);
    expect(replies.at(-1)?.value).toBeDefined();
    expect(reader.close()).toBe(true);
  });
});

it('live evidence puts time and source to the replies', async () => {
  const live = openLive(HEALTHY);
  const [read] = await live.readSlow(['/proc/sys/kernel/ostype']);
  const [stat] = await live.statSlow('/proc/self/fd', ['0']);
  expect(read).toMatchObject({ value: 'Linux\n', source: '/proc/sys/kernel/ostype' });
  expect(stat?.source).toBe('/proc/self/fd/0');
  expect(stat?.at).toBeGreaterThanOrEqual(read?.at ?? 0);
  expect(live.close()).toBe(false);
});

it('takes its reader along when the program ends', async () => {
  const stuck = fifo('left-behind');
  const code = `const live = openLive({ readerDeadlineMs: 600000 });
    void live.readSlow([process.argv[2]]);
    process.stdin.on('data', () => process.exit(0));`;
  const program = start([await bundle(directory.path, 'ends.mjs', code), stuck]);
  onTestFinished(program.stop);
  await until(() => processesWith(stuck).length === 2, 'the reader of the program');
  program.child.stdin?.write('end\n');
  await until(() => processesWith(stuck).length === 0, 'program and reader to be gone');
});
