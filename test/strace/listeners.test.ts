/** Addresses: whose they are, who serves them meanwhile, and who only looks for a free one. */
import { describe, expect, it } from 'vitest';
import { type Analysed, analyse } from './support/analyse.ts';

const log = (...lines: string[]): string => `5 10:00:00.000000 execve("/srv/app", ["app"], 0x7 /* 1 var */) = 0\n${lines.map((line, n) => `${line.replace(' ', ` 10:00:0${Math.floor(n / 10) + 1}.${n % 10}00000 `)}\n`).join('')}`;
const told = ({ findings }: Analysed): string[] => findings.map(({ id, severity }) => `${severity} ${id}`);
const bind = (pid: number, fd: number, host: string, port: number, result = '= 0'): string => {
  const address = host.includes(':') ? `{sa_family=AF_INET6, sin6_port=htons(${port}), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "${host}", &sin6_addr), sin6_scope_id=0}, 28` : `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("${host}")}, 16`;
  return `${pid} bind(${fd}, ${address}) ${result}`;
};
const listener = (pid: number, fd: number, host: string, port = 8080): string[] => [
  `${pid} socket(${host.includes(':') ? 'AF_INET6' : 'AF_INET'}, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = ${fd}`, bind(pid, fd, host, port), `${pid} listen(${fd}, 5) = 0`,
];
const IN_USE = '= -1 EADDRINUSE (Address already in use)';

describe('a gap between listeners', () => {
  it('is none between network namespaces', async () => {
    const two = (first: string[], second: string[]): string => log('5 fork() = 6', '6 getpid() = 6', ...first, ...listener(5, 3, '0.0.0.0'), '5 close(3) = 0', ...second, ...listener(6, 3, '0.0.0.0'));
    expect(told(await analyse(two([], [])))).toEqual(['warning strace/listen-gap']);
    expect(told(await analyse(two(['5 unshare(CLONE_NEWNET) = 0'], ['6 unshare(CLONE_NEWNET) = 0'])))).toEqual([]);
    expect(told(await analyse(two([], ['6 setns(9</run/netns/b>, CLONE_NEWNET) = 0'])))).toEqual([]);
  });

  it.each([['0.0.0.0', '127.0.0.1'], ['::', '0.0.0.0'], ['::', '::1']])('is none where %s takes what %s does not', async (wide, narrow) => {
    const turns = [...listener(5, 4, narrow), '5 --- SIGHUP {si_signo=SIGHUP, si_code=SI_USER, si_pid=1, si_uid=0} ---', '5 close(4) = 0', ...listener(5, 4, narrow)];
    expect(told(await analyse(log(...listener(5, 3, wide), ...turns)))).toEqual([]);
    expect(told(await analyse(log(...listener(5, 3, wide, 8081), ...turns)))).toEqual(['warning strace/listen-gap']);
  });
});

describe('an address in use', () => {
  it('tells how often it was', async () => {
    const again = ['5 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 4', bind(5, 4, '127.0.0.1', 8080, IN_USE), '5 close(4) = 0'];
    const { findings } = await analyse(log(...listener(5, 3, '127.0.0.1'), ...again, ...again, ...again));
    expect(findings.map(({ title }) => title)).toEqual(['app (pid 5) could not bind 127.0.0.1:8080: it is in use by app (pid 5) (3 times)']);
  });

  it('is no fault where a free port is looked for: with one socket, or with one for each', async () => {
    const failed = [8080, 8081, 8082].map((port) => bind(5, 3, '127.0.0.1', port, IN_USE));
    const one = await analyse(log('5 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3', ...failed, bind(5, 3, '127.0.0.1', 8083), '5 listen(3, 5) = 0'));
    expect(told(one)).toEqual(['info strace/address-in-use']);
    expect(one.findings[0]!.title).toContain('and took 127.0.0.1:8083 instead, and so it was with 2 other addresses');
    const each = failed.flatMap((line) => ['5 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3', line, '5 close(3) = 0']);
    expect(told(await analyse(log(...each, ...listener(5, 3, '127.0.0.1', 8083))))).toEqual(['info strace/address-in-use']);
  });

  it('is one where the process gives up, or has another port for something else', async () => {
    const failed = ['5 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3', bind(5, 3, '127.0.0.1', 8080, IN_USE), '5 close(3) = 0'];
    expect(told(await analyse(log(...failed)))).toEqual(['warning strace/address-in-use']);
    expect(told(await analyse(log(...failed, ...listener(5, 3, '127.0.0.1', 9090))))).toEqual(['warning strace/address-in-use']);
  });
});
