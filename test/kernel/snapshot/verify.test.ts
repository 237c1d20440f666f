import { describe, expect, it } from 'vitest';
import { refused } from '../../support/fake-evidence.ts';
import { type FakeProcess, worldOf } from '../../support/fake-process.ts';
import { look } from './support.ts';

const tfd = (fd: number, ino: number): string => `tfd: ${fd} events: 19 data: ${fd}  pos:0 ino:${ino.toString(16)} sdev:9\n`;
/** Number 4 was registered as a pipe and now is a file; 5 was and is closed; 6 is an eventfd, as it may have been. */
const poller: FakeProcess = {
  pid: 42,
  fds: {
    3: { link: 'anon_inode:[eventpoll]', ino: '1038', rest: tfd(4, 200) + tfd(5, 300) + tfd(6, 1038) },
    4: { link: '/etc/hostname', ino: '201' },
    6: { link: 'anon_inode:[eventfd]', ino: '1038' },
  },
};

describe('epoll registrations', () => {
  it('are judged by kcmp where there is one', async () => {
    const world = worldOf(poller);
    const { snapshot } = await look({ ...world, epollTargets: { '42:4:3:4': false, '42:6:3:6': true } });
    expect([...snapshot.epollTargets]).toEqual([
      ['42:3:4', false],
      ['42:3:6', true],
      ['42:3:5', false],
    ]);
  });

  it('are looked at again without, except those only kcmp can tell apart', async () => {
    const { snapshot } = await look(worldOf(poller));
    expect([...snapshot.epollTargets]).toEqual([
      ['42:3:4', false],
      ['42:3:5', false],
    ]);
  });

  it('are not stale when they were gone at the second read', async () => {
    const world = worldOf(poller);
    const text = world.files['/proc/42/fdinfo/3'] as string;
    world.files['/proc/42/fdinfo/3'] = (call): string => (call === 1 ? text : text.replace(tfd(4, 200), '').replace(tfd(5, 300), ''));
    const { snapshot } = await look(world);
    expect([...snapshot.epollTargets.values()]).toEqual([true, true]);
  });

  it('are not stale when the number was used anew in between', async () => {
    const world = worldOf(poller);
    world.links['/proc/42/fd/4'] = (call): string => (call === 1 ? '/etc/hostname' : 'socket:[9]');
    world.links['/proc/42/fd/5'] = 'socket:[8]';
    const { snapshot } = await look(world);
    expect([...snapshot.epollTargets.values()]).toEqual([true, true]);
  });

  it('are not called closed because we could not look', async () => {
    const world = worldOf(poller);
    world.links['/proc/42/fd/5'] = refused('EMFILE');
    const { snapshot } = await look(world);
    expect(snapshot.epollTargets.get('42:3:5')).toBe(true);
  });

  it('stay unjudged when the second read did not come', async () => {
    const world = worldOf(poller);
    const text = world.files['/proc/42/fdinfo/3'] as string;
    world.files['/proc/42/fdinfo/3'] = (call): string | ReturnType<typeof refused> => (call === 1 ? text : refused('ETIMEDOUT'));
    const { snapshot } = await look(world);
    expect(snapshot.epollTargets.size).toBe(0);
  });

  it('are asked about 500 times at most, those with a sign first, and the rest is told', async () => {
    const eventfds = Object.fromEntries(
      Array.from({ length: 600 }, (_, index) => [index + 10, { link: 'anon_inode:[eventfd]', ino: '1038' }]),
    );
    const lines = Object.keys(eventfds).map((fd) => tfd(Number(fd), 1038));
    const world = worldOf({
      pid: 42,
      fds: { 3: { link: 'anon_inode:[eventpoll]', ino: '1038', rest: lines.join('') + tfd(5, 300) }, ...eventfds },
    });
    const { snapshot, coverage, evidence, verdict } = await look(world);
    expect(evidence.asked.filter((question) => question.startsWith('isEpollTarget'))).toHaveLength(500);
    expect(snapshot.epollTargets.get('42:3:5')).toBe(false);
    expect(coverage['epoll registrations']).toMatchObject({ status: 'partial', seen: 500, total: 601, needed: false });
    expect(verdict).toBe('pass');
  });
});

