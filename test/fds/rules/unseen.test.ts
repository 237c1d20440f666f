/** The rules about what no descriptor table of the process shows. */
import { describe, expect, it } from 'vitest';
import { inFlight } from '../../../src/fds/rules/in-flight.ts';
import { unsharedTable } from '../../../src/fds/rules/unshared-table.ts';
import type { FdTable, OwnTable, SecondLook, Snapshot } from '../../../src/kernel/types.ts';
import { runRules } from '../../../src/report/index.ts';
import { fileFd, type FdSpec, lookAgain, snapshotOf, tableOf, times } from '../../support/snapshot.ts';

describe('fd/unshared-table', () => {
  const withThreads = (threads: OwnTable[], process = {}): FdTable => ({
    ...tableOf(
      process,
      times(20, (i) => fileFd(i, `/tmp/f${i}`)),
    ),
    threads,
  });
  const thread = (tid: number, open: number): OwnTable => ({ tid, comm: 'worker', open });
  const find = (...tables: FdTable[]) => runRules([unsharedTable], [snapshotOf(tables)]);

  it('tells of them, and that the process does not count them', () => {
    const [finding] = find(withThreads([thread(43, 5), thread(44, 30)]));
    expect(finding).toMatchObject({
      severity: 'info',
      confidence: 'certain',
      title: '2 threads of app (pid 42) have descriptor tables of their own: 30 open in the largest, beside the 20 that the process shows',
    });
    expect(finding?.evidence).toContainEqual({ name: 'open in the largest', value: 30, limit: 1024, source: '/proc/42/task/44/fd' });
    expect(finding?.remedy[0]?.command).toBe('reloadctl fds 42 --threads');
  });

  it.each([
    [79, 100, 'info'],
    [80, 100, 'warning'],
    [300, 1024, 'info'],
    [5, null, 'info'],
    [2, 0, 'info'],
  ] as const)('%i open of a limit of %s: %s', (open, soft, severity) => {
    const [finding] = find(withThreads([thread(43, open)], { limit: { soft, hard: null } }));
    expect(finding?.severity).toBe(severity);
    expect(finding?.title.includes('of the limit')).toBe(severity === 'warning');
  });

  it('is one finding per service, of the worst', () => {
    const found = find(
      withThreads([thread(43, 90)], { limit: { soft: 1000, hard: null } }),
      withThreads([thread(53, 85)], { pid: 52, limit: { soft: 100, hard: null } }),
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      severity: 'warning',
      subject: { pid: 52 },
      title: expect.stringMatching(/^2 threads of app \(2 processes, worst pid 52\)/),
    });
  });

  it('is silent where all share one', () => expect(find(tableOf({ threads: 50 }, [fileFd(3, '/x')]))).toEqual([]));
});

describe('fd/in-flight', () => {
  const unix = (fd: number, inode: string, waiting: number): FdSpec => ({
    fd,
    link: `socket:[${inode}]`,
    ino: inode,
    rest: `scm_fds: ${waiting}\n`,
    row: { protocol: 'unix', unixType: 'stream', inode, state: 'CONNECTED', path: '/run/app.sock' },
  });
  const find = (tables: FdTable[], secondLook?: SecondLook) =>
    runRules([inFlight], [snapshotOf(tables, secondLook && ({ secondLook } satisfies Partial<Snapshot>))]);
  const again = (waiting: Record<string, number>, afterMs = 1000): SecondLook =>
    lookAgain([], { afterMs, inFlight: new Map(Object.entries(waiting)) });

  it.each([
    [1, undefined, 'info', 'hint'],
    [400, undefined, 'info', 'hint'],
    [15, { 9: 15 }, 'info', 'likely'],
    [16, { 9: 16 }, 'warning', 'likely'],
    [16, { 9: 15 }, 'info', 'likely'],
    [400, {}, 'info', 'hint'],
  ] as const)('%i, later %o: %s, %s', (first, later, severity, confidence) => {
    const [finding] = find([tableOf({}, [unix(5, '9', first)])], later && again(later));
    expect(finding).toMatchObject({ severity, confidence });
    expect(finding?.title).toBe(
      first === 1
        ? '1 descriptor sent to app (pid 42) was not received: open, and in no descriptor table'
        : `${first} descriptors sent to app (pid 42) were not received: open, and in no descriptor table`,
    );
  });

  it('is no more than a hint after a short look', () => {
    expect(find([tableOf({}, [unix(5, '9', 40)])], again({ 9: 40 }, 100))[0]).toMatchObject({ severity: 'info', confidence: 'hint' });
  });

  it('counts a socket once that several hold', () => {
    const tables = [tableOf({}, [unix(5, '9', 10), unix(6, '9', 10), unix(7, '10', 4)]), tableOf({ pid: 43 }, [unix(5, '9', 10)])];
    const [finding, ...rest] = find(tables, again({ 9: 10, 10: 4 }));
    expect(rest).toEqual([]);
    expect(finding).toMatchObject({ severity: 'info', title: expect.stringMatching(/^14 descriptors/) });
    expect(finding?.evidence).toContainEqual({ name: 'sockets they wait in', value: 2, source: '/proc/42/fdinfo' });
  });

  it('is silent when nothing waits, and where the kernel does not tell', () => {
    expect(find([tableOf({}, [unix(5, '9', 0), { ...unix(6, '10', 0), rest: '' }])], again({}))).toEqual([]);
  });
});
