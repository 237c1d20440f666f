/** What healthy servers do, and is not to be warned of. */
import { describe, expect, it } from 'vitest';
import { type Analysed, analyse, analyseFiles } from './support/analyse.ts';

const log = (...lines: string[]): string => lines.map((line) => `${line}\n`).join('');
const warnings = ({ findings }: Analysed): string[] => findings.filter(({ severity }) => severity !== 'info').map(({ id }) => id);
const second = (n: number): string => `00:${String(Math.floor(n / 60)).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}.000000`;

const LISTENER = (pid: number, flags: string): string[] => [
  `${pid} ${second(1)} socket(AF_INET, SOCK_STREAM${flags}, IPPROTO_IP) = 3`,
  `${pid} ${second(1)} bind(3, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("127.0.0.1")}, 16) = 0`,
  `${pid} ${second(1)} listen(3, 511) = 0`,
];

describe('a listener across exec', () => {
  const upgrade = (from: string, to: string, ...after: string[]): string =>
    log(`5 ${second(0)} execve("${from}", ["x"], 0x7 /* 9 vars */) = 0`, ...LISTENER(5, ''), `5 ${second(2)} fork() = 6`, `6 ${second(3)} execve("${to}", ["x"], 0x7 /* 9 vars */) = 0`, ...after);

  it('of a program that ends within a second is only worth a note', async () => {
    const exit = (at: string): string => `6 ${at} +++ exited with 0 +++`;
    const short = await analyse(upgrade('/usr/bin/tmux', '/usr/bin/utempter', exit(second(3)), `5 ${second(5)} getpid() = 5`));
    expect(warnings(await analyse(upgrade('/usr/bin/tmux', '/usr/bin/utempter', exit(second(3)))))).toEqual(['strace/exec-inherit']);
    // In a shorter log it must have ended by itself, long before whoever listened.
    const soon = (end: string, ...before: string[]): Promise<Analysed> => analyse(upgrade('/usr/bin/tmux', '/usr/bin/utempter', ...before, end.replace('03.000000', '03.010000'), `5 ${second(3).replace('03.000000', '03.200000')} getpid() = 5`));
    const outlived = await soon(exit(second(3)));
    expect(warnings(outlived)).toEqual([]);
    expect(outlived.findings[0]!.because).toContain('it ended within a second, and others had it still');
    expect(warnings(await soon(`6 ${second(3)} +++ killed by SIGTERM +++`))).toEqual(['strace/exec-inherit']);
    expect(warnings(await soon(exit(second(3)), `5 ${second(3)} close(3) = 0`))).toEqual(['strace/exec-inherit']);
    expect(short.findings.map(({ id, severity, confidence }) => [id, severity, confidence])).toEqual([['strace/exec-inherit', 'info', 'hint']]);
    expect(short.findings[0]!.because).toContain('it ended within a second');
    expect(warnings(await analyse(upgrade('/usr/bin/tmux', '/usr/bin/utempter', exit(second(5)))))).toEqual(['strace/exec-inherit']);
  });

  it('of a server that starts itself anew is no warning, of another program it is', async () => {
    const itself = await analyse(upgrade('/usr/sbin/nginx', '/usr/sbin/nginx'));
    expect(itself.findings.map(({ id, severity, confidence }) => [id, severity, confidence])).toEqual([['strace/exec-inherit', 'info', 'hint']]);
    expect(itself.findings[0]!.because).toContain('its environment, which may name it, is not in the log (strace -v)');
    expect(warnings(await analyse(upgrade('/usr/sbin/nginx', '/usr/bin/logger')))).toEqual(['strace/exec-inherit']);
    expect(warnings(await analyse(upgrade('/usr/bin/python3', '/usr/bin/python3')))).toEqual(['strace/exec-inherit']);
  });

  it.each([
    ['it accepts', [`6 ${second(4)} accept4(3, {sa_family=AF_INET, sin_port=htons(4711), sin_addr=inet_addr("127.0.0.1")}, [112 => 16], SOCK_CLOEXEC) = 4`]],
    ['its worker waits', [`6 ${second(4)} fork() = 7`, `7 ${second(4)} epoll_create1(EPOLL_CLOEXEC) = 4`, `7 ${second(4)} epoll_ctl(4, EPOLL_CTL_ADD, 3, {events=EPOLLIN, data={u32=3, u64=3}}) = 0`]],
  ])('that the new program serves was meant for it: %s', async (_name, served) => {
    expect((await analyse(upgrade('/usr/sbin/nginx', '/usr/sbin/nginx', ...served))).findings).toEqual([]);
    expect(warnings(await analyse(upgrade('/usr/bin/node', '/usr/bin/other-server', ...served)))).toEqual([]);
    // The old one serves, and not the program that got it by accident.
    const by = (pid: number) => served.map((line) => line.replace(/^6/, String(pid)).replace('fork() = 7', 'fork() = 8').replace(/^7/, '8'));
    expect(warnings(await analyse(upgrade('/usr/bin/node', '/usr/bin/xdg-open', ...by(5))))).toEqual(['strace/exec-inherit']);
  });

  it.each(['ioctl(3, FIONCLEX) = 0', 'fcntl(3, F_SETFD, 0) = 0'])('whose flag was cleared on purpose before the fork: %s', async (clearing) => {
    const found = await analyse(log(`5 ${second(0)} execve("/bin/a", ["a"], 0x7) = 0`, ...LISTENER(5, '|SOCK_CLOEXEC'), `5 ${second(2)} ${clearing}`, `5 ${second(2)} fork() = 6`, `6 ${second(3)} execve("/bin/b", ["b"], 0x7) = 0`));
    expect(found.findings).toEqual([]);
  });

  it('that a fork of a chosen number has is still told', async () => {
    const found = await analyse(log(`5 ${second(0)} execve("/bin/a", ["a"], 0x7) = 0`, ...LISTENER(5, '|SOCK_CLOEXEC'), `5 ${second(2)} dup2(3, 7) = 7`, `5 ${second(2)} fork() = 6`, `6 ${second(3)} execve("/bin/b", ["b"], 0x7) = 0`));
    expect(warnings(found)).toEqual(['strace/exec-inherit']);
  });
});

