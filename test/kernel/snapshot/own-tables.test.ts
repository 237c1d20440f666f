import { describe, expect, it } from 'vitest';
import { CoverageLog } from '../../../src/kernel/coverage.ts';
import { findOwnTables } from '../../../src/kernel/snapshot/own-tables.ts';
import type { OwnTable } from '../../../src/kernel/types.ts';
import type { Coverage } from '../../../src/report/types.ts';
import { fakeEvidence, type Given, refused, type World } from '../../support/fake-evidence.ts';
import { statLine } from '../../support/fake-process.ts';
import { processOf } from '../../support/snapshot.ts';

const names = (...fds: number[]): string[] => fds.map(String);
const upTo = (count: number): string[] => names(...Array.from({ length: count }, (_, fd) => fd));

/** What is open in the leader (the pid, 42) and in each thread; a function makes it change. */
function worldWith(tables: Record<number, Given<string[]>>): World {
  const world: Required<Pick<World, 'files' | 'lists' | 'sizes'>> = { files: {}, lists: {}, sizes: {} };
  world.lists['/proc/42/task'] = Object.keys(tables);
  for (const [tid, open] of Object.entries(tables)) {
    const directory = tid === '42' ? '/proc/42/fd' : `/proc/42/task/${tid}/fd`;
    world.lists[directory] = open;
    world.sizes[directory] = typeof open === 'function' ? (call) => (open(call) as string[]).length : (open as string[]).length;
    world.files[`/proc/42/task/${tid}/stat`] = statLine({ pid: Number(tid), comm: `worker-${tid}` });
  }
  return world;
}

function find(
  world: World,
  threads = Object.keys(world.lists ?? {}).length - 1,
): { own: OwnTable[]; coverage: Coverage | undefined; asked: string[] } {
  const evidence = fakeEvidence(world);
  const coverage = new CoverageLog();
  const options = { allOwners: false, everything: false, rerun: 'reloadctl fds 42', isRoot: true, signal: new AbortController().signal };
  const own = findOwnTables(evidence, processOf({ pid: 42, threads }), options, coverage);
  return { own, coverage: coverage.list()[0], asked: evidence.asked };
}

describe('tables of threads', () => {
  it('that are the one of the process cost one question each', () => {
    const { own, coverage, asked } = find(worldWith({ 42: upTo(20), 43: upTo(20), 44: upTo(20) }));
    expect(own).toEqual([]);
    expect(coverage).toEqual({ source: 'tables of threads', status: 'ok', seen: 3, total: 3, needed: false });
    expect(asked.filter((question) => question.startsWith('list'))).toEqual(['list /proc/42/task']);
  });

  it('are not asked for in a process of one thread', () => {
    expect(find(worldWith({ 42: upTo(20) }), 1)).toMatchObject({ own: [], asked: [], coverage: undefined });
  });

  it('of their own are found: more, fewer, and others', () => {
    const { own } = find(worldWith({ 42: upTo(20), 43: upTo(25), 44: upTo(3), 45: names(0, 1, 2, 100) }));
    expect(own).toEqual([
      { tid: 43, comm: 'worker-43', open: 25 },
      { tid: 44, comm: 'worker-44', open: 3 },
      { tid: 45, comm: 'worker-45', open: 4 },
    ]);
  });

  it('are no news in a process that opens and closes all the time', () => {
    let clock = 0;
    const churning = (): string[] => upTo(20 + (clock++ % 3));
    expect(find(worldWith({ 42: churning, 43: churning, 44: churning })).own).toEqual([]);
    let seed = 1;
    const wild = (): string[] => {
      seed = (seed * 48271) % 2147483647;
      return upTo(40).filter((_, fd) => fd < 3 || ((seed >> (fd % 20)) & 1) === 1);
    };
    for (let run = 0; run < 20; run++) expect(find(worldWith({ 42: wild, 43: wild, 44: wild, 45: wild })).own).toEqual([]);
  });

  it('are found in such a process too', () => {
    let clock = 0;
    const churning = (): string[] => upTo(20 + (clock++ % 3));
    expect(find(worldWith({ 42: churning, 43: names(0, 1, 2, 900) })).own).toMatchObject([{ tid: 43, open: 4 }]);
  });

  it('are not guessed at when a thread ends meanwhile', () => {
    expect(find(worldWith({ 42: upTo(20), 43: (call) => (call > 1 ? refused('ENOENT') : upTo(5)) })).own).toEqual([]);
  });

  it('cannot be told by a kernel that gives no counts, which is said', () => {
    const world = worldWith({ 42: upTo(20), 43: upTo(5) });
    world.sizes = { '/proc/42/fd': 0, '/proc/42/task/43/fd': 0 };
    const { own, coverage } = find(world);
    expect(own).toEqual([]);
    expect(coverage).toMatchObject({ status: 'unsupported', seen: 0, total: 2, needed: false, fix: 'reloadctl fds 42 --threads' });
  });

  it('of too many threads are compared in part, which is said', () => {
    const tables = Object.fromEntries([[42, upTo(5)], ...Array.from({ length: 2500 }, (_, index) => [100 + index, upTo(5)])]) as Record<
      number,
      string[]
    >;
    expect(find(worldWith(tables)).coverage).toMatchObject({ status: 'partial', seen: 2001, total: 2501, needed: false });
  });

  it('that are too large to compare are not judged, which is said', () => {
    const { own, coverage } = find(worldWith({ 42: upTo(60_000), 43: upTo(5) }));
    expect(own).toEqual([]);
    expect(coverage).toMatchObject({ status: 'partial', seen: 1, total: 2 });
  });
});
