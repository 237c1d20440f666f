/** The matrix of change patterns and watches, as measured: every cell has one outcome, on every local file system. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ProbeData } from '../../src/inotify/probe/data.ts';
import { startChild } from './support/child.ts';
import { describeNeeds } from './support/need.ts';
import { ownFolder, reloadctl } from './support/program.ts';
import { fixtureOf } from './support/watching.ts';
import { until } from './support/until.ts';

const REPLACED = 'ATTRIB DELETE_SELF IGNORED';
const WRITTEN = 'MODIFY CLOSE_WRITE';
const SAVED = 'CREATE MODIFY CLOSE_WRITE MOVED_FROM MOVED_TO';

/** pattern: events of a watch on the file, is it alive, events of one on the directory, is that alive. */
const MATRIX: Record<string, [string, boolean, string, boolean]> = {
  append: [WRITTEN, true, WRITTEN, true],
  truncate: [WRITTEN, true, WRITTEN, true],
  rename: [REPLACED, false, SAVED, true],
  'rename-from-elsewhere': [REPLACED, false, 'MOVED_TO', true],
  'rename-held-open': ['ATTRIB', false, SAVED, true],
  'mv-cross-filesystem': [REPLACED, false, 'DELETE CREATE MODIFY ATTRIB CLOSE_WRITE', true],
  'vim-rename': [`MOVE_SELF ${REPLACED}`, false, 'MOVED_FROM MOVED_TO CREATE MODIFY CLOSE_WRITE ATTRIB DELETE', true],
  'vim-rename-backup-kept': ['MOVE_SELF', false, 'MOVED_FROM MOVED_TO CREATE MODIFY CLOSE_WRITE ATTRIB', true],
  'vim-copy-in-place': [WRITTEN, true, 'CREATE MODIFY CLOSE_WRITE MODIFY CLOSE_WRITE DELETE', true],
  'vscode-write-in-place': [`${WRITTEN} ${WRITTEN}`, true, `${WRITTEN} ${WRITTEN}`, true],
  'unlink-create': [REPLACED, false, 'DELETE CREATE MODIFY CLOSE_WRITE', true],
  'hardlink-swap': [REPLACED, false, 'CREATE MODIFY CLOSE_WRITE CREATE MOVED_FROM MOVED_TO', true],
  'hardlink-write': [`ATTRIB ${WRITTEN}`, true, '', true],
  'mmap-write': ['CLOSE_WRITE', true, 'CLOSE_WRITE', true],
  'rename-exchange': ['MOVE_SELF', false, 'MOVED_FROM MOVED_TO MOVED_FROM MOVED_TO', true],
  'rename-away': ['MOVE_SELF', false, 'MOVED_FROM MOVED_TO', true],
  'symlink-swap-rename': ['', false, 'CREATE MOVED_FROM MOVED_TO', false],
  'symlink-unlink-create': ['', false, 'DELETE CREATE', false],
  'symlink-target-write': [WRITTEN, true, '', false],
  'symlink-target-rename': [REPLACED, false, '', false],
  'k8s-data-rename': [REPLACED, false, 'CREATE CREATE MOVED_FROM MOVED_TO DELETE', false],
};

async function probe(directory: string, ...args: string[]): Promise<{ code: number | null; data: ProbeData; findings: { id: string; severity: string; confidence: string }[] }> {
  const { code, stdout, stderr } = await reloadctl(['inotify-probe', directory, '--json', ...args]);
  if (stdout === '') throw new Error(stderr);
  return { code, ...(JSON.parse(stdout) as { data: ProbeData; findings: [] }) };
}

const hidden = (directory: string): string[] => readdirSync(directory).filter((name) => name.startsWith('.reloadctl-probe-'));

