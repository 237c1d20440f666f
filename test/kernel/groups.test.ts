import { describe, expect, it } from 'vitest';
import { groupKeys } from '../../src/kernel/groups.ts';
import type { Fd } from '../../src/kernel/types.ts';
import { fdInfo, fileStat } from '../support/fake-process.ts';
import { makeFd } from '../support/fds.ts';

const FIFO = 0o010644;
const many = (count: number, make: (index: number) => Fd): Fd[] => Array.from({ length: count }, (_, index) => make(index));
const keysOf = (fds: Fd[]): Set<string> => new Set(groupKeys(fds).values());
const peer = (index: number, remotePort = 5432): Fd =>
  makeFd(`socket:[${index}]`, {
    fd: index,
    row: { localAddress: '10.0.0.1', localPort: 40000 + index, remoteAddress: `10.0.1.${index}`, remotePort, state: 'ESTABLISHED' },
  });

describe('groupKeys', () => {
  it('keeps peers apart while they are few, and takes the wider key when they are many', () => {
    expect(keysOf(many(8, (index) => peer(index))).size).toBe(8);
    expect(keysOf(many(9, (index) => peer(index)))).toEqual(new Set(['tcp ESTABLISHED to *:5432']));
    expect(keysOf([...many(9, (index) => peer(index)), peer(77, 443)])).toEqual(
      new Set(['tcp ESTABLISHED to *:5432', 'tcp ESTABLISHED to 10.0.1.77:443']),
    );
  });

  it('makes templates over all paths of a kind together', () => {
    const fds = many(20, (index) => makeFd(`/tmp/up-${'abcdefghijklmnopqrstuvwxyz'[index]}x.part`, { fd: index, stat: fileStat() }));
    expect(keysOf(fds)).toEqual(new Set(['/tmp/up-*.part']));
  });

  it('does not join a file with a directory of the same template', () => {
    const directory = makeFd('/tmp/d1', { fd: 1, stat: fileStat({ mode: 0o040755 }) });
    const file = makeFd('/tmp/d2', { fd: 2, stat: fileStat() });
    expect(keysOf([directory, file])).toEqual(new Set(['/tmp/d1', '/tmp/d2']));
  });

  it('joins named pipes of one directory when they are many', () => {
    const fifo = (index: number): Fd =>
      makeFd(`/run/app/${index}.fifo`, { fd: index, info: fdInfo({ flags: '0' }), stat: fileStat({ mode: FIFO }) });
    expect(keysOf(many(3, fifo)).size).toBe(3);
    expect(keysOf(many(30, fifo))).toEqual(new Set(['/run/app/* (read end)']));
  });

  it('has a key for each, also for what could not be read', () => {
    const fds = [makeFd('', { fd: 1, errno: 'EACCES' }), makeFd('anon_inode:[eventfd]', { fd: 2 }), makeFd('new:[x]', { fd: 3 })];
    expect([...groupKeys(fds).values()]).toEqual(['unreadable (EACCES)', 'eventfd', 'new:[x]']);
    expect(groupKeys([]).size).toBe(0);
  });
});
