import { describe, expect, it } from 'vitest';
import { rowOf } from '../../src/fds/attributes.ts';
import { buildData } from '../../src/fds/data.ts';
import { parseListOptions } from '../../src/fds/list-options.ts';
import { OtherEnds } from '../../src/kernel/other-ends.ts';
import type { Fd, FdTable } from '../../src/kernel/types.ts';
import { fdInfo, fileStat } from '../support/fake-process.ts';
import { makeFd, makeSnapshot, makeTable } from '../support/fds.ts';

const many = (count: number, pid = 42): Fd[] =>
  Array.from({ length: count }, (_, fd) => makeFd(`/srv/f${fd}`, { pid, fd, info: fdInfo({}), stat: fileStat() }));
const denied = (open: number | null, pid: number): FdTable => ({
  ...makeTable([], { pid, open, limit: { soft: 100, hard: 100 } }),
  errno: 'EACCES',
});
const data = (tables: FdTable[], options: Record<string, unknown> = {}): ReturnType<typeof buildData> =>
  buildData(makeSnapshot(tables), parseListOptions(options), undefined);

describe('buildData', () => {
  it('has the limit of the process that is nearest to its own', () => {
    const made = data([
      makeTable(many(10), { limit: { soft: 1000, hard: 4096 } }),
      makeTable(many(8, 43), { pid: 43, limit: { soft: 16, hard: 32 } }),
      makeTable(many(90, 44), { pid: 44, limit: { soft: null, hard: null } }),
    ]);
    expect(made.limit).toEqual({ soft: 16, hard: 32 });
    expect(made.open).toBe(108);
    expect(made.processes.map(({ pid, open, ratio, highest }) => [pid, open, ratio, highest])).toEqual([
      [42, 10, 0.01, 9],
      [43, 8, 0.5, 7],
      [44, 90, null, 89],
    ]);
  });

  it('tells how many numbers count against a limit that was lowered below others', () => {
    const fds = [...many(4), ...many(60).map((fd) => ({ ...fd, fd: fd.fd + 300 }))];
    const made = data([makeTable(fds, { limit: { soft: 50, hard: 50 } }), makeTable(many(6, 43), { pid: 43, limit: { soft: 10, hard: 10 } })]);
    expect(made.processes.map(({ open, ratio, belowLimit }) => [open, ratio, belowLimit])).toEqual([
      [64, 1.28, 4],
      [6, 0.6, undefined],
    ]);
    expect(made.limit).toEqual({ soft: 10, hard: 10 });
  });

  it('counts what was listed, and takes the count of the kernel where that was denied', () => {
    const made = data([makeTable(many(3), { open: 99 }), denied(50, 43)]);
    expect(made.open).toBe(53);
    expect(made.processes[1]).toMatchObject({ open: 50, ratio: 0.5, highest: null });
  });

  it('does not make a number of an unknown one', () => {
    expect(data([denied(null, 43)])).toMatchObject({
      open: null,
      limit: { soft: 100, hard: 100 },
      groups: [],
      processes: [{ open: null, ratio: null }],
    });
    expect(data([])).toMatchObject({ open: null, limit: { soft: null, hard: null }, groups: [], processes: [] });
    expect(data([makeTable([])])).toMatchObject({ open: 0, processes: [{ open: 0, highest: -1 }] });
    expect(data([makeTable(many(5), { limit: { soft: 0, hard: 0 } })]).processes[0]!.ratio).toBeNull();
  });

  it('may hold more than the limit, when that was lowered', () => {
    expect(data([makeTable(many(10), { limit: { soft: 5, hard: 5 } })]).processes[0]!.ratio).toBe(2);
  });

  it('has the same groups with and without a list', () => {
    const fds = [
      ...many(30),
      makeFd('pipe:[7]', { fd: 90, info: fdInfo({ flags: '01' }) }),
      makeFd('pipe:[7]', { fd: 91, info: fdInfo({ flags: '00' }) }),
      makeFd('', { fd: 92, errno: 'EACCES' }),
    ];
    const plain = data([makeTable(fds)]);
    const listed = data([makeTable(fds)], { list: true });
    expect(listed.groups).toEqual(plain.groups);
    expect(plain.fds).toBeUndefined();
    expect(listed.fds).toHaveLength(33);
    expect(plain.groups.map((group) => [group.kind, group.key, group.count, group.otherEnds])).toEqual([
      ['file', '/srv/f*', 30, []],
      ['pipe', 'read end', 1, ['app[42]']],
      ['pipe', 'write end', 1, ['app[42]']],
      ['unreadable', 'unreadable (EACCES)', 1, []],
    ]);
  });

  it('filters groups and list alike, and orders the list', () => {
    const fds = [...many(30), makeFd('socket:[7]', { fd: 90 })];
    expect(data([makeTable(fds)], { where: 'kind=socket' }).groups.map(({ kind, count, share }) => [kind, count, share])).toEqual([
      ['socket', 1, 1],
    ]);
    expect(data([makeTable(fds)], { where: 'fd>=29', sort: '-fd' }).fds!.map(({ fd }) => fd)).toEqual([90, 29]);
    expect(data([makeTable(fds)], { where: 'fd>1000' })).toMatchObject({ open: 31, groups: [] });
  });
});

describe('rowOf', () => {
  const row = (fd: Fd): Record<string, unknown> => rowOf(fd, 'k', new OtherEnds(makeSnapshot([makeTable([fd])])));

  it('is flat, with null for what could not be read', () => {
    expect(row(makeFd('/etc/passwd', { info: fdInfo({ flags: '02100000' }), stat: fileStat() }))).toEqual({
      pid: 42,
      fd: 7,
      kind: 'file',
      target: '/etc/passwd',
      cloexec: true,
      deleted: false,
      access: 'r',
      key: 'k',
      description: '/etc/passwd',
      path: '/etc/passwd',
      bytes: 10,
      allocatedBytes: 4096,
      links: 1,
      inode: '77',
      position: 0,
    });
    expect(row(makeFd('', { errno: 'EACCES' }))).toEqual({
      pid: 42,
      fd: 7,
      kind: 'unreadable',
      target: '',
      cloexec: null,
      deleted: false,
      access: null,
      key: 'k',
      description: 'unreadable: EACCES',
      errno: 'EACCES',
    });
  });

  it('has the bytes of a name that is no text', () => {
    expect(row(makeFd('/tmp/\xff'))).toMatchObject({
      target: '/tmp/\ufffd',
      targetBytes: Buffer.from('/tmp/\xff', 'latin1').toString('base64'),
    });
    expect(row(makeFd('/tmp/\xc3\xa9'))).not.toHaveProperty('targetBytes');
  });

  it.each([
    ['00', 'r', false],
    ['01', 'w', false],
    ['02', 'rw', false],
    ['03', 'rw', false],
    ['010000000', 'path', false],
    ['012000000', 'path', true],
  ])('flags %s: %s', (flags, access, cloexec) => {
    expect(row(makeFd('/x', { info: fdInfo({ flags }) }))).toMatchObject({ access, cloexec });
  });
});