it.each(['/dev/fd/63', '/proc/self/fd/63'])('a pipe that the arguments name is asked for: %s', async (name) => {
  const turn = (n: number): string[] => [
    `5 ${second(n)} pipe2([3<pipe:[${n}]>, 4<pipe:[${n}]>], 0) = 0`, `5 ${second(n)} fcntl(3<pipe:[${n}]>, F_DUPFD, 63) = 63<pipe:[${n}]>`, `5 ${second(n)} close(3<pipe:[${n}]>) = 0`, `5 ${second(n)} close(4<pipe:[${n}]>) = 0`,
    `5 ${second(n)} fork() = ${n + 10}`, `${n + 10} ${second(n)} execve("/usr/bin/cat", ["cat", "${name}"], 0x7) = 0`, `${n + 10} ${second(n)} +++ exited with 0 +++`, `5 ${second(n)} close(63<pipe:[${n}]>) = 0`,
  ];
  const turns = Array.from({ length: 5 }, (_, n) => turn(n + 1)).flat();
  const start = `5 ${second(0)} execve("/bin/bash", ["bash"], 0x7) = 0`;
  expect((await analyse(log(start, ...turns))).findings).toEqual([]);
  // Not named, it is told: once.
  const { findings } = await analyse(log(start, ...turns.map((line) => line.replace(name, 'x'))));
  expect(findings.map(({ id, severity }) => [id, severity])).toEqual([['strace/exec-inherit', 'info']]);
});