describe('inheritance', () => {
  const parent: FakeProcess = { pid: 42, fds: { 5: { link: 'socket:[500]', flags: '02' } } };
  const child = (changes: Partial<FakeProcess> = {}): FakeProcess => ({
    pid: 43,
    ppid: 42,
    comm: 'tool',
    exe: '/usr/bin/tool',
    fds: { 5: { link: 'socket:[500]', flags: '02' } },
    ...changes,
  });

  it('asks whether it is one description, and whether it was announced', async () => {
    const { snapshot } = await look({ ...worldOf(parent, child()), sameDescription: { '42:5:43:5': true } });
    expect([...snapshot.sameDescription]).toEqual([['42:5:43:5', true]]);
    expect([...snapshot.intendedFds]).toEqual([[43, []]]);
    const announced = await look(worldOf(parent, child({ environ: { LISTEN_FDS: '3', LISTEN_PID: '43' } })));
    expect([...announced.snapshot.intendedFds]).toEqual([[43, [5]]]);
  });

  const accepting = '43 0x5 0x0 0x0 0x0 0x0 0x0 0x7ffc 0x7f5c\n';
  it('asks what the threads of the one below wait for, and what its command line names', async () => {
    const world = worldOf(parent, child());
    world.lists['/proc/43/task'] = ['43', '45', '46'];
    Object.assign(world.files, {
      '/proc/sys/kernel/arch': 'x86_64\n',
      '/proc/43/cmdline': 'tool\0--fd\x009\0',
      '/proc/43/task/43/syscall': accepting,
      '/proc/43/task/45/syscall': 'running\n',
    });
    const { snapshot, coverage } = await look(world);
    expect([...snapshot.fdUse!]).toEqual([[43, { fds: [9, 5], pollsBelow: 0, unread: false }]]);
    expect(coverage['calls of threads']).toMatchObject({ status: 'ok', seen: 2, total: 2 });
  });

  it('says when it may not be asked', async () => {
    const world = worldOf(parent, child());
    world.lists['/proc/43/task'] = ['43'];
    world.files['/proc/43/cmdline'] = 'tool\0';
    world.files['/proc/43/task/43/syscall'] = refused('EPERM');
    const { snapshot, coverage, verdict } = await look(world);
    expect(snapshot.fdUse!.get(43)).toMatchObject({ fds: [], unread: true });
    expect(coverage['calls of threads']).toMatchObject({ status: 'denied', seen: 0, total: 1, needed: false, fix: 'sudo reloadctl fds 42' });
    expect(verdict).toBe('pass');
    world.files['/proc/43/task/43/syscall'] = refused('ENOENT');
    expect((await look(world)).snapshot.fdUse!.get(43)).toMatchObject({ unread: true });
    world.lists['/proc/43/task'] = Array.from({ length: 65 }, (_, index) => String(43 + index));
    for (const tid of world.lists['/proc/43/task']) world.files[`/proc/43/task/${tid}/syscall`] = 'running\n';
    expect((await look(world)).snapshot.fdUse!.get(43)).toMatchObject({ unread: true });
  });

  it('reads the environment of the one below, also when that is the target', async () => {
    const world = worldOf(parent, child({ environ: { NGINX: '5;' } }));
    const { snapshot } = await look(world, [43]);
    expect([...snapshot.intendedFds]).toEqual([[43, [5]]]);
    const both = await look(world, [42, 43]);
    expect([...both.snapshot.intendedFds]).toEqual([[43, [5]]]);
  });

  it('knows a process by its pid in its container', async () => {
    const { snapshot } = await look(worldOf(parent, child({ nsPids: [43, 1], environ: { LISTEN_FDS: '3', LISTEN_PID: '1' } })));
    expect([...snapshot.intendedFds]).toEqual([[43, [5]]]);
  });

  it('claims nothing of an environment it may not read', async () => {
    const world = worldOf(parent, child());
    world.files['/proc/43/environ'] = refused('EACCES');
    const { snapshot } = await look(world);
    expect(snapshot.intendedFds.size).toBe(0);
  });

  it('asks nothing of a worker of the same program', async () => {
    const { evidence } = await look(worldOf(parent, child({ comm: 'app', exe: '/usr/bin/app' })));
    expect(evidence.asked.filter((question) => /environ|sameDescription/.test(question))).toEqual([]);
  });
});
