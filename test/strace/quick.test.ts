/** Most lines are read by their bytes, without text; who asks for every step gets them from the other way. Both must come to the same. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ownFolder } from '../live/support/program.ts';
import { analyse, type Analysed } from './support/analyse.ts';

const LOGS = join(import.meta.dirname, '../../fixtures/strace');
const folder = ownFolder('quick');
const files = ['err', 'ok'].flatMap((kind) => readdirSync(join(LOGS, kind)).map((name) => `${kind}/${name}`));

/** Everything but the names of files, which differ from run to run. */
function shown({ data, findings }: Analysed): unknown {
  return JSON.parse(JSON.stringify({ data, findings }).replaceAll(/\/tmp\/[\w-]*reloadctl-strace-\w+\//g, ''));
}

async function both(log: string): Promise<[unknown, unknown]> {
  const quick = await analyse(log, { all: true });
  const slow = await analyse(log, { all: true, events: join(folder, 'events.ndjson') });
  return [shown(quick), shown(slow)];
}

const path = fc.constantFrom('/a', '/srv/data/one.json', '/dev/null', 'relative', '', '/with space', '/q\\"uote', '/proc/self/fd/3');
const fd = fc.integer({ min: 0, max: 12 });
const result = fc.oneof(fd.map(String), fc.constantFrom('-1 ENOENT (No such file or directory)', '-1 EBADF (Bad file descriptor)', '-1 EAGAIN (Resource temporarily unavailable)', '-1 EMFILE (Too many open files)', '?', '0x7f00'));
const decorated = fc.tuple(fd, path, fc.boolean()).map(([n, name, is]) => (is && name.startsWith('/') && !name.includes('"') ? `${n}<${name}>` : String(n)));
const call = fc.oneof(
  fc.tuple(path, fc.constantFrom('O_RDONLY', 'O_RDWR|O_CREAT|O_CLOEXEC, 0600', '0x80000', 'O_EXCL'), fc.oneof(decorated, result)).map(([name, flags, value]) => ['openat', `AT_FDCWD, "${name}", ${flags}`, value]),
  fc.tuple(fc.constantFrom('O_RDONLY', 'O_RDWR|O_CLOEXEC', 'O_RDONLY|O_CREAT', 'O_CLOEXEC', '0x80000', '0'), fc.oneof(decorated, result)).map(([flags, value]) => ['openat', `AT_FDCWD, 0x7f00, ${flags}`, value]),
  fc.tuple(decorated, result).map(([n, value]) => ['read', `${n}, "x) = 3"..., 10`, value]),
  fc.tuple(decorated, fc.constantFrom('0', '0', '0', '-1 EBADF (Bad file descriptor)', '-1 EINTR (Interrupted system call)')).map(([n, value]) => ['close', n, value]),
  fc.tuple(path, fc.constantFrom('0', '-1 ENOENT (No such file or directory)')).map(([name, value]) => ['newfstatat', `AT_FDCWD, "${name}", {st_mode=S_IFREG|0644, ...}, 0`, value]),
  fc.tuple(path, fc.constantFrom('0', '-1 ENOENT (No such file or directory)')).map(([name, value]) => ['unlink', `"${name}"`, value]),
  fc.tuple(fd, result).map(([n, value]) => ['accept4', `${n}, {sa_family=AF_INET, sin_port=htons(4711), sin_addr=inet_addr("10.1.2.3")}, [112 => 16], SOCK_CLOEXEC`, value]),
  fc.tuple(fd, fd).map(([a, b]) => ['epoll_ctl', `${a}, EPOLL_CTL_ADD, ${b}, {events=EPOLLIN, data={u32=7, u64=7}}`, '0']),
  fc.tuple(fd, result).map(([n, value]) => ['epoll_wait', `${n}, [{events=EPOLLIN, data={u32=7, u64=7}}], 8, -1`, value]),
  fc.tuple(fd, fc.constantFrom('F_GETFL', 'F_SETFD, FD_CLOEXEC', 'F_DUPFD, 5', 'F_DUPFD_CLOEXEC, 0', 'F_GETFD'), result).map(([n, what, value]) => ['fcntl', `${n}, ${what}`, value]),
  fc.tuple(fd, fc.constantFrom('SO_REUSEADDR', 'SO_KEEPALIVE')).map(([n, what]) => ['setsockopt', `${n}, SOL_SOCKET, ${what}, [1], 4`, '0']),
  fc.tuple(fd).map(([n]) => ['bind', `${n}, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("0.0.0.0")}, 16`, '0']),
  fc.tuple(fd).map(([n]) => ['listen', `${n}, 128`, '0']),
  fc.tuple(fd, fd, result).map(([a, b, value]) => ['poll', `[{fd=${a}, events=POLLIN}, {fd=${b}, events=POLLOUT}], 2, 1000`, value]),
  fc.tuple(fd, fc.constantFrom('MAP_SHARED', 'MAP_PRIVATE')).map(([n, how]) => ['mmap', `NULL, 4096, PROT_READ, ${how}, ${n}, 0`, '0x7f0000001000']),
  fc.constant(0).map(() => ['munmap', '0x7f0000001000, 4096', '0']),
  fc.tuple(fd, fc.constantFrom('F_RDLCK', 'F_UNLCK')).map(([n, type]) => ['fcntl', `${n}, F_SETLK, {l_type=${type}, l_whence=SEEK_SET, l_start=0, l_len=1}`, '0']),
  fc.tuple(fc.constantFrom('dup', 'futex', 'getppid', 'inotify_init1', 'socket', 'no_such_call'), fd).map(([name, n]) => [name, '3', String(n)]),
  fc.tuple(fd, fd).map(([a, b]) => ['sendmsg', `${a}, {msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[${b}]}]}, 0`, '1']),
);
const step = fc.record({ call, tid: fc.constantFrom(5, 6, 7), half: fc.integer({ min: 0, max: 5 }), micros: fc.integer({ min: 0, max: 900_000 }) });
const style = fc.record({ time: fc.constantFrom('', 'clock', 'epoch', 'seconds', 'relative'), pid: fc.constantFrom('number', 'bracket'), took: fc.boolean() });

/** A log of three threads, calls cut in two where another one's line comes between. */
function logOf(steps: { call: string[]; tid: number; half: number; micros: number }[], { time, pid, took }: { time: string; pid: string; took: boolean }): string {
  let now = 43_200_000_000;
  const stamp = (): string => {
    now += 37;
    const fraction = String(now % 1_000_000).padStart(6, '0');
    const seconds = Math.floor(now / 1_000_000);
    const two = (value: number): string => String(value % 60).padStart(2, '0');
    if (time === 'relative') return `     0.${String(now % 1000).padStart(6, '0')} `;
    if (time === 'seconds') return `12:${two(Math.floor(seconds / 60))}:${two(seconds)} `;
    return time === '' ? '' : time === 'epoch' ? `${1_790_000_000 + seconds}.${fraction} ` : `12:${two(Math.floor(seconds / 60))}:${two(seconds)}.${fraction} `;
  };
  const head = (tid: number): string => `${pid === 'number' ? `${tid}     ` : `[pid     ${tid}] `}${stamp()}`;
  const lines = [`${head(5)}execve("/bin/a", ["a"], 0x7 /* 1 var */) = 0`, `${head(5)}clone(child_stack=0x7, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) = 6`, `${head(5)}fork() = 7`];
  const open = new Map<number, string>();
  for (const { call: [name, args, value], tid, half, micros } of steps) {
    const rest = open.get(tid);
    if (rest !== undefined) lines.push(`${head(tid)}${rest}`);
    open.delete(tid);
    const end = `) = ${value}${took ? ` <0.${String(micros).padStart(6, '0')}>` : ''}`;
    const cut = args!.indexOf(', ', half * 4);
    if (half === 0 || cut < 0) lines.push(`${head(tid)}${name}(${args}${end}`);
    else {
      lines.push(`${head(tid)}${name}(${args!.slice(0, cut)} <unfinished ...>`);
      open.set(tid, `<... ${name} resumed>${args!.slice(cut)}${end}`);
    }
    now += micros;
  }
  return `${lines.join('\n')}\n`;
}

describe('both ways through a log', () => {
  it.each(files)('%s', async (file) => {
    const [quick, slow] = await both(readFileSync(join(LOGS, file), 'latin1'));
    expect(quick).toEqual(slow);
  });

  it('come to the same on calls of any kind, whole and in halves', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), style, async (steps, how) => {
        const [quick, slow] = await both(logOf(steps, how));
        expect(quick).toEqual(slow);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
