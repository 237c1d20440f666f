import { describe, expect, it } from 'vitest';
import { refused } from '../../support/fake-evidence.ts';
import { tcpRow, worldOf } from '../../support/fake-process.ts';
import { HIDEPID, refusalOf, resolveIn } from './support.ts';

const listener = (inode: string, port: number): string => `header\n${tcpRow({ inode, state: 10, local: port })}`;

describe('a port', () => {
  it('is everybody who holds a listener on it', () => {
    const world = worldOf(
      { pid: 42, fds: { 5: 'socket:[500]' } },
      { pid: 43, fds: { 7: 'socket:[500]' } },
      { pid: 50, fds: { 5: 'socket:[501]' } },
    );
    world.files['/proc/42/net/tcp'] = `${listener('500', 8080)}${tcpRow({ inode: '501', state: 1, local: 8080, remote: 40000 })}`;
    expect(resolveIn(world, ':8080')).toEqual({ spec: ':8080', name: 'port 8080', pids: [42, 43] });
    expect(refusalOf(world, ':40000').message).toBe('3 nobody listens on port 40000');
  });

  it('is looked for in every network namespace, each through one process', () => {
    const world = worldOf(
      { pid: 42, netns: '1', fds: { 5: 'socket:[500]' } },
      { pid: 43, netns: '1' },
      { pid: 50, netns: '2', fds: { 5: 'socket:[900]' } },
    );
    world.files['/proc/42/net/tcp'] = listener('500', 80);
    world.files['/proc/43/net/tcp'] = listener('666', 80);
    world.files['/proc/50/net/tcp'] = listener('900', 80);
    expect(resolveIn(world, ':80').pids).toEqual([42, 50]);
  });

  it('is a bound UDP socket when no TCP one listens', () => {
    const world = worldOf({ pid: 42, fds: { 5: 'socket:[500]', 6: 'socket:[501]' } });
    world.files['/proc/42/net/udp'] =
      `header\n${tcpRow({ inode: '500', state: 7, local: 53 })}${tcpRow({ inode: '501', state: 1, local: 53, remote: 9 })}`;
    expect(resolveIn(world, ':53').pids).toEqual([42]);
    world.files['/proc/42/net/tcp'] = listener('502', 53);
    expect(refusalOf(world, ':53').message).toMatch(/^3 port 53 is listened on/);
  });

  it('says who may not be asked', () => {
    const world = worldOf({ pid: 42 }, { pid: 43 });
    world.files['/proc/42/net/tcp'] = listener('500', 80);
    for (const pid of [42, 43]) world.lists[`/proc/${pid}/fd`] = refused('EACCES');
    const { message, hints } = refusalOf(world, ':80');
    expect(message).toBe('3 port 80 is listened on, but who holds it could not be read: 2 processes are not permitted');
    expect(hints).toEqual(['sudo reloadctl fds :80']);
    const hiding = worldOf({ pid: 42 });
    hiding.files['/proc/42/net/tcp'] = listener('500', 80);
    hiding.files['/proc/self/mountinfo'] = HIDEPID;
    expect(refusalOf(hiding, ':80').message).toMatch(/could not be read: \/proc is mounted with hidepid=2$/);
  });

  it('asks one process when no namespace may be read', () => {
    const world = worldOf({ pid: 42, fds: { 5: 'socket:[500]' } });
    world.links['/proc/42/ns/net'] = refused('EACCES');
    world.files['/proc/42/net/tcp'] = listener('500', 80);
    expect(resolveIn(world, ':80').pids).toEqual([42]);
  });

  it.each([':', ':0', ':65536', ':80x', ':-1', ':99999999999999'])('is no port: %s', (spec) => {
    expect(refusalOf(worldOf({ pid: 42 }), spec).message).toBe(`2 not a port: ${spec} (use :1 to :65535)`);
  });
});
