import { describe, expect, it } from 'vitest';
import { type FakeProcess, worldOf } from '../../support/fake-process.ts';
import { refusalOf, resolveIn } from './support.ts';

const nginx = (pid: number, ppid: number, changes: Partial<FakeProcess> = {}): FakeProcess => ({
  pid,
  ppid,
  comm: 'nginx',
  exe: '/usr/sbin/nginx',
  ...changes,
});

describe('a name', () => {
  it('is one service when all hang below one of them', () => {
    expect(resolveIn(worldOf(nginx(42, 1), nginx(43, 42), nginx(44, 42)), 'nginx')).toEqual({
      spec: 'nginx',
      name: 'nginx',
      pids: [42, 43, 44],
    });
  });

  it('is one service when a supervisor started all of them', () => {
    expect(resolveIn(worldOf({ pid: 10, comm: 'supervisord' }, nginx(42, 10), nginx(43, 10)), 'nginx').pids).toEqual([42, 43]);
  });

  it.each(['bash', 'sh', 'zsh', 'tmux: server', 'systemd'])('is ambiguous for two jobs of %s', (comm) => {
    expect(refusalOf(worldOf({ pid: 10, comm }, nginx(42, 10), nginx(43, 10)), 'nginx').message).toBe(
      '2 2 different processes are called nginx; name one',
    );
  });

  it('is ambiguous for two services of init, and the commands for each are given', () => {
    const { message, hints } = refusalOf(worldOf(nginx(42, 1), nginx(43, 42), nginx(50, 1, { exe: '/opt/nginx' })), 'nginx');
    expect(message).toBe('2 2 different processes are called nginx; name one');
    expect(hints).toEqual(['reloadctl fds 42 --tree   # /usr/sbin/nginx, 1 below it', 'reloadctl fds 50   # /opt/nginx']);
  });

  it('names candidates by name and user where the executables may not be asked for', () => {
    const { hints } = refusalOf(worldOf(nginx(42, 1, { exe: null, uid: 33 }), nginx(43, 42, { exe: null }), nginx(50, 1, { exe: null, uid: 34 })), 'nginx');
    expect(hints).toEqual(['reloadctl fds 42 --tree   # nginx of uid 33, 1 below it', 'reloadctl fds 50   # nginx of uid 34']);
  });

  it('is ambiguous for two executables or two cgroups of one parent', () => {
    const parent = { pid: 10, comm: 'supervisord' };
    expect(refusalOf(worldOf(parent, nginx(42, 10), nginx(43, 10, { exe: '/opt/nginx' })), 'nginx').message).toMatch(/^2 2 different/);
    expect(refusalOf(worldOf(parent, nginx(42, 10), nginx(43, 10, { cgroup: '0::/other\n' })), 'nginx').message).toMatch(/^2 2 different/);
  });

  it('names at most twenty candidates', () => {
    const { hints } = refusalOf(worldOf(...Array.from({ length: 25 }, (_, index) => nginx(100 + index, 1))), 'nginx');
    expect(hints).toHaveLength(21);
    expect(hints[20]).toBe('and 5 more');
  });

  it('matches a comm the kernel cut at 15 bytes, and the file name of the executable', () => {
    const world = worldOf(
      { pid: 42, comm: 'very-long-servi', exe: '/usr/bin/python3.11' },
      { pid: 50, comm: 'main', exe: '/srv/app/server (deleted)' },
    );
    expect(resolveIn(world, 'very-long-service-name').pids).toEqual([42]);
    expect(resolveIn(world, 'server').pids).toEqual([50]);
    expect(refusalOf(world, 'very-long-serv').message).toBe('3 no process is called very-long-serv');
  });

  it('matches a comm of other scripts by its bytes', () => {
    expect(resolveIn(worldOf({ pid: 42, comm: Buffer.from('сервер').toString('latin1') }), 'сервер').pids).toEqual([42]);
  });

  it('is neither us, nor a zombie, nor a kernel thread', () => {
    const world = worldOf(nginx(process.pid, 1), nginx(43, 1, { state: 'Z', exe: null }), nginx(44, 2, { kernelThread: true, exe: null }));
    expect(refusalOf(world, 'nginx').message).toBe('3 no process is called nginx');
  });

  it('is matched whole', () => {
    expect(refusalOf(worldOf(nginx(42, 1)), 'ngin').message).toBe('3 no process is called ngin');
  });
});
