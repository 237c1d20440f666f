import { describe, expect, it } from 'vitest';
import { OtherEnds } from '../../src/kernel/other-ends.ts';
import type { Fd } from '../../src/kernel/types.ts';
import { fdInfo } from '../support/fake-process.ts';
import { makeFd, makeProcess, makeSnapshot, makeTable } from '../support/fds.ts';

const READ = fdInfo({ flags: '00' });
const WRITE = fdInfo({ flags: '01' });
const pipeEnd = (pid: number, fd: number, info: string | undefined, inode = 9): Fd =>
  makeFd(`pipe:[${inode}]`, { pid, fd, ...(info !== undefined && { info }) });

describe('OtherEnds', () => {
  it('names who holds the opposite end of a pipe', () => {
    const read = pipeEnd(42, 3, READ);
    const write = pipeEnd(43, 1, WRITE);
    const ends = new OtherEnds(makeSnapshot([makeTable([read]), makeTable([write], { pid: 43, comm: 'worker' })]));
    expect(ends.words(read)).toBe('worker[43]:1');
    expect(ends.words(write)).toBe('app[42]:3');
  });

  it('names itself when a process kept both ends, and others of the same end only when nobody has the opposite one', () => {
    const read = pipeEnd(42, 3, READ);
    const write = pipeEnd(42, 4, WRITE);
    expect(new OtherEnds(makeSnapshot([makeTable([read, write])])).words(read)).toBe('app[42]:4');
    const again = pipeEnd(43, 8, READ);
    const alone = new OtherEnds(makeSnapshot([makeTable([read]), makeTable([again], { pid: 43 })]));
    expect(alone.words(read)).toBe('app[43]:8');
  });

  it('takes processes whose flags were not read for either end', () => {
    const read = pipeEnd(42, 3, READ);
    const foreign = new Map([['pipe:[9]', [{ process: makeProcess({ pid: 7, comm: 'sh' }), fd: 1, link: 'pipe:[9]' }]]]);
    expect(new OtherEnds(makeSnapshot([makeTable([read])], { foreign })).words(read)).toBe('sh[7]:1');
    const unknown = pipeEnd(42, 3, undefined);
    expect(new OtherEnds(makeSnapshot([makeTable([unknown, pipeEnd(42, 4, WRITE)])])).words(unknown)).toBe('app[42]:4');
  });

  it('names the peer of a connection inside this host, and nobody when the peer is not found', () => {
    const client = makeFd('socket:[1]', { fd: 5, row: { peerInode: '2' } });
    const server = makeFd('socket:[2]', { pid: 43, fd: 6, row: { peerInode: '1' } });
    const ends = new OtherEnds(makeSnapshot([makeTable([client]), makeTable([server], { pid: 43, comm: 'db' })]));
    expect(ends.words(client)).toBe('db[43]:6');
    expect(new OtherEnds(makeSnapshot([makeTable([client])])).words(client)).toBeUndefined();
  });

  it('names who holds a listener too, without itself', () => {
    const own = makeFd('socket:[1]', { fd: 5, row: { state: 'LISTEN' } });
    const worker = makeFd('socket:[1]', { pid: 43, fd: 5, row: { state: 'LISTEN' } });
    expect(new OtherEnds(makeSnapshot([makeTable([own]), makeTable([worker], { pid: 43 })])).words(own)).toBe('app[43]:5');
    expect(new OtherEnds(makeSnapshot([makeTable([own])])).words(own)).toBeUndefined();
  });

  it('names three and counts the rest', () => {
    const own = Array.from({ length: 6 }, (_, index) => makeFd('socket:[1]', { fd: 10 + index }));
    const ends = new OtherEnds(makeSnapshot([makeTable(own)]));
    expect(ends.words(own[0]!)).toBe('app[42]:11, app[42]:12, app[42]:13 and 2 more');
    expect(ends.words(own[5]!)).toBe('app[42]:10, app[42]:11, app[42]:12 and 2 more');
    const four = new OtherEnds(makeSnapshot([makeTable(own.slice(0, 4))]));
    expect(four.words(own[3]!)).toBe('app[42]:10, app[42]:11, app[42]:12');
  });

  it('has nothing to say of a file', () => {
    const file = makeFd('/etc/passwd');
    expect(new OtherEnds(makeSnapshot([makeTable([file])])).words(file)).toBeUndefined();
  });

  it('costs 8 times as much for 8 times as many copies of one descriptor, not 64 times', () => {
    const costOf = (count: number): number => {
      const fds = Array.from({ length: count }, (_, index) => pipeEnd(42, index, READ));
      const before = process.cpuUsage();
      const ends = new OtherEnds(makeSnapshot([makeTable(fds)]));
      for (const fd of fds) ends.words(fd);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    costOf(2000);
    const small = Math.min(...[1, 2, 3].map(() => costOf(2000)));
    const large = Math.min(...[1, 2, 3].map(() => costOf(16_000)));
    expect(large).toBeLessThan(30 * Math.max(small, 1000));
  });
});
