/** Logs of strace -p: threads that were there before, whose clone nobody saw. */
import { describe, expect, it } from 'vitest';
import { analyse, tableOf } from './support/analyse.ts';

const lines = (...all: string[]): string => `${all.join('\n')}\n`;

describe('threads that were there before the log', () => {
  it('share a table when one uses the socket that another one opened', async () => {
    const found = await analyse(lines(
      '70 epoll_wait(4<anon_inode:[eventpoll]>, [], 8, 100) = 0',
      '71 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 9<socket:[5150]>',
      '70 write(9<socket:[5150]>, "x", 1) = 1',
      '70 close(9<socket:[5150]>) = 0',
      '71 openat(AT_FDCWD</>, "/a", O_RDONLY) = 9</a>',
    ));
    expect(found.data.tables!.map(({ pid }) => pid)).toEqual([70]);
    expect(tableOf(found, 70)).toMatchObject({ 4: null, 9: false });
    expect(found.data.sites.map(({ site, opened, closed }) => [site, opened, closed])).toEqual([['openat /a', 1, 0], ['socket AF_INET SOCK_STREAM', 1, 1]]);
    expect(found.data.repairs).toBe(0);
  });

  it('share a table when two files are the same, and not when it is one: processes open the same files', async () => {
    const one = ['70 openat(AT_FDCWD</>, "/a", O_RDONLY) = 9</a>', '71 read(9</a>, "", 1) = 0'];
    const two = [...one, '70 openat(AT_FDCWD</>, "/b", O_RDONLY) = 10</b>', '71 close(10</b>) = 0', '71 close(9</a>) = 0'];
    expect((await analyse(lines(...one))).data.tables!.map(({ pid }) => pid)).toEqual([70, 71]);
    const both = await analyse(lines(...two));
    expect(both.data.tables!.map(({ pid }) => pid)).toEqual([70]);
  });

  it('are never joined by numbers alone, nor by files of before the log', async () => {
    const bare = await analyse(lines('70 socket(AF_INET, SOCK_STREAM, 0) = 9', '71 read(9, "", 1) = 0', '70 openat(AT_FDCWD, "/b", O_RDONLY) = 10', '71 read(10, "", 1) = 0'));
    expect(bare.data.tables!.map(({ pid }) => pid)).toEqual([70, 71]);
    const workers = await analyse(lines('70 read(6<socket:[1]>, "", 1) = 0', '71 read(6<socket:[1]>, "", 1) = 0', '70 read(7</a>, "", 1) = 0', '71 read(7</a>, "", 1) = 0', '71 read(8</b>, "", 1) = 0', '70 read(8</b>, "", 1) = 0'));
    expect(workers.data.tables!.map(({ pid }) => pid)).toEqual([70, 71]);
  });

  it('bring what they opened with them, to its last descriptor', async () => {
    const half = (tid: number, name: string, args: string, rest: string): string[] => [`${tid} ${name}(${args} <unfinished ...>`, `${tid} <... ${name} resumed>${rest}`];
    const found = await analyse(lines(
      ...[0, 1, 2, 3].flatMap((n) => [...half(70, 'openat', `AT_FDCWD</>, "/data/a${n}", O_RDONLY`, `) = ${10 + n}</data/a${n}>`), ...half(71, 'socket', 'AF_INET, SOCK_STREAM, 0', `) = ${30 + n}<socket:[${900 + n}]>`)]),
      '71 close(33<socket:[903]>) = 0', '70 close(13</data/a3>) = 0',
      '70 read(30<socket:[900]>, "", 10) = 0', '71 +++ exited with 0 +++', '70 +++ exited with 0 +++',
    ));
    expect(found.data.sites.map(({ site, opened, closed, open }) => [site, opened, closed, open])).toEqual([['openat /data/a*', 4, 1, 3], ['socket AF_INET SOCK_STREAM', 4, 1, 3]]);
  });

  it('are those of the process that strace says it attached to', async () => {
    const found = await analyse(lines(
      'strace: Process 70 attached with 2 threads',
      '[pid 71] openat(AT_FDCWD, "/a", O_RDONLY) = 9',
      '[pid 70] close(9) = 0',
    ));
    expect(found.data.tables!.map(({ pid }) => pid)).toEqual([70]);
    expect(found.data.sites).toMatchObject([{ site: 'openat /a', opened: 1, closed: 1, open: 0 }]);
    expect([found.data.unclassified, found.data.repairs]).toEqual([0, 0]);
  });
});
