/** Sets of strace -ff: lines have the time of their entry, and files may be missing. */
import { describe, expect, it } from 'vitest';
import { analyse, idsOf, tableOf } from './support/analyse.ts';

const at = (micros: number): string => `1790000000.${String(micros).padStart(6, '0')}`;
const file = (...lines: [micros: number, text: string][]): string => lines.map(([micros, text]) => `${at(micros)} ${text}\n`).join('');
const START: [number, string][] = [[1, 'execve("/bin/a", ["a"], 0x7) = 0'], [2, 'openat(AT_FDCWD, "/a", O_RDONLY) = 3'], [3, 'clone(child_stack=0x7, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) = 6']];
const THREAD: [number, string] = [4, 'set_robust_list(0x7f, 24) = 0'];

describe('threads that share a table', () => {
  it('may get a number that another one closes after their open was entered', async () => {
    const found = await analyse({
      'trace.5': file(...START, [11, 'close(3) = 0'], [30, 'openat(AT_FDCWD, "/c", O_RDONLY) = 4'], [40, 'pause() = ?']),
      'trace.6': file(THREAD, [10, 'openat(AT_FDCWD, "/b", O_RDONLY|O_CLOEXEC) = 3'], [20, 'getpid() = 5']),
    });
    expect(tableOf(found, 5)).toEqual({ 3: true, 4: false });
    expect(found.data.sites.map(({ site, open }) => [site, open])).toEqual([['openat /b', 1], ['openat /c', 1], ['openat /a', 0]]);
    expect([found.data.repairs, idsOf(found)]).toEqual([0, []]);
  });

  it('go on in the order of their returns, where -T tells it', async () => {
    const found = await analyse({
      'trace.5': file(...START, [11, 'close(3) = 0 <0.000002>'], [15, 'fork() = 9 <0.000004>'], [40, 'pause() = ?']),
      'trace.6': file(THREAD, [10, 'openat(AT_FDCWD, "/b", O_RDONLY) = 3 <0.000004>'], [50, 'getpid() = 5 <0.000001>']),
      'trace.9': file([16, 'set_robust_list(0x7f, 24) = 0']),
    });
    expect([tableOf(found, 9), found.data.repairs]).toEqual([{ 3: false }, 0]);
  });

  it('have opened what somebody uses, and have not accepted what nobody does', async () => {
    const found = await analyse({
      'trace.5': file(...START, [11, 'read(4, "x", 1) = 1'], [12, 'fork() = 9'], [13, 'close(4) = 0'], [40, 'pause() = ?']),
      'trace.6': file(THREAD, [5, 'openat(AT_FDCWD, "/b", O_RDONLY) = 4'], [90, 'getpid() = 5']),
      'trace.9': file([16, 'set_robust_list(0x7f, 24) = 0']),
    });
    expect([tableOf(found, 5), tableOf(found, 9), found.data.repairs]).toEqual([{ 3: false }, { 3: false, 4: false }, 0]);
  });
});

describe('a file that is missing', () => {
  const parent = file([1, 'execve("/bin/a", ["a"], 0x7) = 0'], [3, 'fork() = 6'], [5, 'fork() = 7'], [9, '+++ exited with 0 +++']);
  const child = file([6, 'set_robust_list(0x7f, 24) = 0'], [7, 'openat(AT_FDCWD, "/b", O_RDONLY) = 3']);

  it('of a child or of the parent is told, and leaves the verdict open', async () => {
    const lost = await analyse({ 'trace.5': parent, 'trace.6': child });
    expect(lost.coverage.filter(({ status }) => status === 'absent')).toMatchObject([{ detail: 'pid 7, which pid 5 started, has no file', needed: true }]);
    expect(idsOf(lost)).toEqual(['strace/coverage']);
    const orphans = await analyse({ 'trace.6': child, 'trace.7': child });
    expect(orphans.coverage.filter(({ status }) => status === 'absent')).toHaveLength(2);
  });

  it('is none where one file was asked for, all are there, or numbers are those of a pid namespace', async () => {
    expect((await analyse({ 'trace.5': parent })).coverage.filter(({ needed }) => needed)).toEqual([]);
    expect((await analyse({ 'trace.5': parent, 'trace.6': child, 'trace.7': child })).coverage.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect((await analyse({ 'trace.5': parent, 'trace.906': child, 'trace.907': child })).coverage.filter(({ status }) => status !== 'ok')).toEqual([]);
  });
});
