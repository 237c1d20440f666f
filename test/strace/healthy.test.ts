/** What healthy servers do, and is not to be warned of. */
import { describe, expect, it } from 'vitest';
import { type Analysed, analyse } from './support/analyse.ts';

const log = (...lines: string[]): string => lines.map((line) => `${line}\n`).join('');
const warnings = ({ findings }: Analysed): string[] => findings.filter(({ severity }) => severity !== 'info').map(({ id }) => id);
const second = (n: number): string => `00:${String(Math.floor(n / 60)).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}.000000`;

const LISTENER = (pid: number, flags: string): string[] => [
  `${pid} ${second(1)} socket(AF_INET, SOCK_STREAM${flags}, IPPROTO_IP) = 3`,
  `${pid} ${second(1)} bind(3, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("127.0.0.1")}, 16) = 0`,
  `${pid} ${second(1)} listen(3, 511) = 0`,
];

describe('a listener across exec', () => {
  const upgrade = (from: string, to: string): string =>
    log(`5 ${second(0)} execve("${from}", ["x"], 0x7 /* 9 vars */) = 0`, ...LISTENER(5, ''), `5 ${second(2)} fork() = 6`, `6 ${second(3)} execve("${to}", ["x"], 0x7 /* 9 vars */) = 0`);

  it('of a server that starts itself anew is no warning, of another program it is', async () => {
    const itself = await analyse(upgrade('/usr/sbin/nginx', '/usr/sbin/nginx'));
    expect(itself.findings.map(({ id, severity, confidence }) => [id, severity, confidence])).toEqual([['strace/exec-inherit', 'info', 'hint']]);
    expect(itself.findings[0]!.because).toContain('its environment, which may name it, is not in the log (strace -v)');
    expect(warnings(await analyse(upgrade('/usr/sbin/nginx', '/usr/bin/logger')))).toEqual(['strace/exec-inherit']);
    expect(warnings(await analyse(upgrade('/usr/bin/python3', '/usr/bin/python3')))).toEqual(['strace/exec-inherit']);
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

describe('a listener closed before the next one', () => {
  const twice = (port: number): string => {
    const turn = (at: number): string[] => [
      `5 ${second(at)} socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3`,
      `5 ${second(at)} bind(3, {sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("127.0.0.1")}, 16) = 0`,
      `5 ${second(at)} listen(3, 1) = 0`,
      `5 ${second(at + 1)} close(3) = 0`,
    ];
    return log(`5 ${second(0)} execve("/bin/a", ["a"], 0x7) = 0`, ...turn(1), ...turn(3));
  };

  it('is a gap, but not where the kernel chooses the port', async () => {
    expect(warnings(await analyse(twice(8080)))).toEqual(['strace/listen-gap']);
    expect(warnings(await analyse(twice(0)))).toEqual([]);
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
