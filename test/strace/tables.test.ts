/** Tables from logs of a few lines: the order of halves, children before their parents, logs without pids, old formats. */
import { describe, expect, it } from 'vitest';
import { analyse, idsOf, tableOf } from './support/analyse.ts';

const START = '5 execve("/bin/a", ["a"], 0x7 /* 1 var */) = 0\n';
const log = (...lines: string[]): string => `${START}${lines.join('\n')}\n`;

describe('halves', () => {
  it('a close takes effect where it is entered: another thread may get the number before it returns', async () => {
    const found = await analyse(log(
      '5 openat(AT_FDCWD, "/a", O_RDONLY) = 3',
      '5 clone(child_stack=0x7, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) = 6',
      '5 close(3 <unfinished ...>',
      '6 openat(AT_FDCWD, "/b", O_RDONLY|O_CLOEXEC) = 3',
      '5 <... close resumed>) = 0',
    ));
    expect(tableOf(found, 5)).toEqual({ 3: true });
    expect(found.data.repairs).toBe(0);
    expect(found.data.sites.map(({ site, open }) => [site, open])).toEqual([['openat /b', 1], ['openat /a', 0]]);
  });

  it('a call may be cut several times', async () => {
    const found = await analyse(log('5 openat(AT_FDCWD, "/a" <unfinished ...>', '5 <... openat resumed>, O_RDONLY <unfinished ...>', '5 <... openat resumed>) = 3'));
    expect(tableOf(found, 5)).toEqual({ 3: false });
  });

  it('a message of strace in the middle of a line does not hide it', async () => {
    const found = await analyse('execve("/bin/a", ["a"], 0x7) = 0\nopenat(AT_FDCWD, "/a", O_RDONLY) = 3\nvfork(strace: Process 9 attached\n <unfinished ...>\n[pid 9] close(3) = 0\n[pid 8] <... vfork resumed>) = 9\n[pid 8] close(3) = 0\n[pid 8] openat(AT_FDCWD, "/b", O_RDONLY) = 3\n');
    expect(found.data.unclassified).toBe(0);
    expect(tableOf(found, 8)).toEqual({ 3: false });
    expect(tableOf(found, 9)).toEqual({});
  });
});

describe('a path of which only the address is told', () => {
  // 0x7ffd000a8cd0 has the bit of O_CLOEXEC: an address is no flags.
  it.each([
    ['openat(AT_FDCWD, 0x7ffd000a8cd0, O_RDONLY)', false],
    ['openat(AT_FDCWD, 0x7ffd00008cd0, O_RDONLY|O_CLOEXEC)', true],
    ['openat(AT_FDCWD, 0x7ffd000a8cd0, 0x241, 0644)', false],
    ['openat(AT_FDCWD, 0x7ffd00008cd0, 0x80000)', true],
    ['open(0x7ffd000a8cd0, O_RDONLY)', false],
    ['openat2(AT_FDCWD, 0x7ffd000a8cd0, {flags=O_RDONLY, resolve=0}, 24)', false],
    ['openat2(AT_FDCWD, 0x7ffd00008cd0, {flags=0x80000, resolve=0}, 24)', true],
  ])('%s', async (call, cloexec) => {
    expect(tableOf(await analyse(log(`5 ${call} = 3`)), 5)).toEqual({ 3: cloexec });
  });
});