it('a file a shell keeps at a number of its script goes to whatever it starts, locked or not', async () => {
  const lines = ['openat(AT_FDCWD, "/run/lock", O_WRONLY|O_CREAT, 0666) = 3', 'dup2(3, 200) = 200', 'close(3) = 0', 'fork() = 6'].map((line) => `5 ${second(1)} ${line}`);
  const found = await analyse(log(`5 ${second(0)} execve("/bin/bash", ["bash"], 0x7) = 0`, ...lines, `6 ${second(2)} execve("/usr/bin/flock", ["flock", "200"], 0x7) = 0`, `6 ${second(2)} flock(200, LOCK_EX) = 0`, `6 ${second(2)} +++ exited with 0 +++`, `5 ${second(3)} fork() = 7`, `7 ${second(3)} execve("/usr/bin/env", ["env"], 0x7) = 0`, `7 ${second(4)} execve("/usr/bin/seq", ["seq"], 0x7) = 0`));
  expect(warnings(found)).toEqual([]);
});

describe('a listener closed before the next one', () => {
  const twice = (port: number, ...between: string[]): string => {
    const turn = (at: number): string[] => [
      `5 ${second(at)} socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3`,
      `5 ${second(at)} bind(3, {sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("127.0.0.1")}, 16) = 0`,
      `5 ${second(at)} listen(3, 1) = 0`,
      `5 ${second(at + 1)} close(3) = 0`,
    ];
    return log(`5 ${second(0)} execve("/bin/a", ["a"], 0x7) = 0`, ...turn(1), ...between, ...turn(3));
  };
  const HANGUP = `5 ${second(1)} --- SIGHUP {si_signo=SIGHUP, si_code=SI_USER, si_pid=1, si_uid=0} ---`;

  it('is a gap, but not where the kernel chooses the port', async () => {
    expect(warnings(await analyse(twice(8080, HANGUP)))).toEqual(['strace/listen-gap']);
    expect(warnings(await analyse(twice(0, HANGUP)))).toEqual([]);
  });

  it('is only worth a note where the same process did so unasked, as tests do that start one server after the other', async () => {
    const { findings } = await analyse(twice(8080));
    expect(findings.map(({ id, severity, confidence }) => [id, severity, confidence])).toEqual([['strace/listen-gap', 'info', 'hint']]);
    // Another generation.
    expect(warnings(await analyse(twice(8080, `5 ${second(1)} fork() = 6`)))).toEqual(['strace/listen-gap']);
  });
});

describe('connections that came in and stay', () => {
  const server = (closes: (n: number) => boolean): string => {
    const accepted = Array.from({ length: 80 }, (_, n) => [
      `5 ${second(n + 2)} accept4(3, {sa_family=AF_INET, sin_port=htons(${40000 + n}), sin_addr=inet_addr("10.0.0.7")}, [16], SOCK_CLOEXEC) = FD`,
      ...(closes(n) ? [`5 ${second(n + 2)} close(FD) = 0`] : []),
    ]);
    let next = 4;
    const lines = accepted.flatMap((pair) => pair.map((line) => line.replace('FD', String(next))).concat(pair.length > 1 ? [] : [`${next++}`])).filter((line) => line.includes(' '));
    return log(`5 ${second(0)} execve("/bin/a", ["a"], 0x7) = 0`, ...LISTENER(5, '|SOCK_CLOEXEC'), ...lines);
  };

  it('may just be clients; where most are closed and some are not, it is a leak', async () => {
    expect(warnings(await analyse(server(() => false)))).toEqual([]);
    expect(warnings(await analyse(server((n) => n % 4 !== 0)))).toEqual(['strace/leak']);
  });
});

it('seconds alone (-t) tell of no call that it took one', async () => {
  const took = async (seconds: number) => analyse(log('5 00:00:00 execve("/bin/a", ["a"], 0x7) = 0', '5 00:00:01 fsync(3 <unfinished ...>', '6 00:00:01 getpid() = 6', `5 00:00:0${1 + seconds} <... fsync resumed>) = 0`));
  expect((await took(1)).findings).toEqual([]);
  expect((await took(1)).data.calls.find(({ call }) => call === 'fsync')!.maxMs).toBeNull();
  expect((await took(4)).findings).toMatchObject([{ id: 'strace/blocked', confidence: 'likely', title: expect.stringContaining('took 3 s') }]);
});

