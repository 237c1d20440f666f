import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FdRow } from '../../src/fds/attributes.ts';
import { groupRows } from '../../src/fds/groups.ts';

const row = (fd: number, more: Partial<FdRow> = {}): FdRow => ({
  pid: 1,
  fd,
  kind: 'file',
  target: `/f${fd}`,
  cloexec: true,
  deleted: false,
  access: 'r',
  key: '/f*',
  description: '',
  ...more,
});

describe('groupRows', () => {
  it('counts, with shares, flags and examples', () => {
    const rows = [
      row(1),
      row(2, { cloexec: false }),
      row(3, { cloexec: null, deleted: true }),
      row(4),
      row(5, { kind: 'pipe', key: 'read end' }),
    ];
    expect(groupRows(rows, [])).toEqual([
      {
        kind: 'file',
        key: '/f*',
        count: 4,
        share: 0.8,
        flagsRead: 3,
        withoutCloexec: 1,
        deleted: 1,
        otherEnds: [],
        examples: [
          { pid: 1, fd: 1, target: '/f1' },
          { pid: 1, fd: 2, target: '/f2' },
          { pid: 1, fd: 3, target: '/f3' },
        ],
      },
      {
        kind: 'pipe',
        key: 'read end',
        count: 1,
        share: 0.2,
        flagsRead: 1,
        withoutCloexec: 0,
        deleted: 0,
        otherEnds: [],
        examples: [{ pid: 1, fd: 5, target: '/f5' }],
      },
    ]);
    expect(groupRows([], [])).toEqual([]);
  });

  it('groups by attributes', () => {
    const rows = [row(1, { state: 'LISTEN' }), row(2, { kind: 'socket', state: 'LISTEN' }), row(3, { kind: 'socket' })];
    expect(groupRows(rows, ['state']).map(({ kind, key, count }) => [kind, key, count])).toEqual([
      ['several', 'state=LISTEN', 2],
      ['socket', 'state=', 1],
    ]);
    expect(groupRows(rows, ['kind']).map(({ kind, key, count }) => [kind, key, count])).toEqual([
      ['socket', 'socket', 2],
      ['file', 'file', 1],
    ]);
    expect(
      groupRows(rows, ['kind', 'state'])
        .map(({ kind, key }) => `${kind} ${key}`)
        .sort(),
    ).toEqual(['file state=LISTEN', 'socket state=', 'socket state=LISTEN']);
  });

  it('does not join rows whose values only look alike', () => {
    const rows = [row(1, { path: 'x key=y', key: '' }), row(2, { path: 'x', key: 'y key=' })];
    expect(groupRows(rows, ['path', 'key'])).toHaveLength(2);
    expect(groupRows([row(1, { links: 1 }), row(2, { links: '1' })], ['links'])).toHaveLength(2);
  });

  it('names the most frequent first holders of other ends, whatever they are called', () => {
    const ends = ['sh[7]:1', 'sh[7]:2, db[8]:3 and 4 more', 'db[8]:3', 'a:1, b\n[2][9]:5', 'x[1]:1'];
    expect(
      groupRows(
        ends.map((otherEnd, fd) => row(fd, { otherEnd })),
        [],
      )[0]!.otherEnds,
    ).toEqual(['sh[7]', 'db[8]', 'a:1, b\n[2][9]']);
  });

  it('is in one order only: by count, then by name', () => {
    const rows = [row(1, { key: 'b' }), row(2, { key: 'a' }), row(3, { kind: 'dir', key: 'z' })];
    const keys = (given: FdRow[]): string[] => groupRows(given, []).map(({ key }) => key);
    expect(keys(rows)).toEqual(['z', 'a', 'b']);
    expect(keys([...rows].reverse())).toEqual(['z', 'a', 'b']);
  });

  const rows = fc.array(
    fc.record({
      kind: fc.constantFrom('file', 'pipe', 'socket'),
      key: fc.constantFrom('a', 'b', 'c', ''),
      cloexec: fc.constantFrom(true, false, null),
      state: fc.constantFrom('X', undefined, 1),
    }),
    { minLength: 1, maxLength: 60 },
  );

  it('loses none: counts add up to the rows, shares to 1', () => {
    fc.assert(
      fc.property(rows, fc.constantFrom([], ['kind'], ['state'], ['kind', 'key'], ['cloexec', 'state']), (given, by) => {
        const groups = groupRows(
          given.map((more, fd) => row(fd, more)),
          by,
        );
        expect(groups.reduce((sum, group) => sum + group.count, 0)).toBe(given.length);
        expect(groups.reduce((sum, group) => sum + group.share, 0)).toBeCloseTo(1, 9);
        expect(groups.reduce((sum, group) => sum + group.withoutCloexec, 0)).toBe(given.filter(({ cloexec }) => cloexec === false).length);
        for (let index = 1; index < groups.length; index++) expect(groups[index - 1]!.count).toBeGreaterThanOrEqual(groups[index]!.count);
      }),
    );
  });
});