describe('children', () => {
  it('have a copy of their own, and lines before their parent returns', async () => {
    const found = await analyse(log('5 pipe2([3, 4], O_CLOEXEC) = 0', '5 fork( <unfinished ...>', '6 close(3) = 0', '6 +++ exited with 0 +++', '5 <... fork resumed>) = 6', '5 close(4) = 0'));
    expect(tableOf(found, 5)).toEqual({ 3: true });
    expect(found.data.tables!.map(({ pid }) => pid)).toEqual([5]);
  });

  it('wait for the call that tells whose they are, where two are open', async () => {
    const found = await analyse(log(
      '5 fork() = 6',
      '5 openat(AT_FDCWD, "/a", O_RDONLY) = 3',
      '5 fork( <unfinished ...>',
      '6 fork( <unfinished ...>',
      '7 openat(AT_FDCWD, "/c", O_RDONLY) = 3',
      '8 openat(AT_FDCWD, "/c", O_RDONLY) = 4',
      '6 <... fork resumed>) = 7',
      '5 <... fork resumed>) = 8',
    ));
    expect([tableOf(found, 7), tableOf(found, 8)]).toEqual([{ 3: false }, { 3: false, 4: false }]);
    expect(found.data.repairs).toBe(0);
  });

  it('share the table with CLONE_FILES, until exec or unshare', async () => {
    const found = await analyse(log(
      '5 openat(AT_FDCWD, "/a", O_RDONLY) = 3', '5 clone(child_stack=NULL, flags=CLONE_FILES|SIGCHLD) = 6', '6 close(3) = 0', '6 openat(AT_FDCWD, "/b", O_RDONLY|O_CLOEXEC) = 3',
      '6 openat(AT_FDCWD, "/c", O_RDONLY) = 4', '6 execve("/bin/b", ["b"], 0x7) = 0',
    ));
    expect([tableOf(found, 5), tableOf(found, 6)]).toEqual([{ 3: true, 4: false }, { 4: false }]);
  });

  it('of an exec that a thread calls go on under the number of the leader', async () => {
    const found = await analyse(log(
      '5 openat(AT_FDCWD, "/a", O_RDONLY) = 3', '5 openat(AT_FDCWD, "/a", O_RDONLY|O_CLOEXEC) = 4', '5 clone(child_stack=0x7, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) = 6',
      '5 pause( <unfinished ...>', '6 execve("/bin/b", ["b"], 0x7 <unfinished ...>', '5 <... pause resumed>) = ?', '5 +++ superseded by execve in pid 6 +++', '5 <... execve resumed>) = 0', '5 close(0) = 0',
    ));
    expect(tableOf(found, 5)).toEqual({ 3: false });
    expect(found.data.tables).toHaveLength(1);
  });

  it.each(['unshare(CLONE_FILES) = 0', 'close_range(900, 900, CLOSE_RANGE_UNSHARE) = 0'])('of an exec that a thread calls have its table, when it has one of its own: %s', async (apart) => {
    const found = await analyse(log(
      '5 openat(AT_FDCWD, "/a", O_RDONLY) = 3', '5 clone(child_stack=0x7, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) = 6', '5 clone(child_stack=0x7, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) = 7',
      `6 ${apart}`, '7 unshare(CLONE_FILES) = 0', '7 openat(AT_FDCWD, "/d", O_RDONLY) = 4', '6 openat(AT_FDCWD, "/b", O_RDONLY) = 4', '6 dup2(3, 20) = 20', '5 openat(AT_FDCWD, "/c", O_RDONLY) = 4',
      '6 execve("/bin/b", ["b"], 0x7 <unfinished ...>', '5 +++ superseded by execve in pid 6 +++', '5 <... execve resumed>) = 0',
    ));
    expect(tableOf(found, 5)).toEqual({ 3: false, 4: false, 20: false });
    expect(found.data.tables![0]!.fds.find(({ fd }) => fd === 4)!.path).toBe('/b');
    expect([found.data.tables!.length, found.data.repairs]).toEqual([1, 0]);
    expect(found.data.processes.map(({ program }) => program)).toEqual(['b']);
  });

  it('of such an exec in a set of -ff go on in the file of the leader', async () => {
    const at = (micros: number): string => `1790000000.${String(micros).padStart(6, '0')}`;
    const found = await analyse({
      'trace.5': `${at(1)} execve("/bin/a", ["a"], 0x7) = 0\n${at(2)} openat(AT_FDCWD, "/a", O_RDONLY|O_CLOEXEC) = 3\n${at(3)} clone(child_stack=0x7, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) = 6\n${at(4)} pause() = ?\n${at(9)} +++ superseded by execve in pid 6 +++\n${at(9)} <... execve resumed>) = 0\n`,
      'trace.6': `${at(5)} openat(AT_FDCWD, "/b", O_RDONLY) = 4\n${at(8)} execve("/bin/b", ["b"], 0x7 <pid changed to 5 ...>\n`,
    });
    expect([tableOf(found, 5), found.data.tables![0]!.program]).toEqual([{ 4: false }, '/bin/b']);
  });

  it('with a number that was given out before are others', async () => {
    const found = await analyse(log('5 fork() = 6', '6 openat(AT_FDCWD, "/a", O_RDONLY) = 3', '6 +++ exited with 0 +++', '5 fork() = 6', '6 getpid() = 6'));
    expect(tableOf(found, 6)).toEqual({});
  });
});

