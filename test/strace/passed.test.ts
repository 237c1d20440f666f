/** Descriptors that come by rarer ways, and lives in a trace file. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyse, tableOf } from './support/analyse.ts';

const log = (...lines: string[]): string => `5 10:00:00.000000 execve("/srv/app", ["app"], 0x7 /* 1 var */) = 0\n${lines.map((line, n) => `${line.replace(' ', ` 10:00:00.${String(n + 1).padStart(6, '0')} `)}\n`).join('')}`;

describe('a supervisor of seccomp', () => {
  const STEPS = [
    '5 fork() = 6', '6 getpid() = 6', '5 seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, {len=4, filter=0x7}) = 3', '5 openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 4',
    '6 openat(AT_FDCWD, "/etc/group", O_RDONLY) = 3', '5 ioctl(3, SECCOMP_IOCTL_NOTIF_RECV, {id=0xd5, pid=6, flags=0, data={nr=0}}) = 0',
  ];

  it.each([
    ['{id=0xd5, flags=0, srcfd=4, newfd=0, newfd_flags=O_CLOEXEC}) = 7', { 3: false, 7: true }],
    ['{id=0xd5, flags=SECCOMP_ADDFD_FLAG_SETFD, srcfd=4, newfd=3, newfd_flags=O_CLOEXEC}) = 3', { 3: true }],
    ['{id=0xd6, flags=0, srcfd=4, newfd=0, newfd_flags=0}) = 7', { 3: false }],
  ])('puts descriptors into the one it looks after: %s', async (addition, own) => {
    const found = await analyse(log(...STEPS, `5 ioctl(3, SECCOMP_IOCTL_NOTIF_ADDFD, ${addition}`));
    expect(tableOf(found, 6)).toEqual(own);
    expect(tableOf(found, 5)).toEqual({ 3: true, 4: false });
    expect(found.data.repairs).toBe(0);
  });
});

it.each(['SO_PEERPIDFD', '0x4d /* SO_??? */'])('a pidfd of the peer: %s', async (option) => {
  const socket = '5 socket(AF_UNIX, SOCK_STREAM, 0) = 3';
  expect(tableOf(await analyse(log(socket, `5 getsockopt(3, SOL_SOCKET, ${option}, [4], [4]) = 0`)), 5)).toEqual({ 3: false, 4: true });
  expect(tableOf(await analyse(log(socket, '5 getsockopt(3, SOL_SOCKET, SO_ERROR, [4], [4]) = 0')), 5)).toEqual({ 3: false });
});

it.each([
  ['fanotify', '5 fanotify_init(FAN_CLASS_NOTIF|FAN_CLOEXEC, O_RDONLY) = 3'],
  ['SCM_PIDFD', '5 recvmsg(3, {msg_name=NULL, msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=0x4 /* SCM_??? */}], msg_controllen=24, msg_flags=0}, 0) = 1'],
])('ways that do not show are told: %s', async (source, line) => {
  expect((await analyse(log(line))).coverage).toContainEqual(expect.objectContaining({ source, status: 'unsupported' }));
});

it('fanotify that names files by handles brings no descriptors', async () => {
  const { coverage } = await analyse(log('5 fanotify_init(FAN_CLASS_NOTIF|FAN_REPORT_DFID_NAME|FAN_REPORT_FID, O_RDONLY) = 3'));
  expect(coverage.map(({ source }) => source)).not.toContain('fanotify');
});

it('lives in a trace file end with their process, and processes have names', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reloadctl-trace-'));
  try {
    const trace = join(folder, 'trace.json');
    await analyse(log('5 openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3', '5 fork() = 6', '6 getpid() = 6', '6 +++ exited with 0 +++', '5 getpid() = 5', '5 +++ exited with 0 +++'), { trace });
    const { traceEvents: events } = JSON.parse(readFileSync(trace, 'utf8')) as { traceEvents: { ph: string; id: number; pid: number; ts: number; args: { name: string } }[] };
    const begun = events.filter(({ ph }) => ph === 'b').map(({ id }) => id);
    const ends = events.filter(({ ph }) => ph === 'e');
    expect(begun.length).toBeGreaterThan(4);
    expect(ends.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(begun);
    expect(new Set(ends.filter(({ pid }) => pid === 6).map(({ ts }) => ts))).toEqual(new Set([36_000_000_004]));
    expect(events.filter(({ ph }) => ph === 'M').map(({ pid, args }) => [pid, args.name])).toEqual([[6, 'app (pid 6)'], [5, 'app (pid 5)']]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
