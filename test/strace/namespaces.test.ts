/** Containers traced from outside: calls return pids of the inner namespace, lines begin with those of the outer one. */
import { describe, expect, it } from 'vitest';
import { type Analysed, analyse, tableOf } from './support/analyse.ts';

const log = (...lines: string[]): string => lines.map((line) => `${line}\n`).join('');
const pids = ({ data }: Analysed): number[] => data.processes.map(({ pid }) => pid).toSorted((a, b) => a - b);
const START = ['13469 execve("/bin/app", ["app"], 0x7 /* 1 var */) = 0', '13469 openat(AT_FDCWD, "/srv/a", O_RDONLY) = 3'];

describe('a child that its parent knows by another number', () => {
  it.each([
    ['after the call', ['13469 clone(child_stack=NULL, flags=SIGCHLD) = 2', '13474 set_robust_list(0x7f, 24) = 0']],
    ['before it returns', ['13469 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>', '13474 set_robust_list(0x7f, 24) = 0', '13469 <... clone resumed>) = 2']],
    ['as strace translates it', ["13469 clone(child_stack=NULL, flags=SIGCHLD) = 2 /* 13474 in strace's PID NS */", '13474 set_robust_list(0x7f, 24) = 0']],
  ])('has what it inherited: its lines begin %s', async (name, lines) => {
    const found = await analyse(log(...START, ...lines, '13474 openat(AT_FDCWD, "/srv/b", O_RDONLY) = 4', '13474 close(3) = 0', '13469 getpid() = 1'));
    expect(pids(found)).toEqual([13469, 13474]);
    expect([tableOf(found, 13469), tableOf(found, 13474), found.data.repairs]).toEqual([{ 3: false }, { 4: false }, 0]);
    expect(found.coverage.map(({ source }) => source).includes('a pid namespace')).toBe(!name.startsWith('as'));
  });

  it('has the table of the one of two parents whose call returned, when only one is left', async () => {
    const found = await analyse(log(
      ...START, '13469 fork() = 2', '13474 openat(AT_FDCWD, "/srv/b", O_RDONLY) = 4',
      '13469 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>', '13474 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>', '13480 getpid() = 3',
      '13474 <... clone resumed>) = 3', '13469 <... clone resumed>) = -1 EAGAIN (Resource temporarily unavailable)', '13480 close(4) = 0',
    ));
    expect([pids(found), tableOf(found, 13480)]).toEqual([[13469, 13474, 13480], { 3: false }]);
  });

  it('is nobody else: whoever was there before the log has no parent in it', async () => {
    const found = await analyse(log(...START, '13469 fork() = 13474', '13500 getpid() = 13500', '13474 close(3) = 0'));
    expect([pids(found), tableOf(found, 13500), tableOf(found, 13474)]).toEqual([[13469, 13474, 13500], {}, {}]);
    expect(found.coverage.map(({ source }) => source)).not.toContain('a pid namespace');
  });

  it('keeps what it leaks with it, thread or process', async () => {
    const found = await analyse(log(...START, '13469 clone(child_stack=0x7, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) = 2', '13475 close(3) = 0', '13475 openat(AT_FDCWD, "/srv/c", O_RDONLY) = 3'));
    expect([pids(found), found.data.sites.map(({ site, opened, closed }) => [site, opened, closed])]).toEqual([[13469], [['openat /srv/c', 1, 0], ['openat /srv/a', 1, 1]]]);
  });
});
