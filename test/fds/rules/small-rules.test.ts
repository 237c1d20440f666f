import { describe, expect, it } from 'vitest';
import { duplicates } from '../../../src/fds/rules/duplicates.ts';
import { noCloexec } from '../../../src/fds/rules/no-cloexec.ts';
import { pastPeak } from '../../../src/fds/rules/past-peak.ts';
import type { FdTable, Snapshot } from '../../../src/kernel/types.ts';
import { type RuleDefinition, runRules } from '../../../src/report/index.ts';
import { fileFd, listenerRow, processOf, snapshotOf, socketFd, tableOf, tcpRow, times } from '../../support/snapshot.ts';

const find = (rule: RuleDefinition<Snapshot>, ...tables: FdTable[]) => runRules([rule], [snapshotOf(tables)]);

describe('fd/no-cloexec', () => {
  it('tells of a listener, or of ten others', () => {
    const plain = (count: number) => tableOf({}, times(count, (i) => fileFd(3 + i, `/tmp/f${i}`, { flags: 0 })));
    expect(find(noCloexec, plain(9))).toEqual([]);
    expect(find(noCloexec, plain(10))[0]).toMatchObject({ severity: 'info', title: expect.stringMatching(/^10 descriptors of app \(pid 42\) would/) });
    const listener = tableOf({}, [socketFd(6, listenerRow('5', 80), { flags: 2 })]);
    expect(find(noCloexec, listener)[0]!.title).toContain('1 descriptor of app (pid 42), 1 listener among them,');
    expect(find(noCloexec, listener, plain(30))).toHaveLength(1);
  });

  it('is silent on 0-2 and on what closes', () => {
    expect(find(noCloexec, tableOf({}, [...times(3, (i) => socketFd(i, listenerRow(String(i), 80), { flags: 2 })), ...times(50, (i) => fileFd(3 + i, '/x'))]))).toEqual([]);
  });
});

describe('fd/duplicates', () => {
  const dups = (count: number) => tableOf({}, times(count, (i) => socketFd(3 + i, tcpRow('9', 'ESTABLISHED'))));
  const opens = (count: number, path: string, mode = 0o100644) => tableOf({}, times(count, (i) => fileFd(3 + i, path, { ino: '5', stat: { mode } })));

  it('tells of many numbers for one open thing', () => {
    expect(find(duplicates, dups(4))).toEqual([]);
    expect(find(duplicates, dups(7))[0]).toMatchObject({ severity: 'info', title: expect.stringMatching(/^7 descriptors of app \(pid 42\) are the same socket: .*\(fd 3, 4, 5, 6, 7 and 2 more\)$/) });
  });

  it('tells of one file opened again and again, of devices later', () => {
    expect(find(duplicates, opens(9, '/etc/hosts'))).toEqual([]);
    expect(find(duplicates, opens(10, '/etc/hosts'))).toHaveLength(1);
    expect(find(duplicates, opens(49, '/dev/null', 0o20666))).toEqual([]);
    expect(find(duplicates, opens(50, '/dev/null', 0o20666))).toHaveLength(1);
  });

  it('is silent where all that is known is the kind', () => {
    expect(find(duplicates, tableOf({}, times(80, (i) => ({ fd: 3 + i, link: 'anon_inode:[timerfd]', ino: '1044' }))))).toEqual([]);
  });
});

describe('fd/past-peak', () => {
  const table = (open: number, fdSize: number, last?: number) =>
    tableOf({ fdSize }, [...times(open, (i) => fileFd(i, `/tmp/f${i}`)), ...(last === undefined ? [] : [fileFd(last, '/tmp/last')])]);

  it('tells of a table that was once large', () => {
    expect(find(pastPeak, table(12, 8192))[0]).toMatchObject({ severity: 'info', title: expect.stringContaining('once had more than 4,096') });
  });

  it.each([
    ['small', table(3, 512)],
    ['well filled', table(200, 1024)],
    ['a high number in use explains it', table(12, 8192, 5000)],
    ['nobody could count', { process: processOf({ fdSize: 8192, open: null }), fds: [], errno: 'EACCES' }],
  ])('is silent: %s', (_name, one) => expect(find(pastPeak, one)).toEqual([]));

  it('counts by the kernel when the table could not be listed', () => {
    expect(find(pastPeak, { process: processOf({ fdSize: 8192, open: 5 }), fds: [], errno: 'EACCES' })).toHaveLength(1);
    expect(find(pastPeak, { process: processOf({ fdSize: 8192, open: 5000 }), fds: [], errno: 'EACCES' })).toEqual([]);
  });
});
