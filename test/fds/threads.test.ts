import { describe, expect, it } from 'vitest';
import { readThreads, type ThreadTable } from '../../src/fds/threads.ts';
import { CoverageLog } from '../../src/kernel/coverage.ts';
import type { Coverage } from '../../src/report/types.ts';
import { fakeEvidence, refused, type World } from '../support/fake-evidence.ts';
import { statLine } from '../support/fake-process.ts';
import { makeSnapshot, makeTable } from '../support/fds.ts';

type Tables = Record<number, Record<number, string>>;

/** Process 42 with a table per thread. */
function worldOf(tables: Tables): Required<Pick<World, 'files' | 'links' | 'lists'>> & World {
  const world: Required<Pick<World, 'files' | 'links' | 'lists'>> = {
    files: {},
    links: {},
    lists: { '/proc/42/task': Object.keys(tables) },
  };
  for (const [tid, fds] of Object.entries(tables)) {
    const base = `/proc/42/task/${tid}`;
    world.files[`${base}/stat`] = statLine({ pid: Number(tid), comm: `t${tid}` });
    world.lists[`${base}/fd`] = Object.keys(fds);
    for (const [fd, link] of Object.entries(fds)) world.links[`${base}/fd/${fd}`] = link;
  }
  return world;
}

function read(world: World): { threads: ThreadTable[]; coverage: Coverage[] } {
  const coverage = new CoverageLog();
  return { threads: readThreads(fakeEvidence(world), makeSnapshot([makeTable([])]), coverage), coverage: coverage.list() };
}

const brief = (threads: ThreadTable[]): unknown[] => threads.map(({ tid, table, open }) => [tid, table, open]);
const SAME = { 0: '/dev/null', 3: 'socket:[1]' };

describe('readThreads', () => {
  it('tells tables of their own from the one that is shared', () => {
    const { threads, coverage } = read(
      worldOf({ 42: SAME, 43: SAME, 44: { ...SAME, 5: '/only/here' }, 45: { 0: '/dev/null' }, 46: { 0: '/dev/null', 3: 'socket:[2]' } }),
    );
    expect(brief(threads)).toEqual([
      [42, 'shared', 2],
      [43, 'shared', 2],
      [44, 'own', 3],
      [45, 'own', 1],
      [46, 'own', 2],
    ]);
    expect(threads[2]).toEqual({
      pid: 42,
      tid: 44,
      comm: 't44',
      open: 3,
      table: 'own',
      fds: [
        { fd: 0, target: '/dev/null' },
        { fd: 3, target: 'socket:[1]' },
        { fd: 5, target: '/only/here' },
      ],
    });
    expect(coverage).toEqual([{ source: 'threads', status: 'ok', seen: 5, total: 5, needed: true }]);
  });

  it('does not take a busy process for a divided one', () => {
    const world = worldOf({ 42: SAME, 43: SAME });
    world.lists['/proc/42/task/42/fd'] = (call) => (call === 1 ? ['0', '3'] : ['0', '3', '4']);
    world.lists['/proc/42/task/43/fd'] = ['0', '3', '4'];
    for (const tid of [42, 43]) world.links[`/proc/42/task/${tid}/fd/4`] = 'socket:[9]';
    expect(brief(read(world).threads)).toEqual([
      [42, 'shared', 3],
      [43, 'shared', 3],
    ]);
  });

  it('does not take a descriptor that was opened anew at its number for another table', () => {
    const world = worldOf({ 42: SAME, 43: SAME });
    world.links['/proc/42/task/43/fd/3'] = 'socket:[2]';
    world.links['/proc/42/task/42/fd/3'] = (call) => (call === 1 ? 'socket:[1]' : 'socket:[2]');
    expect(brief(read(world).threads)).toEqual([
      [42, 'shared', 2],
      [43, 'shared', 2],
    ]);
  });

  it('leaves out a thread that ended, and says of one that may not be read that it may not', () => {
    const world = worldOf({ 42: SAME, 43: SAME, 44: SAME });
    world.lists['/proc/42/task/43/fd'] = refused('ENOENT');
    expect(brief(read(world).threads)).toEqual([
      [42, 'shared', 2],
      [44, 'shared', 2],
    ]);
    world.lists['/proc/42/task/43/fd'] = refused('EACCES');
    const { threads, coverage } = read(world);
    expect(brief(threads)).toEqual([
      [42, 'shared', 2],
      [43, 'shared', null],
      [44, 'shared', 2],
    ]);
    expect(coverage).toEqual([{ source: 'threads', status: 'partial', seen: 2, total: 3, needed: true, detail: 'not permitted' }]);
  });

  it.each([
    ['EACCES', 'denied'],
    ['ENOENT', 'absent'],
    ['EMFILE', 'absent'],
  ])('is told that the threads could not be listed: %s', (errno, status) => {
    const world = worldOf({ 42: SAME });
    world.lists['/proc/42/task'] = refused(errno);
    expect(read(world)).toMatchObject({ threads: [], coverage: [{ source: 'threads', status, needed: true }] });
  });

  it('does not compare the names of many large tables, and says so; other numbers still show', () => {
    const large = Object.fromEntries(Array.from({ length: 30_000 }, (_, fd) => [fd, '/dev/null']));
    const { threads, coverage } = read(
      worldOf(Object.fromEntries([...Array.from({ length: 10 }, (_, index) => [42 + index, large] as const), [60, SAME]])),
    );
    expect(threads.filter(({ table }) => table === 'own').map(({ tid }) => tid)).toEqual([60]);
    expect(coverage[0]).toMatchObject({
      status: 'partial',
      detail: 'of the last tables only the numbers were compared: there are too many',
    });
  });
});
