/** Mistakes that are none, or small ones, by what came after them. */
import { describe, expect, it } from 'vitest';
import { viewOf } from '../../src/strace/view.ts';
import { type Analysed, analyse } from './support/analyse.ts';

/** Lines with their seconds behind the pid. */
const log = (...lines: string[]): string => `5 10:00:00.000000 execve("/srv/app", ["app"], 0x7 /* 1 var */) = 0\n${lines.map((line) => line.replace(/^(\d+) ([\d.]+)/, (_all, pid, at) => `${pid} 10:00:${Number(at).toFixed(6).padStart(9, '0')}`)).join('\n')}\n`;
const told = ({ findings }: Analysed): string[] => findings.map(({ id, severity }) => `${severity} ${id}`);

describe('a use after a close', () => {
  const worker = (opened: number, closer: number, exit: number): string => log(
    '5 0.1 clone(child_stack=0x7, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) = 6',
    `5 ${opened} pipe2([3, 4], O_CLOEXEC) = 0`, `${closer} 5 close(4) = 0`, '5 5.0001 write(4, "c", 1) = -1 EBADF (Bad file descriptor)', `5 ${exit} exit_group(0) = ?`, `6 ${exit} +++ exited with 0 +++`, `5 ${exit} +++ exited with 0 +++`,
  );

  it('while the process ends, of what another thread closed, is small', async () => {
    const { findings } = await analyse(worker(1, 6, 5.012));
    expect(findings.map(({ severity, because }) => `${severity}: ${because}`)).toEqual(['info: both calls are in the log; the process was ending, and nothing came of it']);
  });

  it.each([['the process goes on', worker(1, 6, 7)], ['the same thread closed it', worker(1, 5, 5.012)], ['it was opened just before', worker(4.9, 6, 5.012)]])('is a fault where %s', async (_name, text) => {
    expect(told(await analyse(text))).toEqual(['warning strace/use-after-close']);
  });
});

describe('a fork before FD_CLOEXEC', () => {
  const race = (forker: number): string => log(
    '5 0.1 clone(child_stack=0x7, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) = 6',
    '5 1 openat(AT_FDCWD, "/etc/shadow", O_RDONLY) = 3', `${forker} 1.1 clone(child_stack=NULL, flags=SIGCHLD) = 7`, '5 1.2 fcntl(3, F_SETFD, FD_CLOEXEC) = 0', '7 1.3 exit_group(0) = ?', '7 1.3 +++ exited with 0 +++', '5 1.4 close(3) = 0',
  );

  it('is a race with another thread, and a hint with its own', async () => {
    expect(told(await analyse(race(6)))).toEqual(['warning strace/cloexec-race']);
    expect(told(await analyse(race(5)))).toEqual(['info strace/cloexec-race']);
  });
});

describe('times of calls in a log of whole seconds', () => {
  it('say what is known: less than a second', async () => {
    const line = (second: number, n: number): string => `5 10:00:0${second} <... read resumed>"", 1) = ${n}\n`;
    const quick = `5 10:00:00 read(0,  <unfinished ...>\n6 10:00:00 getpid() = 6\n${line(0, 1)}`;
    const text = `${quick.repeat(9)}5 10:00:00 read(0,  <unfinished ...>\n6 10:00:04 getpid() = 6\n${line(4, 1)}`;
    const { data } = await analyse(text, { tables: false });
    const { tables: _tables, ...rest } = data;
    const shown = JSON.stringify([...viewOf(rest, { all: true, at: undefined })]);
    expect(shown).toContain('["read","10","0","< 1 s"');
  });
});

describe('a call that took long', () => {
  it('was on what its number stood for then, not on what it is at the end', async () => {
    const { findings } = await analyse(log('5 1 pipe2([3, 4], 0) = 0', '5 2 openat(AT_FDCWD, "/etc/one", O_RDONLY) = 5', '5 3 fsync(5) = 0 <2.500000>', '5 6 close(5) = 0', '5 7 openat(AT_FDCWD, "/etc/other", O_RDONLY) = 5', '5 8 exit_group(0) = ?', '5 8 +++ exited with 0 +++'));
    expect(findings.map(({ title }) => title)).toEqual(['app (pid 5): fsync on fd 5 (/etc/one) took 2.5 s']);
  });
});