describe('inotify-probe', () => {
  it('without descriptors for the program that tries it out says so, and what to do', () => {
    const directory = ownFolder('probe');
    const { status, stderr } = spawnSync('/bin/sh', ['-c', 'ulimit -n 22; exec "$@"', 'sh', process.execPath, fixtureOf('..', 'bin/reloadctl.js'), 'inotify-probe', directory], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([3, expect.stringMatching(/EMFILE.*ulimit -n/s)]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each([['a folder on disk', (): string => ownFolder('probe')], ['memory', (): string => '/dev/shm']])('gives the known events on %s, twice', async (_name, folder) => {
    const directory = folder();
    for (let round = 0; round < 2; round++) {
      const { code, data, findings } = await probe(directory);
      const seen = Object.fromEntries(
        Object.keys(MATRIX).map((pattern) => {
          const of = (watch: string) => data.cells.find((cell) => cell.pattern === pattern && cell.watch === watch)!;
          const [file, parent, symlink] = [of('file'), of('parent'), of('symlink')];
          // Through a link the file itself is watched.
          expect([symlink.events, symlink.alive]).toEqual([file.events, file.alive]);
          return [pattern, [file.events.join(' '), file.alive, parent.events.join(' '), parent.alive]];
        }),
      );
      expect(seen).toEqual(MATRIX);
      expect(data.cells).toHaveLength(3 * Object.keys(MATRIX).length);
      expect(data.conclusion).toBe('watch-directory');
      expect(findings).toEqual([]);
      expect(code).toBe(0);
      expect(data.fsType).toMatch(/\w/);
    }
    expect(hidden(directory)).toEqual([]);
  });

  it('fills a queue: one marker, behind all that was kept', async () => {
    const { data } = await probe(ownFolder('probe'), '--overflow');
    const { limit, made, bytes, read, lost, markers, markerAt } = data.overflow!;
    expect({ made, read, lost, markers, markerAt, bytes }).toEqual({ made: limit + 100, read: limit, lost: 100, markers: 1, markerAt: limit + 1, bytes: limit * 16 + 16 });
  });

  it.each([
    ['/there/is/none', 2, 'no such directory'],
    [fixtureOf('programs', 'watcher.py'), 2, 'not a directory'],
    ['', 2, 'needs a directory'],
  ])('refuses %s', async (path, code, words) => {
    const { code: got, stderr } = await reloadctl(['inotify-probe', path]);
    expect([got, stderr.includes(words)]).toEqual([code, true]);
  });

  it.each([
    ['/proc/self', 'only what programs write to them is told'],
    ['/sys/kernel', 'only files that are made for it are'],
  ])('says of %s what is known of it, though nothing can be tried there', async (path, words) => {
    const { code, data, findings } = await probe(path);
    expect([code, data.conclusion, data.cells]).toEqual([3, 'poll', []]);
    expect(findings.map(({ id, confidence }) => [id, confidence])).toEqual([['inotify/blind-filesystem', 'hint']]);
    expect(data.because).toContain(words);
  });

  it('leaves nothing behind when it is interrupted, or killed', async () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGKILL'] as const) {
      const directory = ownFolder('probe');
      const tool = await startChild(process.execPath, [fixtureOf('..', 'bin/reloadctl.js'), 'inotify-probe', directory, '--overflow']);
      await until(() => hidden(directory).length > 0 || !existsSync(`/proc/${tool.pid}`));
      process.kill(tool.pid, signal);
      await tool.ended;
      await until(() => hidden(directory).length === 0);
    }
  });
});

describeNeeds(['unshare', 'root'], 'inotify-probe without watches left', () => {
  it('does not blame the file system for it', async () => {
    const script = 'echo 0 >/proc/sys/user/max_inotify_watches && exec "$0" "$@"';
    const directory = ownFolder('probe');
    const { status, stderr } = spawnSync('unshare', ['-Ur', '/bin/sh', '-c', script, process.execPath, fixtureOf('..', 'bin/reloadctl.js'), 'inotify-probe', directory], { encoding: 'utf8' });
    expect(status).toBe(3);
    expect(stderr).toMatch(/inotify watches of this user are used up.*\n.*reloadctl inotify-limits/);
    expect(hidden(directory)).toEqual([]);
  });
});

describeNeeds(['mount', 'root', 'unshare'], 'inotify-probe on a disk that is full', () => {
  it('says that not everything could be tried', async () => {
    const directory = ownFolder('full');
    const script = 'mount -t tmpfs -o size=4k,nr_inodes=9 tmpfs "$2" && exec "$0" "$1" inotify-probe "$2" --json';
    const { status, stdout } = spawnSync('unshare', ['-m', '/bin/sh', '-c', script, process.execPath, fixtureOf('..', 'bin/reloadctl.js'), directory], { encoding: 'utf8' });
    const { verdict, coverage } = JSON.parse(stdout) as { verdict: string; coverage: { detail: string }[] };
    expect([status, verdict]).toEqual([3, 'inconclusive']);
    expect(coverage[0]!.detail).toMatch(/not everything could be tried: .*ENOSPC/);
  });
});

describeNeeds(['bindfs', 'fuse', 'root'], 'inotify-probe behind FUSE', () => {
  it('is told nothing of what is done behind it, and says so', async () => {
    const base = ownFolder('fuse');
    for (const name of ['source', 'mount']) mkdirSync(`${base}/${name}`);
    execFileSync('bindfs', [`${base}/source`, `${base}/mount`]);
    try {
      const { code, data, findings } = await probe(`${base}/mount`);
      expect(data.behind.map(({ pattern, watch, events, visible }) => [pattern, watch, events.length, visible])).toEqual([
        ['write-behind', 'file', 0, true], ['write-behind', 'parent', 0, true], ['rename-behind', 'file', 0, true], ['rename-behind', 'parent', 0, true],
      ]);
      expect(data.conclusion).toBe('poll');
      expect(findings.map(({ id, severity, confidence }) => [id, severity, confidence])).toEqual([['inotify/blind-filesystem', 'warning', 'certain']]);
      expect(code).toBe(0);
      expect(hidden(`${base}/source`)).toEqual([]);
    } finally {
      execFileSync('umount', [`${base}/mount`]);
    }
  });

  it('answers a signal where the file system does not answer', async () => {
    const base = ownFolder('fuse');
    for (const name of ['source', 'mount']) mkdirSync(`${base}/${name}`);
    const fuse = await startChild('bindfs', ['-f', `${base}/source`, `${base}/mount`]);
    try {
      await until(() => readFileSync('/proc/self/mountinfo', 'utf8').includes(`${base}/mount`));
      process.kill(fuse.pid, 'SIGSTOP');
      const tool = spawn(process.execPath, [fixtureOf('..', 'bin/reloadctl.js'), 'inotify-probe', `${base}/mount`, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      tool.stdout.on('data', (chunk) => {
        output += String(chunk);
      });
      // It has begun once the program of its own is there.
      await until(() => readFileSync(`/proc/${tool.pid}/task/${tool.pid}/children`, 'utf8') !== '');
      tool.kill('SIGINT');
      const code = await new Promise((resolve) => tool.once('close', resolve));
      expect(code).toBe(130);
      const { data, coverage } = JSON.parse(output) as { data: ProbeData; coverage: { status: string; detail: string }[] };
      expect(coverage[0]).toMatchObject({ status: 'timeout', detail: expect.stringContaining('did not answer') });
      // What is known of FUSE is told all the same.
      expect(data.conclusion).toBe('poll');
    } finally {
      process.kill(fuse.pid, 'SIGCONT');
      execFileSync('umount', [`${base}/mount`]);
      await fuse.stop();
    }
  });
});