it('epoll DEL of a number that was never added is how a runtime makes sure; MOD of one whose registration went with its close is not', async () => {
  const epoll = (added: boolean, operation: string): string => log(
    '5 execve("/bin/node", ["node"], 0x7) = 0', '5 epoll_create1(EPOLL_CLOEXEC) = 3', '5 openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 4', ...(added ? ['5 epoll_ctl(3, EPOLL_CTL_ADD, 4, {events=EPOLLIN, data={u32=4, u64=4}}) = 0'] : []),
    '5 close(4) = 0', '5 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 4', `5 epoll_ctl(3, EPOLL_CTL_${operation}, 4, 0x7ffc) = -1 ENOENT (No such file or directory)`, '5 close(4) = 0',
  );
  for (const [added, operation, ids] of [[false, 'DEL', []], [true, 'DEL', []], [false, 'MOD', []], [true, 'MOD', ['strace/epoll-after-close']]] as const) {
    expect((await analyse(epoll(added, operation))).findings.map(({ id }) => id)).toEqual(ids);
  }
});

it('where close() was filtered out nothing is called leaked', async () => {
  const opens = Array.from({ length: 120 }, (_, n) => `5 ${second(n)} openat(AT_FDCWD, "/a", O_RDONLY) = ${3 + n}`);
  const { findings } = await analyse(log(`5 ${second(0)} execve("/bin/a", ["a"], 0x7) = 0`, ...opens));
  expect(findings.map(({ id }) => id)).toEqual(['strace/coverage']);
});

it('flock is given the descriptor its arguments name', async () => {
  const told = async (argument: string) => (await analyse(log(`5 ${second(0)} execve("/srv/app", ["app"], 0x7) = 0`, `5 ${second(1)} openat(AT_FDCWD, "/run/lock", O_RDWR) = 3`, `5 ${second(2)} fork() = 6`, `6 ${second(2)} execve("/usr/bin/flock", ["flock", "${argument}"], 0x7) = 0`))).findings.map(({ id }) => id);
  expect(await told('3')).toEqual([]);
  expect(await told('4')).toEqual(['strace/exec-inherit']);
});

it('diff is a command of its own', async () => {
  await expect(analyseFiles(['diff', 'a.strace', 'b.strace'])).rejects.toThrow('reloadctl diff A B');
});

it('a shell closes what its script tells it to, open or not', async () => {
  const twice = (program: string): string => log(`5 ${second(0)} execve("${program}", ["x"], 0x7) = 0`, `5 ${second(1)} openat(AT_FDCWD, "/a", O_RDONLY) = 3`, `5 ${second(1)} close(3) = 0`, `5 ${second(1)} getpid() = 5`, `5 ${second(1)} close(3) = -1 EBADF (Bad file descriptor)`, `5 ${second(1)} getpid() = 5`);
  expect((await analyse(twice('/bin/server'))).findings.map(({ id }) => id)).toEqual(['strace/double-close']);
  expect((await analyse(twice('/usr/bin/bash'))).findings).toEqual([]);
});

it('connections of several that were killed are told as a sum', async () => {
  const kill = (pid: number): string[] => [...LISTENER(pid, '|SOCK_CLOEXEC'), `${pid} ${second(2)} accept4(3, NULL, NULL, SOCK_CLOEXEC) = 4`, `${pid} ${second(2)} accept4(3, NULL, NULL, SOCK_CLOEXEC) = 5`, `${pid} ${second(3)} +++ killed by SIGKILL +++`];
  const start = (pid: number): string => `${pid} ${second(0)} execve("/bin/server", ["x"], 0x7) = 0`;
  const title = async (...lines: string[]): Promise<string> => (await analyse(log(...lines))).findings.find(({ id }) => id === 'strace/killed-before-drain')!.title;
  expect(await title(start(5), ...kill(5))).toContain('with 2 accepted connections open');
  expect(await title(start(5), start(6), ...kill(5), ...kill(6))).toContain('with 4 accepted connections open in all (2 times)');
});
