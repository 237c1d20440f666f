/** What is a reload in a log, and what only looks like one. */
import { describe, expect, it } from 'vitest';
import { analyse } from './support/analyse.ts';

const at = (n: number): string => `00:00:${String(n).padStart(2, '0')}.000000`;
const log = (...steps: readonly (readonly [at: number, pid: number, line: string])[]): string => steps.map(([time, pid, line]) => `${pid} ${at(time)} ${line}\n`).join('');
const USR = (name: string): string => `--- ${name} {si_signo=${name}, si_code=SI_USER, si_pid=1, si_uid=0} ---`;
const SERVER = [
  [0, 5, 'execve("/usr/sbin/server", ["server"], 0x7 /* 1 var */) = 0'], [0, 5, 'socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3'],
  [0, 5, 'bind(3, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("127.0.0.1")}, 16) = 0'], [0, 5, 'listen(3, 511) = 0'],
] as const;
const ACCEPT = 'accept4(3, {sa_family=AF_INET, sin_port=htons(40001), sin_addr=inet_addr("127.0.0.1")}, [128 => 16], SOCK_CLOEXEC) = 9';
const triggersOf = async (text: string): Promise<string[]> => (await analyse(text)).data.reloads.map(({ trigger }) => trigger);
const whatOf = async (text: string): Promise<string[]> => (await analyse(text)).data.reloads.flatMap(({ steps }) => steps.map(({ what, pid }) => `${what} ${pid}`));

describe('a signal and a fork', () => {
  it('are one when the child accepts, or the old one ends while the new one serves', async () => {
    expect(await triggersOf(log(...SERVER, [1, 5, USR('SIGHUP')], [2, 5, 'fork() = 6'], [3, 6, ACCEPT]))).toEqual(['SIGHUP']);
    expect(await triggersOf(log(...SERVER, [1, 5, USR('SIGUSR2')], [2, 5, 'fork() = 6'], [3, 6, 'getpid() = 6'], [4, 5, '+++ exited with 0 +++']))).toEqual(['SIGUSR2']);
  });

  it('are none when the child is a helper that ends', async () => {
    const helper = [[1, 5, USR('SIGUSR1')], [2, 5, 'fork() = 6'], [3, 6, 'close(3) = 0'], [4, 6, '+++ exited with 0 +++']] as const;
    expect(await triggersOf(log(...SERVER, ...helper))).toEqual([]);
    expect(await triggersOf(log(...SERVER, ...helper, [9, 5, '+++ exited with 0 +++']))).toEqual([]);
  });
});

it('a listener that a helper got by exec and took to its end is no reload', async () => {
  const exec = [[1, 5, 'fork() = 6'], [2, 6, 'execve("/usr/lib/helper", ["helper"], 0x7 /* 1 var */) = 0']] as const;
  expect(await triggersOf(log(...SERVER, ...exec, [3, 6, '+++ exited with 0 +++'], [5, 5, 'fork() = 7'], [6, 7, '+++ exited with 0 +++'], [9, 5, '+++ exited with 0 +++']))).toEqual([]);
  expect(await triggersOf(log(...SERVER, ...exec, [3, 6, ACCEPT]))).toEqual(['exec']);
});

it('a master that has no listener itself reloads for its workers', async () => {
  const rights = '{msg_name=NULL, msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[3]}], msg_controllen=24}, 0) = 1';
  const steps = await whatOf(log(
    ...SERVER, [1, 5, 'socketpair(AF_UNIX, SOCK_STREAM, 0, [10, 11]) = 0'], [1, 5, 'fork() = 6'], [1, 6, 'getpid() = 6'], [1, 5, 'close(3) = 0'],
    [2, 5, USR('SIGUSR2')], [2, 5, 'execve("/usr/sbin/server", ["server", "-x"], 0x7 /* 1 var */) = 0'], [3, 6, `sendmsg(11, ${rights}`], [3, 5, `recvmsg(10, ${rights}`],
    [4, 6, USR('SIGUSR1')], [4, 5, 'fork() = 7'], [5, 6, '+++ exited with 0 +++'], [6, 7, ACCEPT],
  ));
  expect(steps).toEqual(['signal 5', 'exec 5', 'signal 6', 'fork 5', 'exit 6', 'first-accept 7']);
});

it('times by the second tell no percentile below one', async () => {
  const half = (n: number, seconds: number): (readonly [number, number, string])[] => [[n, 5, 'futex(0x7f1234, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>'], [n + seconds, 5, '<... futex resumed>) = 0']];
  const seconds = (text: string): string => text.replaceAll('.000000', '');
  const calls = async (...steps: (readonly [number, number, string])[]) => (await analyse(seconds(log(...steps)))).data.calls.find(({ call }) => call === 'futex')!;
  expect(await calls(...half(1, 0), ...half(2, 0), ...half(3, 0), ...half(4, 4))).toMatchObject({ count: 4, p50Ms: null, p99Ms: 3000, maxMs: 3000 });
  expect(await calls(...half(1, 4), ...half(6, 4), ...half(11, 4), ...half(16, 0))).toMatchObject({ p50Ms: 3000, p99Ms: 3000 });
});
