import { describe, expect, it } from 'vitest';
import { isKind } from '../../../src/kernel/kinds/kind.ts';
import { socket } from '../../../src/kernel/kinds/socket.ts';
import type { SocketRow } from '../../../src/kernel/types.ts';
import { refused } from '../../support/fake-evidence.ts';
import { NETNS, tcpRow, worldOf } from '../../support/fake-process.ts';
import { type Look, look } from './support.ts';

const rowOf = ({ snapshot }: Look, pid: number, fd: number): SocketRow | undefined => {
  const found = snapshot.tables.find((table) => table.process.pid === pid)?.fds.find((one) => one.fd === fd);
  return found && isKind(found, socket) ? found.detail.row : undefined;
};

describe('the sockets of a look', () => {
  it('are read once per network namespace', async () => {
    const world = worldOf(
      { pid: 42, netns: '1', fds: { 3: 'socket:[10]' } },
      { pid: 43, netns: '1', fds: { 3: 'socket:[11]' } },
      { pid: 44, netns: '2', fds: { 3: 'socket:[20]' } },
    );
    world.files['/proc/42/net/tcp'] =
      `header\n${tcpRow({ inode: '10', state: 10, local: 80 })}${tcpRow({ inode: '11', state: 1, local: 80, remote: 50000 })}`;
    world.files['/proc/44/net/tcp'] = `header\n${tcpRow({ inode: '20', state: 1, local: 81, remote: 50000 })}`;
    const found = await look(world, [42, 43, 44]);
    expect([rowOf(found, 42, 3)?.state, rowOf(found, 43, 3)?.state, rowOf(found, 44, 3)?.localPort]).toEqual(['LISTEN', 'ESTABLISHED', 81]);
    expect(found.evidence.asked).not.toContain('read /proc/43/net/tcp');
    expect(found.coverage['socket tables']).toMatchObject({ status: 'ok', seen: 3, total: 3 });
  });

  it('may be of a namespace the process is not in', async () => {
    const world = worldOf({ pid: 42, netns: '1', fds: { 3: 'socket:[20]' } }, { pid: 50, netns: '2' });
    world.files['/proc/50/net/tcp'] = `header\n${tcpRow({ inode: '20', state: 10, local: 81 })}`;
    expect(rowOf(await look(world), 42, 3)).toMatchObject({ state: 'LISTEN', localPort: 81 });
  });

  it('have peers inside this host, also through an IPv4-mapped address and beside the same ports of other addresses', async () => {
    const mapped = (inode: string, local: number, remote: number): string => {
      const address = '0000000000000000FFFF00000100007F';
      const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
      const ends = `${address}:${hex(local)} ${address}:${hex(remote)}`;
      return `   0: ${ends} 01 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 20 4 30 10 -1\n`;
    };
    const world = worldOf({ pid: 42, fds: { 3: 'socket:[1]', 4: 'socket:[3]' } }, { pid: 50, fds: { 9: 'socket:[2]' } });
    const elsewhere = (row: string): string => row.replaceAll('0100007F', '0200007F');
    world.files['/proc/42/net/tcp'] = [
      'header\n',
      tcpRow({ inode: '1', state: 1, local: 50000, remote: 80 }),
      elsewhere(tcpRow({ inode: '3', state: 1, local: 50000, remote: 80 })),
      elsewhere(tcpRow({ inode: '4', state: 1, local: 80, remote: 50000 })),
    ].join('');
    world.files['/proc/42/net/tcp6'] = `header\n${mapped('2', 80, 50000)}`;
    const found = await look(world);
    expect(rowOf(found, 42, 3)?.peerInode).toBe('2');
    expect(rowOf(found, 42, 4)?.peerInode).toBe('4');
    expect(found.snapshot.foreign.get('socket:[2]')?.map((holder) => [holder.process.pid, holder.fd])).toEqual([[50, 9]]);
  });

  it('nobody has accepted are counted at their port', async () => {
    const world = worldOf({ pid: 42, fds: { 3: 'socket:[1]' } });
    world.files['/proc/42/net/tcp'] = [
      'header\n',
      tcpRow({ inode: '1', state: 10, local: 80, receiveQueue: 2 }),
      tcpRow({ inode: '0', state: 1, local: 80, remote: 50000 }),
      tcpRow({ inode: '0', state: 8, local: 80, remote: 50001 }),
      tcpRow({ inode: '0', state: 3, local: 80, remote: 50002 }),
      tcpRow({ inode: '9', state: 2, local: 50003, remote: 80 }),
      tcpRow({ inode: '0', state: 6, local: 80, remote: 50004 }),
    ].join('');
    const { snapshot } = await look(world);
    expect(snapshot.sockets.get(NETNS)?.pending.get(80)).toEqual({
      neverAccepted: ['127.0.0.1:50000', '127.0.0.1:50001'],
      synReceived: 1,
      synSent: 1,
    });
  });

  it('that no table lists are probed one by one, and given up on where that is not permitted', async () => {
    const fds = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [index + 3, `socket:[${index + 100}]`]));
    const world = worldOf({ pid: 42, fds });
    const probe = {
      domain: 2,
      type: 1,
      protocol: 6,
      listening: false,
      tcp: { state: 7, segmentsIn: 9, segmentsOut: 9, bytesReceived: 9, bytesAcked: 9 },
    };
    const asked = await look({ ...world, probes: { '42:3': probe, '42:4': refused('EBADF'), '42:5': refused('EPERM'), '42:6': probe } });
    expect([...asked.snapshot.probes.keys()]).toEqual(['42:3']);
    expect(asked.coverage['sockets in no table']).toMatchObject({
      status: 'partial',
      seen: 1,
      total: 10,
      detail: 'not permitted',
      needed: false,
    });
    const without = await look(world);
    expect(without.coverage['sockets in no table']).toMatchObject({ status: 'unsupported', seen: 0, total: 10, needed: false });
    expect(without.verdict).toBe('pass');
  });

  it('say when their tables could not be read', async () => {
    const world = worldOf({ pid: 42, fds: { 3: 'socket:[1]' } });
    world.files['/proc/42/net/unix'] = refused('EACCES');
    const { coverage, verdict } = await look(world);
    expect(coverage['socket tables']).toMatchObject({
      status: 'partial',
      seen: 0,
      total: 1,
      needed: true,
      detail: `/proc/42/net (network namespace ${NETNS}): not permitted`,
    });
    expect(verdict).toBe('inconclusive');
  });

  it('have backlogs by sock_diag when a listener is busy, of our own namespace only', async () => {
    const world = worldOf({ pid: 42, fds: { 3: 'socket:[1]' } });
    world.files['/proc/42/net/tcp'] = `header\n${tcpRow({ inode: '1', state: 10, local: 80, receiveQueue: 2 })}`;
    const diag = { protocol: 'tcp', state: 10, inode: '1', receiveQueue: 2, sendQueue: 128 } as const;
    const found = await look({ ...world, sockDiag: { tcp: [diag] } });
    expect(rowOf(found, 42, 3)?.diag?.sendQueue).toBe(128);
    expect(found.coverage['sock_diag tcp']).toMatchObject({ status: 'ok', seen: 1, total: 1 });
    world.links['/proc/self/ns/net'] = 'net:[999]';
    const elsewhere = await look({ ...world, sockDiag: { tcp: [diag] } });
    expect(elsewhere.evidence.asked).not.toContain('sockDiag tcp');
    expect(elsewhere.coverage['sock_diag tcp']).toMatchObject({
      status: 'unsupported',
      seen: 0,
      total: 1,
      needed: false,
      detail: expect.stringContaining(`in another (${NETNS})`),
      fix: 'sudo nsenter -t 42 -n reloadctl fds 42',
    });
    const asRoot = await look(world, [42], { isRoot: true });
    expect(asRoot.coverage['sock_diag tcp']?.fix).toBe('nsenter -t 42 -n reloadctl fds 42');
  });

  it('of another namespace leave the verdict open when only the backlog is missing to prove a full queue', async () => {
    const world = worldOf({ pid: 42, fds: { 3: 'socket:[1]' } });
    world.links['/proc/self/ns/net'] = 'net:[999]';
    const listener = tcpRow({ inode: '1', state: 10, local: 80, receiveQueue: 1 });
    const waiting = (remote: number): string => tcpRow({ inode: '0', state: 1, local: 80, remote });
    const knocking = tcpRow({ inode: '0', state: 3, local: 80, remote: 60000 });
    world.files['/proc/42/net/tcp'] = `header\n${listener}${waiting(50000)}${knocking}`;
    expect(await look(world)).toMatchObject({ verdict: 'inconclusive', coverage: { 'sock_diag tcp': { needed: true } } });
    world.files['/proc/42/net/tcp'] = (call) => `header\n${listener}${waiting(50000 + call)}${knocking}`;
    expect((await look(world)).verdict).toBe('pass');
    world.files['/proc/42/net/tcp'] = `header\n${tcpRow({ inode: '1', state: 10, local: 80 })}`;
    expect((await look(world)).coverage).not.toHaveProperty('sock_diag tcp');
  });

  it('have accept queues by sock_diag when a unix one listens, which is told where that is not possible', async () => {
    const world = worldOf({ pid: 42, fds: { 3: 'socket:[1]' } });
    world.files['/proc/42/net/unix'] = 'header\n0000000000000000: 00000002 00000000 00010000 0001 01 1 /run/app.sock\n';
    const diag = { protocol: 'unix', state: 10, inode: '1', receiveQueue: 3, sendQueue: 2 } as const;
    const full = await look({ ...world, sockDiag: { unix: [diag] } });
    expect(rowOf(full, 42, 3)?.diag?.sendQueue).toBe(2);
    expect(full.snapshot.secondLook?.byInode.get('1')?.diag?.receiveQueue).toBe(3);
    expect(full.snapshot.secondLook?.afterMs).toBe(1000);
    const burst = await look({ ...world, sockDiag: { unix: (call) => [{ ...diag, receiveQueue: call > 1 ? 0 : 3 }] } });
    expect(burst.snapshot.secondLook?.afterMs).toBe(100);
    const quiet = await look({ ...world, sockDiag: { unix: [{ ...diag, receiveQueue: 2 }] } });
    expect(quiet.snapshot.secondLook).toBeUndefined();
    const without = await look(world);
    expect(without.coverage['sock_diag unix']).toMatchObject({ status: 'unsupported', seen: 0, total: 1, detail: expect.stringContaining('accept queues') });
  });

  it('of a unix kind that does not listen are not asked about', async () => {
    const world = worldOf({ pid: 42, fds: { 3: 'socket:[1]' } });
    world.files['/proc/42/net/unix'] = 'header\n0000000000000000: 00000003 00000000 00000000 0001 03 1\n';
    expect((await look(world)).evidence.asked).not.toContain('sockDiag unix');
  });

  it('have the most a backlog can be beside a full queue', async () => {
    const world = worldOf({ pid: 42, fds: { 3: 'socket:[1]' } });
    world.files['/proc/42/net/tcp'] = `header\n${tcpRow({ inode: '1', state: 10, local: 80, receiveQueue: 2 })}`;
    world.files['/proc/sys/net/core/somaxconn'] = '4096\n';
    const found = (backlog: number) => look({ ...world, sockDiag: { tcp: [{ protocol: 'tcp', state: 10, inode: '1', receiveQueue: 2, sendQueue: backlog }] } });
    expect((await found(1)).snapshot.sockets.get(NETNS)?.somaxconn).toBe(4096);
    expect((await found(2)).evidence.asked).not.toContain('read /proc/sys/net/core/somaxconn');
  });
});