it('the version of landlock is no descriptor', async () => {
  const found = await analyse(log('5 landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) = 7', '5 landlock_create_ruleset(NULL, 0, 0x2) = 1', '5 landlock_create_ruleset({handled_access_fs=0x1}, 8, 0) = 3'));
  expect(tableOf(found, 5)).toEqual({ 3: true });
});

describe('what the log does not tell', () => {
  it('is found by the rule of the lowest free number, and never a leak', async () => {
    const lines = Array.from({ length: 50 }, (_, i) => `5 openat(AT_FDCWD, "/a${i}", O_RDONLY) = 9`).flatMap((line) => [line, '5 close(9) = 0']);
    const found = await analyse(log(...lines));
    expect(found.data.tables![0]!.fds.map(({ fd, how }) => [fd, how])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((fd) => [fd, 'pre-existing']));
    expect(idsOf(found)).toEqual([]);
  });

  it('is repaired, and then only a hint', async () => {
    const lines = Array.from({ length: 60 }, (_, i) => `5 00:00:${String(i).padStart(2, '0')} openat(AT_FDCWD, "/a", O_RDONLY) = 3`);
    const found = await analyse(`5 00:00:00 execve("/bin/a", ["a"], 0x7) = 0\n${lines.join('\n')}\n`);
    expect(found.data.repairs).toBe(59);
    expect(found.findings.filter(({ id }) => id === 'strace/leak')).toEqual([]);
    expect(idsOf(found)).toEqual(['strace/coverage']);
    expect(found.coverage.find(({ needed }) => needed)?.status).toBe('absent');
  });

  it('io_uring is told', async () => {
    const found = await analyse(log('5 io_uring_setup(4, {flags=0}) = 3'));
    expect(idsOf(found)).toEqual(['strace/coverage']);
    expect(found.coverage.find(({ source }) => source === 'io_uring')?.status).toBe('unsupported');
  });
});

