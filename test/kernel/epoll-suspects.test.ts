import { describe, expect, it } from 'vitest';
import { epollSuspects, epollTargetKey } from '../../src/kernel/epoll-suspects.ts';
import { fdInfo } from '../support/fake-process.ts';
import { makeFd, makeTable } from '../support/fds.ts';

const epoll = (...lines: string[]): ReturnType<typeof makeFd> =>
  makeFd('anon_inode:[eventpoll]', { fd: 15, info: fdInfo({ ino: '1038', rest: lines.map((line) => `${line}\n`).join('') }) });
const tfd = (fd: number, ino: number): string => `tfd: ${fd} events: 19 data: ${fd}  pos:0 ino:${ino.toString(16)} sdev:9`;

describe('epollSuspects', () => {
  it('suspects a closed number, another file, and any anonymous one', () => {
    const fds = [
      epoll(tfd(3, 100), tfd(4, 200), tfd(5, 300), tfd(6, 1038)),
      makeFd('socket:[100]', { fd: 3, info: fdInfo({ ino: '100' }) }),
      makeFd('/etc/hostname', { fd: 4, info: fdInfo({ ino: '201' }) }),
      makeFd('anon_inode:[eventfd]', { fd: 6, info: fdInfo({ ino: '1038' }) }),
    ];
    expect(epollSuspects(makeTable(fds)).map((suspect) => [epollTargetKey(suspect), suspect.reason, suspect.now?.fd])).toEqual([
      ['42:15:4', 'other', 4],
      ['42:15:5', 'closed', undefined],
      ['42:15:6', 'anonymous', 6],
    ]);
  });

  it('suspects nothing it cannot compare: old kernels, unread flags, unread epoll', () => {
    const unread = makeFd('/etc/hostname', { fd: 3 });
    expect(
      epollSuspects(makeTable([epoll('tfd: 3 events: 1 data: 3'), makeFd('socket:[100]', { fd: 3, info: fdInfo({ ino: '100' }) })])),
    ).toEqual([]);
    expect(epollSuspects(makeTable([epoll(tfd(3, 999)), unread]))).toEqual([]);
    expect(epollSuspects(makeTable([makeFd('anon_inode:[eventpoll]', { fd: 15 })]))).toEqual([]);
  });
});
