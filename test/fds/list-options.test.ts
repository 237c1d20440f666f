import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FdRow } from '../../src/fds/attributes.ts';
import { parseListOptions, sortRows } from '../../src/fds/list-options.ts';

const row = (fd: number, more: Partial<FdRow> = {}): FdRow => ({
  pid: 1,
  fd,
  kind: 'file',
  target: `/f${fd}`,
  cloexec: true,
  deleted: false,
  access: 'r',
  key: '',
  description: '',
  ...more,
});
const order = (rows: FdRow[], ...by: string[]): number[] => sortRows(rows, by).map(({ fd }) => fd);

describe('parseListOptions', () => {
  it('lists when an option that needs a list is given', () => {
    expect(parseListOptions({})).toMatchObject({ list: false, sort: [], groupBy: [], allGroups: false });
    expect(parseListOptions({ list: true }).list).toBe(true);
    expect(parseListOptions({ sort: '-bytes' })).toMatchObject({ list: true, sort: ['-bytes'] });
    expect(parseListOptions({ columns: 'fd,path' })).toMatchObject({ list: true, columns: ['fd', 'path'] });
    expect(parseListOptions({ where: 'fd=1' }).list).toBe(false);
    expect(parseListOptions({ groupBy: 'kind,state', all: true })).toMatchObject({
      list: false,
      groupBy: ['kind', 'state'],
      allGroups: true,
    });
  });

  it.each([{ where: 'x' }, { sort: 'x' }, { columns: '-fd' }, { groupBy: '-fd' }, { groupBy: '' }])('refuses %o', (options) => {
    expect(() => parseListOptions(options)).toThrow(/^--(where|sort|columns|group-by):1:1:/);
  });
});

describe('sortRows', () => {
  it('orders numbers as numbers, either way', () => {
    const rows = [row(1, { bytes: 100 }), row(2, { bytes: 9 }), row(3, { bytes: 20 })];
    expect(order(rows, 'bytes')).toEqual([2, 3, 1]);
    expect(order(rows, '-bytes')).toEqual([1, 3, 2]);
  });

  it('puts what is missing last, either way', () => {
    const rows = [row(1), row(2, { bytes: 9 }), row(3, { cloexec: null })];
    expect(order(rows, 'bytes')).toEqual([2, 1, 3]);
    expect(order(rows, '-bytes', '-fd')).toEqual([2, 3, 1]);
    expect(order(rows, 'cloexec').at(-1)).toBe(3);
  });

  it('goes by the next attribute among equals, and keeps the order of the rest', () => {
    const rows = [row(3, { kind: 'b' }), row(1, { kind: 'a' }), row(2, { kind: 'b' }), row(4, { kind: 'a' })];
    expect(order([...rows], 'kind')).toEqual([1, 4, 3, 2]);
    expect(order([...rows], '-kind', 'fd')).toEqual([2, 3, 1, 4]);
    expect(order([...rows])).toEqual([3, 1, 2, 4]);
  });

  it('is an order: the same whatever the rows came in', () => {
    const value = fc.option(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom('a', 'b', '')), { nil: undefined });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 20 }), fc.constantFrom('state', '-state'), (values, by) => {
        const rows = values.map((state, fd) => row(fd, { state }));
        expect(order([...rows].reverse(), by, 'fd')).toEqual(order([...rows], by, 'fd'));
      }),
    );
  });
});
