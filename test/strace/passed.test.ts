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

describe('a pidfd that comes with a message', () => {
  const OPENS = ['5 openat(AT_FDCWD, "/a", O_RDONLY) = 3', '5 openat(AT_FDCWD, "/b", O_RDONLY) = 4', '5 openat(AT_FDCWD, "/c", O_RDONLY) = 5', '5 close(4) = 0'];
  const message = (...controls: string[]): string =>
    `5 recvmsg(3, {msg_name=NULL, msg_control=[${controls.map((control) => `{cmsg_len=20, cmsg_level=SOL_SOCKET, ${control}}`).join(', ')}], msg_controllen=24, msg_flags=0}, 0) = 1`;
  const UNTOLD = 'cmsg_type=0x4 /* SCM_??? */';
  const sources = ({ coverage }: Awaited<ReturnType<typeof analyse>>): string[] => coverage.map(({ source }) => source);

  it.each(['cmsg_type=SCM_PIDFD, cmsg_data=4', 'cmsg_type=SCM_PIDFD, cmsg_data=4<anon_inode:[pidfd]>', 'cmsg_type=SCM_PIDFD, cmsg_data=[4]'])('with the number that strace tells: %s', async (control) => {
    const found = await analyse(log(...OPENS, message(control)));
    expect(tableOf(found, 5)).toEqual({ 3: false, 4: true, 5: false });
    expect(found.data.tables![0]!.fds.find(({ fd }) => fd === 4)).toMatchObject({ kind: 'pidfd', how: 'received' });
    expect(sources(found)).not.toContain('SCM_PIDFD');
  });

  it('with the lowest free number, where all below are known', async () => {
    const found = await analyse(log(...OPENS, message(UNTOLD), '5 close(4) = 0', message('cmsg_type=SCM_RIGHTS, cmsg_data=[4]', UNTOLD), '5 close(5) = 0'));
    expect(tableOf(found, 5)).toEqual({ 3: false, 4: false });
    expect(found.data.repairs).toBe(0);
    const kept = await analyse(log(...OPENS, message(UNTOLD)));
    expect(tableOf(kept, 5)).toEqual({ 3: false, 4: true, 5: false });
    expect(sources(kept)).not.toContain('SCM_PIDFD');
  });

  it('with a number that a later open shows to be taken', async () => {
    const found = await analyse(log(OPENS[0]!, message(UNTOLD), message(UNTOLD), '5 openat(AT_FDCWD, "/d", O_RDONLY) = 6'));
    expect(tableOf(found, 5)).toEqual({ 3: false, 4: true, 5: true, 6: false });
    expect(found.data.sites.find(({ site }) => site.includes('SCM_PIDFD'))).toMatchObject({ opened: 2, closed: 0 });
    expect(sources(found)).toContain('SCM_PIDFD');
  });

  it('is not guessed where more numbers are taken than that explains', async () => {
    const found = await analyse(log(OPENS[0]!, message(UNTOLD), '5 openat(AT_FDCWD, "/d", O_RDONLY) = 6'));
    expect(found.data.tables![0]!.fds.map(({ fd, kind }) => `${fd} ${kind}`)).toEqual(['0 unknown', '1 unknown', '2 unknown', '3 file', '4 unknown', '5 unknown', '6 file']);
  });

  it('is not guessed while another thread opens something', async () => {
    const threads = ['5 clone(child_stack=0x7, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) = 6', '6 openat(AT_FDCWD, "/x", O_RDONLY <unfinished ...>'];
    const found = await analyse(log(...OPENS, ...threads, message(UNTOLD)));
    expect(found.data.tables![0]!.fds.map(({ kind }) => kind)).not.toContain('pidfd');
    expect(sources(found)).toContain('SCM_PIDFD');
  });
});

