import { describe, expect, it } from 'vitest';
import { refused, type World } from '../../support/fake-evidence.ts';
import { statLine, tcpRow, worldOf } from '../../support/fake-process.ts';
import { look } from './support.ts';

const plain = {
  pid: 42,
  fds: {
    0: '/dev/null',
    1: '/var/log/app.log',
    5: { link: 'anon_inode:[eventpoll]', rest: 'tfd: 1 events: 1 data: 1\n' },
    10: 'socket:[500]',
  },
};

describe('takeSnapshot', () => {
  it('reads and decodes all descriptors, in the order of their numbers', async () => {
    const world = worldOf(plain);
    world.lists['/proc/42/fd'] = ['0', '1', '10', '5'];
    world.files['/proc/42/net/tcp'] = `header\n${tcpRow({ inode: '500', state: 10, local: 80 })}`;
    const { snapshot, coverage, verdict } = await look(world);
    expect(snapshot.label).toBe('app (pid 42)');
    expect(snapshot.tables[0]!.fds.map((fd) => [fd.fd, fd.kind])).toEqual([
      [0, 'file'],
      [1, 'file'],
      [5, 'epoll'],
      [10, 'socket'],
    ]);
    expect(snapshot.tables[0]!.fds[3]!.detail).toMatchObject({ row: { state: 'LISTEN', localPort: 80 } });
    expect(coverage['fd table']).toMatchObject({ status: 'ok', seen: 4, total: 4 });
    expect(coverage['socket tables']).toMatchObject({ status: 'ok', seen: 1, total: 1 });
    expect(verdict).toBe('pass');
  });

  it('never opens a descriptor, and reads epoll in the reader that can be given up on', async () => {
    const { evidence } = await look(worldOf(plain));
    expect(evidence.asked.filter((question) => /^read(Slow)? \/proc\/42\/fd\//.test(question))).toEqual([]);
    expect(evidence.asked).toContain('readSlow /proc/42/fdinfo/5');
    expect(evidence.asked).not.toContain('read /proc/42/fdinfo/5');
  });

  it('says that a process is gone', async () => {
    const { snapshot, coverage, verdict } = await look(worldOf(), [42]);
    expect(snapshot.tables).toEqual([]);
    expect(snapshot.label).toBe('process 42');
    expect(coverage.processes).toMatchObject({ status: 'absent', detail: 'process 42 is gone', needed: true });
    expect(verdict).toBe('inconclusive');
  });

  it('keeps what one of several still tells', async () => {
    const { snapshot, coverage, verdict } = await look(worldOf(plain, { pid: 43, fds: { 0: '/dev/null' } }), [42, 43, 44]);
    expect(snapshot.label).toBe('app (2 processes)');
    expect(snapshot.tables).toHaveLength(2);
    expect(coverage.processes).toMatchObject({ status: 'absent', detail: 'process 44 is gone' });
    expect(verdict).toBe('inconclusive');
  });

  it('says that it ended while it was read', async () => {
    const world = worldOf(plain);
    world.files['/proc/42/stat'] = (call) => (call === 1 ? statLine({ pid: 42 }) : refused('ESRCH'));
    for (const fd of [0, 1, 5, 10]) delete world.links[`/proc/42/fd/${fd}`];
    const { snapshot, coverage, verdict } = await look(world);
    expect(snapshot.tables[0]!.fds).toEqual([]);
    expect(coverage.processes).toMatchObject({ status: 'absent', detail: 'process 42 ended while it was read' });
    expect(verdict).toBe('inconclusive');
  });

  it('does not count what was closed between listing and reading', async () => {
    const world = worldOf(plain);
    delete world.links['/proc/42/fd/1'];
    world.files['/proc/42/fdinfo/0'] = refused('ENOENT');
    const { coverage, snapshot, verdict } = await look(world);
    expect(coverage['fd table']).toMatchObject({ status: 'ok', seen: 3, total: 3 });
    expect(coverage['open flags']).toBeUndefined();
    expect(snapshot.tables[0]!.fds[0]).not.toHaveProperty('info');
    expect(verdict).toBe('pass');
  });

  it('says that the pid was used again', async () => {
    const world = worldOf(plain);
    world.files['/proc/42/stat'] = (call) => statLine({ pid: 42, startTime: call === 1 ? '1000' : '9999' });
    const { coverage, verdict } = await look(world);
    expect(coverage.processes!.detail).toBe('pid 42 now is another process: it was used again while it was read');
    expect(verdict).toBe('inconclusive');
  });

  it('is denied: says so, with the count it still knows and what to do', async () => {
    const world = worldOf(plain);
    world.lists['/proc/42/fd'] = refused('EACCES');
    const { snapshot, coverage, verdict } = await look(world);
    expect(snapshot.tables[0]).toMatchObject({ errno: 'EACCES', fds: [], process: { open: 4 } });
    expect(coverage['fd table']).toEqual({
      source: 'fd table',
      status: 'denied',
      seen: 0,
      total: 4,
      detail: '/proc/42/fd: not permitted',
      fix: 'sudo reloadctl fds 42',
      needed: true,
    });
    expect(verdict).toBe('inconclusive');
    const asRoot = await look(world, [42], { isRoot: true });
    expect(asRoot.coverage['fd table']!.fix).toContain('CAP_SYS_PTRACE');
  });

  it('has a row for what could not be read', async () => {
    const world = worldOf(plain);
    world.links['/proc/42/fd/1'] = refused('EACCES');
    const { snapshot, coverage, verdict } = await look(world);
    expect(snapshot.tables[0]!.fds[1]).toMatchObject({ fd: 1, kind: 'unreadable', errno: 'EACCES' });
    expect(coverage['fd table']).toMatchObject({ status: 'partial', seen: 3, total: 4, detail: '1 descriptors: not permitted' });
    expect(verdict).toBe('inconclusive');
  });

  it.each<[string, Partial<World>]>([
    ['of its directory', { lists: { '/proc/42/fd': refused('EMFILE') } }],
    ['of its links', { links: { '/proc/42/fd/1': refused('EMFILE') } }],
    ['of its open flags', { files: { '/proc/42/fdinfo/1': refused('EMFILE') } }],
    ['of its stat file', { files: { '/proc/42/stat': refused('EMFILE') } }],
    ['of the socket tables', { files: { '/proc/42/net/tcp6': refused('EMFILE') } }],
    ['of its stat file at the end', { files: { '/proc/42/stat': (call) => (call === 1 ? statLine({ pid: 42 }) : refused('EMFILE')) } }],
  ])('says that reloadctl itself is out of descriptors: %s', async (_name, exhausted) => {
    const world = worldOf(plain);
    Object.assign(world.files, exhausted.files);
    Object.assign(world.links, exhausted.links);
    Object.assign(world.lists, exhausted.lists);
    const { coverage, verdict } = await look(world);
    expect(
      Object.values(coverage)
        .map((line) => line.detail ?? '')
        .join(),
    ).toContain('reloadctl itself is out of descriptors');
    expect(verdict).toBe('inconclusive');
  });

  it('says which class B answers did not come in time, and has the rest', async () => {
    const world = worldOf(plain);
    world.stats['/proc/42/fd/1'] = refused('ETIMEDOUT');
    world.files['/proc/42/fdinfo/5'] = refused('ETIMEDOUT');
    const { snapshot, coverage, verdict } = await look(world);
    expect(coverage['file types and sizes']).toMatchObject({ status: 'timeout', seen: 1, total: 2, needed: true });
    expect(coverage['epoll and inotify contents']).toMatchObject({ status: 'timeout', seen: 0, total: 1, needed: true });
    expect(snapshot.tables[0]!.fds).toHaveLength(4);
    expect(verdict).toBe('inconclusive');
  });

  it('explains a zombie and a kernel thread', async () => {
    const zombie = await look(worldOf({ pid: 42, ppid: 7, state: 'Z', exe: null }));
    expect(zombie.coverage['fd table']).toMatchObject({ status: 'absent', fix: 'look at its parent: reloadctl fds 7', needed: true });
    expect(zombie.coverage['fd table']!.detail).toContain('is a zombie');
    expect(zombie.coverage.processes).toBeUndefined();
    const headless = await look(worldOf({ pid: 42, ppid: 7, state: 'Z', exe: null, threads: 3 }));
    expect(headless.coverage['fd table']).toMatchObject({ status: 'unsupported', fix: 'ls -l /proc/42/task/*/fd', needed: true });
    expect(headless.coverage['fd table']!.detail).toContain('its other threads (2) go on');
    expect(headless.snapshot.tables[0]).toMatchObject({ process: { open: null }, errno: 'ENOTSUP' });
    const kernel = await look(worldOf({ pid: 42, ppid: 2, kernelThread: true, exe: null }));
    expect(kernel.coverage['fd table']).toMatchObject({ status: 'unsupported', needed: true });
    expect(kernel.verdict).toBe('inconclusive');
  });

  it('tells what a signal left unread', async () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, fd) => [fd, '/dev/null']));
    const world = worldOf({ pid: 42, fds: many }, { pid: 43, fds: { 0: '/dev/null' } });
    const controller = new AbortController();
    world.asked = (question): void => {
      if (question === 'readlink /proc/42/fd/100') controller.abort();
    };
    const { snapshot, coverage, verdict } = await look(world, [42, 43], { signal: controller.signal });
    expect(snapshot.tables).toHaveLength(1);
    const seen = snapshot.tables[0]!.fds.length;
    expect(seen).toBeGreaterThan(100);
    expect(seen).toBeLessThan(5000);
    expect(coverage['fd table']).toMatchObject({ status: 'partial', seen, total: 5000, detail: 'stopped by a signal' });
    expect(coverage.processes).toMatchObject({ status: 'partial', seen: 1, total: 2, detail: 'stopped by a signal' });
    expect(verdict).toBe('inconclusive');
  });

  it('is not without gaps when a signal came before anything was read', async () => {
    const { verdict } = await look(worldOf(plain), [42], { signal: AbortSignal.abort() });
    expect(verdict).toBe('inconclusive');
  });

  it('calls a process without descriptors just that', async () => {
    const { snapshot, coverage, verdict } = await look(worldOf({ pid: 42 }));
    expect(snapshot.tables[0]!.fds).toEqual([]);
    expect(coverage['fd table']).toMatchObject({ status: 'ok', seen: 0, total: 0 });
    expect(verdict).toBe('pass');
  });
});
