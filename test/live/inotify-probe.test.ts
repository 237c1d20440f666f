/** The matrix of change patterns and watches, as measured: every cell has one outcome, on every local file system. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
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
    ['/proc/self', 3, 'no sub-directory can be made'],
  ])('refuses %s', async (path, code, words) => {
    const { code: got, stderr } = await reloadctl(['inotify-probe', path]);
    expect([got, stderr.includes(words)]).toEqual([code, true]);
  });

  it('leaves nothing behind when it is interrupted, or killed', async () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
      const directory = ownFolder('probe');
      const tool = await startChild(process.execPath, [fixtureOf('..', 'bin/reloadctl.js'), 'inotify-probe', directory, '--overflow']);
      await until(() => hidden(directory).length > 0 || !existsSync(`/proc/${tool.pid}`));
      process.kill(tool.pid, signal);
      await tool.ended;
      await until(() => hidden(directory).length === 0);
    }
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
});