describe('events of fanotify', () => {
  const INIT = '5 fanotify_init(FAN_CLASS_NOTIF|FAN_CLOEXEC, O_RDONLY|O_CLOEXEC) = 3';
  const event = (fd: string): string => `\\30\\0\\0\\0\\3\\0\\30\\0 \\0\\0\\0\\0\\0\\0\\0${fd}\\5\\0\\0\\0`;

  it('bring descriptors', async () => {
    const found = await analyse(log(INIT, `5 read(3, "${event('\\4\\0\\0\\0')}${event('\\5\\0\\0\\0')}", 4096) = 48`, '5 close(4) = 0'));
    expect(tableOf(found, 5)).toEqual({ 3: true, 5: true });
    expect(found.data.sites.find(({ site }) => site.includes('fanotify') && site.startsWith('read'))).toMatchObject({ opened: 2, closed: 1, open: 1 });
    expect(found.coverage.map(({ source }) => source)).not.toContain('fanotify');
  });

  it.each([
    ['as -xx prints them', `"${[24, 0, 0, 0, 3, 0, 24, 0, 32, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}", 4096) = 24`, { 3: true, 4: true }, false],
    ['of which the log shows the first', `"${event('\\4\\0\\0\\0')}\\30\\0\\0\\0\\3\\0\\30\\0"..., 4096) = 48`, { 3: true, 4: true }, true],
    ['that are too many', `"${event('\\377\\377\\377\\377')}", 4096) = 24`, { 3: true }, false],
    ['that are not shown', '0x7ffd00, 4096) = 24', { 3: true }, true],
    ['of a pidfd, too', `"${event('\\4\\0\\0\\0').replace('\\30', '\\40')}\\4\\0\\10\\0\\6\\0\\0\\0", 4096) = 32`, { 3: true, 4: true, 6: true }, false],
  ])('%s', async (_name, read, table, isNoted) => {
    const found = await analyse(log(INIT, `5 read(3, ${read}`));
    expect(Object.fromEntries(Object.entries(tableOf(found, 5)).filter(([fd]) => fd !== '5'))).toEqual(table);
    expect(found.coverage.some(({ source }) => source === 'fanotify')).toBe(isNoted);
  });

  it('are the same the quick way and the other', async () => {
    const text = log(INIT, `5 read(3, "${event('\\4\\0\\0\\0')}", 4096) = 24`, '5 read(4, "x", 1) = 1', '5 close(4) = 0', `5 read(3, "${event('\\4\\0\\0\\0')}", 4096) = 24`);
    const [quick, slow] = [await analyse(text), await analyse(text, { events: '/dev/null' })];
    expect(tableOf(quick, 5)).toEqual({ 3: true, 4: true });
    expect(tableOf(slow, 5)).toEqual(tableOf(quick, 5));
    expect(slow.data.sites.map(({ site, opened, closed }) => [site, opened, closed])).toEqual(quick.data.sites.map(({ site, opened, closed }) => [site, opened, closed]));
  });

  it('without reads in the log are told to be missing', async () => {
    expect((await analyse(log(INIT))).coverage).toContainEqual(expect.objectContaining({ source: 'fanotify', status: 'unsupported' }));
  });
});

it('fanotify that names files by handles brings no descriptors', async () => {
  const { coverage } = await analyse(log('5 fanotify_init(FAN_CLASS_NOTIF|FAN_REPORT_DFID_NAME|FAN_REPORT_FID, O_RDONLY) = 3'));
  expect(coverage.map(({ source }) => source)).not.toContain('fanotify');
});

interface TraceLine {
  ph: string;
  name: string;
  id: number;
  pid: number;
  ts: number;
  args: { name: string };
}

async function traceOf(text: string): Promise<TraceLine[]> {
  const folder = mkdtempSync(join(tmpdir(), 'reloadctl-trace-'));
  try {
    const trace = join(folder, 'trace.json');
    await analyse(text, { trace });
    return (JSON.parse(readFileSync(trace, 'utf8')) as { traceEvents: TraceLine[] }).traceEvents;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it('lives in a trace file end with their process, and processes have names', async () => {
  const events = await traceOf(log('5 openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3', '5 fork() = 6', '6 getpid() = 6', '6 +++ exited with 0 +++', '5 getpid() = 5', '5 +++ exited with 0 +++'));
  const begun = events.filter(({ ph }) => ph === 'b').map(({ id }) => id);
  const ends = events.filter(({ ph }) => ph === 'e');
  expect(begun.length).toBeGreaterThan(4);
  expect(ends.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(begun);
  expect(new Set(ends.filter(({ pid }) => pid === 6).map(({ ts }) => ts))).toEqual(new Set([36_000_000_004]));
  expect(events.filter(({ ph }) => ph === 'M').map(({ pid, args }) => [pid, args.name])).toEqual([[6, 'app (pid 6)'], [5, 'app (pid 5)']]);
});

it('a life in a trace file ends in the process it began in, whose number turned out to be another one', async () => {
  const events = await traceOf(log('5 openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3', '5 fork() = 2', '6 close(3) = 0', '6 +++ exited with 0 +++', '5 +++ exited with 0 +++'));
  const of = (kind: string): string[] => events.filter(({ ph }) => ph === kind).map(({ id, pid }) => `${id} of ${pid}`).toSorted();
  expect(of('b').some((one) => one.endsWith(' of 2'))).toBe(true);
  expect(of('e')).toEqual(of('b'));
});

it('a life in a trace file ends by the name it began with, whatever its socket was bound to meanwhile', async () => {
  const bind = '5 bind(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0';
  const lives = (await traceOf(log('5 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3', bind, '5 listen(3, 5) = 0', '5 close(3) = 0'))).filter(({ ph, name }) => 'be'.includes(ph) && name.startsWith('fd 3'));
  expect(lives.map(({ ph, name }) => `${ph} ${name}`)).toEqual(['b fd 3 socket', 'e fd 3 socket']);
  expect(lives[1]!.args).toMatchObject({ target: '127.0.0.1:80' });
});
