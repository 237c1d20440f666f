import { describe, expect, it } from 'vitest';
import { deletedFile } from '../../../src/fds/rules/deleted-file.ts';
import type { FdTable } from '../../../src/kernel/types.ts';
import { runRules } from '../../../src/report/index.ts';
import { type FdSpec, fileFd, snapshotOf, tableOf, times } from '../../support/snapshot.ts';

const MiB = 1024 * 1024;
const gone = (fd: number, allocatedBytes: number, extra: Partial<FdSpec> = {}) => fileFd(fd, `/var/log/app-${fd}.log (deleted)`, { stat: { nlink: 0, allocatedBytes }, ...extra });
const find = (...tables: FdTable[]) => runRules([deletedFile], [snapshotOf(tables)]);

describe('fd/deleted-file', () => {
  it('warns from 16 MiB on', () => {
    expect(find(tableOf({}, times(4, (i) => gone(3 + i, 4 * MiB - 512))))[0]).toMatchObject({ severity: 'info', confidence: 'certain' });
    expect(find(tableOf({}, times(4, (i) => gone(3 + i, 4 * MiB))))[0]).toMatchObject({
      severity: 'warning',
      confidence: 'certain',
      title: '4 deleted files still hold 16.0 MiB: the largest, 4.0 MiB, is /var/log/app-3.log (fd 3 of app (pid 42))',
    });
  });

  it('counts an inode once, however many descriptors and processes hold it', () => {
    const same = { ino: '77', stat: { nlink: 0, allocatedBytes: 20 * MiB } };
    const [finding] = find(tableOf({}, [gone(3, 1, same), gone(4, 1, same)]), tableOf({ pid: 43 }, [gone(3, 1, same)]));
    expect(finding!.title).toMatch(/^1 deleted file still holds 20\.0 MiB: it is /);
  });

  it('leaves out what only looks deleted, and memory', () => {
    const big = { nlink: 0, allocatedBytes: 100 * MiB };
    expect(
      find(
        tableOf({}, [
          fileFd(3, '/tmp/linked (deleted)', { stat: { nlink: 1, allocatedBytes: 100 * MiB } }),
          fileFd(4, '/memfd:x (deleted)', { stat: big }),
          fileFd(5, '/dev/shm/x (deleted)', { stat: big }),
          fileFd(6, '/dev/zero (deleted)', { stat: big }),
          fileFd(7, '/SYSV0000162e (deleted)', { stat: big }),
          fileFd(8, '/[aio] (deleted)', { stat: big }),
          fileFd(9, '/anon_hugepage (deleted)', { stat: big }),
          fileFd(10, '/tmp/dir (deleted)', { stat: { ...big, mode: 0o40755 } }),
          fileFd(11, '/tmp/alive'),
          gone(12, 0),
        ]),
      ),
    ).toEqual([]);
  });

  it('only hints when the files could not be asked', () => {
    const unasked = times(3, (i) => ({ fd: 3 + i, link: `/mnt/nfs/${i} (deleted)`, ino: String(i) }));
    expect(find(tableOf({}, unasked))[0]).toMatchObject({ severity: 'info', confidence: 'hint', title: expect.stringMatching(/^3 open files seem deleted/) });
    const [mixed] = find(tableOf({}, [...unasked, gone(9, 20 * MiB)]));
    expect(mixed).toMatchObject({ severity: 'warning', confidence: 'certain' });
    expect(mixed!.evidence).toContainEqual({ name: 'more that could not be asked for their size', value: 3, source: '/proc/42/fd' });
  });

  it('does not say that nobody answered who was not asked', () => {
    const one = { fd: 3, link: '/tmp/x (deleted)', ino: '3' };
    const [asked] = find(tableOf({}, [one]));
    expect(asked).toMatchObject({ title: expect.stringMatching(/^1 open file seems deleted/), because: expect.stringContaining('did not answer') });
    const [unasked] = find({ ...tableOf({}, [one]), linksOnly: true });
    expect(unasked!.because).toMatch(/as a file may also be called: the watch ended before/);
  });

  it('offers to truncate the largest, and says the risk', () => {
    const [finding] = find(tableOf({}, [gone(3, MiB), gone(7, 30 * MiB)]));
    expect(finding!.remedy).toContainEqual(expect.objectContaining({ command: ': > /proc/42/fd/7', risk: 'live' }));
  });
});