describe('formats', () => {
  it.each(['8', '8<app>'])('a log whose head is cut in a pid has no process of the rest of it: %s', async (rest) => {
    const comm = rest.slice(1);
    const found = await analyse(`${rest} openat(AT_FDCWD, "/a", O_RDONLY) = 9\n238${comm} openat(AT_FDCWD, "/a", O_RDONLY) = 3\n238${comm} close(3) = 0\n`);
    expect(found.data.tables!.map(({ pid }) => pid)).toEqual([238]);
    expect([found.data.lines, found.data.unclassified]).toEqual([3, 0]);
  });

  it('a set of -ff is merged by time', async () => {
    const found = await analyse({
      'trace.5': '1790000000.000001 execve("/bin/a", ["a"], 0x7) = 0\n1790000000.000002 openat(AT_FDCWD, "/a", O_RDONLY) = 3\n1790000000.000003 fork() = 6\n1790000000.000009 close(3) = 0\n',
      'trace.6': '1790000000.000005 openat(AT_FDCWD, "/b", O_RDONLY) = 4\n1790000000.000007 close(3) = 0\n',
    });
    expect([tableOf(found, 5), tableOf(found, 6)]).toEqual([{}, { 4: false }]);
    expect(found.data.recognised).toMatchObject({ pids: 'file', files: 2, time: '-ttt' });
  });

  it('colours do not matter', async () => {
    const found = await analyse('\x1b[33mexecve\x1b[0m(\x1b[32m"/bin/a"\x1b[0m, ["a"], 0x7) = \x1b[36m0\x1b[0m\n\x1b[33mopenat\x1b[0m(AT_FDCWD, "/a", O_RDONLY) = \x1b[36m3\x1b[0m\n');
    expect(tableOf(found, 0)).toEqual({ 3: false });
    expect(found.data.unclassified).toBe(0);
    expect(found.data.recognised.options).toContain('--color');
  });

  it('names of arguments (-N) and raw flags (-X) do not matter', async () => {
    const found = await analyse(log('5 openat(dirfd=AT_FDCWD, pathname="/a", flags=O_RDONLY|O_CLOEXEC) = 3', '5 fcntl(fd=3, cmd=F_SETFD, arg=0) = 0', '5 openat(-100, "/b", 0x80000) = 4', '5 close(fd=4) = 0', '5 dup3(oldfd=3, newfd=7, flags=O_CLOEXEC) = 7'));
    expect(tableOf(found, 5)).toEqual({ 3: false, 7: true });
  });

  it('the day may change', async () => {
    const found = await analyse('5 23:59:59 execve("/bin/a", ["a"], 0x7) = 0\n5 00:00:01 close(0) = 0\n');
    expect(found.data.durationMs).toBe(2000);
  });

  it('another program writing into the log is counted, and told', async () => {
    const found = await analyse(log('hello', '5 close(0) = 0'));
    expect(found.data.unclassified).toBe(1);
    expect(idsOf(found)).toEqual(['strace/coverage']);
  });

  it('the moment of --at counts', async () => {
    const text = '5 12:00:00 execve("/bin/a", ["a"], 0x7) = 0\n5 12:00:01 openat(AT_FDCWD, "/a", O_RDONLY) = 3\n5 12:00:03 close(3) = 0\n';
    const found = await analyse(text, { at: '12:00:02' });
    expect(tableOf(found, 5)).toEqual({ 3: false });
    // To stop there is what was asked for.
    expect(found.coverage).toMatchObject([{ status: 'ok', detail: expect.stringContaining('up to 12:00:02') }]);
    expect(tableOf(await analyse(text, { at: '+1s' }), 5)).toEqual({ 3: false });
    expect(tableOf(await analyse(text, { at: 'line:1' }), 5)).toEqual({});
    expect(tableOf(await analyse(text, { at: '12:00:03' }), 5)).toEqual({});
    for (const at of ['12:00:04', '11:59:59', '+9s', 'line:4', '25:00:00']) await expect(analyse(text, { at })).rejects.toThrow(at === '25:00:00' ? 'no moment' : 'the log');
    await expect(analyse(text.replaceAll(/ 12:\S+/g, ''), { at: '+1s' })).rejects.toThrow('this log has no times');
    const night = '5 23:59:59 execve("/bin/a", ["a"], 0x7) = 0\n5 00:00:01 openat(AT_FDCWD, "/a", O_RDONLY) = 3\n5 00:00:02 close(3) = 0\n';
    expect(tableOf(await analyse(night, { at: '00:00:01' }), 5)).toEqual({ 3: false });
  });

  it('the life of what a number stands for at a moment is told to its end, and of nothing else', async () => {
    const turns = ['/a', '/b', '/c'].flatMap((path) => [`5 openat(AT_FDCWD, "${path}", O_RDONLY) = 3`, '5 dup(3) = 4', '5 close(3) = 0', '5 close(4) = 0']);
    const found = await analyse(log(...turns), { pid: '5', fd: '3', at: 'line:7' });
    expect(found.data.story!.map(({ what, fd, target }) => [what, fd, target])).toEqual([['open', 3, '/b'], ['dup', 4, '/b'], ['close', 3, '/b'], ['close', 4, '/b']]);
    await expect(analyse(log(...turns), { pid: '5', fd: '3', at: 'line:5' })).rejects.toThrow('has no descriptor 3');
  });

  it('SCM_RIGHTS carry an open file to another process, and its story tells', async () => {
    const found = await analyse(log(
      '5 openat(AT_FDCWD, "/a", O_RDONLY) = 3', '5 socketpair(AF_UNIX, SOCK_STREAM, 0, [4, 5]) = 0', '5 fork() = 6',
      '5 sendmsg(4, {msg_iov=[{iov_base="x", iov_len=1}], msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[3]}], msg_flags=0}, 0) = 1',
      '6 close(3) = 0',
      '6 recvmsg(5, {msg_iov=[{iov_base="x", iov_len=1}], msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[9]}], msg_flags=MSG_CMSG_CLOEXEC}, MSG_CMSG_CLOEXEC) = 1',
    ), { pid: '6', fd: '9' });
    expect(tableOf(found, 6)).toMatchObject({ 9: true });
    expect(found.data.story!.map(({ what, pid, fd }) => [what, pid, fd])).toEqual([['open', 5, 3], ['inherit', 6, 3], ['pass', 5, 3], ['close', 6, 3], ['receive', 6, 9]]);
    expect(found.data.tables!.find(({ pid }) => pid === 6)!.fds.find(({ fd }) => fd === 9)).toMatchObject({ path: '/a', how: 'received' });
  });
});
