import { describe, expect, it } from 'vitest';
import type { SocketProbe } from '../../../src/evidence/types.ts';
import { attributesOf, kindOf } from '../../../src/kernel/kinds/index.ts';
import { endpoint, everConnected, idleMs } from '../../../src/kernel/kinds/socket.ts';
import type { Fd, SocketRow } from '../../../src/kernel/types.ts';
import { makeFd } from '../../support/fds.ts';

const row = (changes: Partial<SocketRow>): Partial<SocketRow> => ({
  localAddress: '10.0.0.1',
  localPort: 40000,
  remoteAddress: '10.0.0.7',
  remotePort: 5432,
  receiveQueue: 0,
  sendQueue: 0,
  ...changes,
});
const socketWith = (changes: Partial<SocketRow>, listening: number[] = []): Fd => makeFd('socket:[77]', { row: row(changes), listening });
const keys = (fd: Fd): [string, string] => [kindOf(fd).key(fd), kindOf(fd).wideKey!(fd)];

describe('socket', () => {
  it('goes out to a peer', () => {
    const fd = socketWith({ state: 'CLOSE_WAIT', receiveQueue: 1 });
    expect(keys(fd)).toEqual(['tcp CLOSE_WAIT to 10.0.0.7:5432', 'tcp CLOSE_WAIT to *:5432']);
    expect(kindOf(fd).identity(fd)).toEqual({ id: 'socket:77', quality: 'exact' });
    expect(kindOf(fd).describe(fd)).toBe('tcp CLOSE_WAIT 10.0.0.1:40000 -> 10.0.0.7:5432 unread 1 unsent 0');
    expect(attributesOf(fd)).toMatchObject({
      state: 'CLOSE_WAIT',
      local: '10.0.0.1:40000',
      remote: '10.0.0.7:5432',
      remotePort: 5432,
      inode: '77',
    });
  });

  it('came in through a port that is listened on', () => {
    expect(keys(socketWith({ localPort: 45000, remotePort: 100 }, [45000]))).toEqual([
      'tcp ESTABLISHED on :45000',
      'tcp ESTABLISHED on :45000',
    ]);
  });

  it('came in through a low port when its listener is gone', () => {
    expect(keys(socketWith({ localPort: 8080, remotePort: 52000 }))[0]).toBe('tcp ESTABLISHED on :8080');
    expect(keys(socketWith({ localPort: 8080, remotePort: 443 }))[0]).toBe('tcp ESTABLISHED to 10.0.0.7:443');
  });

  it('listens', () => {
    const fd = socketWith({
      protocol: 'tcp6',
      state: 'LISTEN',
      localAddress: '::',
      localPort: 80,
      receiveQueue: 3,
      remoteAddress: '::',
      remotePort: 0,
    });
    expect(keys(fd)).toEqual(['tcp LISTEN [::]:80', 'tcp LISTEN *']);
    expect(kindOf(fd).describe(fd)).toBe('tcp6 LISTEN [::]:80 queue 3');
    expect(attributesOf(fd).backlog).toBeUndefined();
    const asked = socketWith({
      state: 'LISTEN',
      receiveQueue: 3,
      diag: { protocol: 'tcp', state: 10, inode: '77', receiveQueue: 3, sendQueue: 128 },
    });
    expect(attributesOf(asked).backlog).toBe(128);
    expect(kindOf(asked).describe(asked)).toBe('tcp LISTEN 10.0.0.1:40000 queue 3 of 128');
  });

  it('is a datagram socket, bound or not', () => {
    expect(keys(socketWith({ protocol: 'udp', state: 'UNCONNECTED', localPort: 53 }))).toEqual([
      'udp unconnected on :53',
      'udp unconnected',
    ]);
    expect(keys(socketWith({ protocol: 'udp6', state: 'UNCONNECTED', localPort: 45000 }))[0]).toBe('udp unconnected');
  });

  it('is a unix socket, whose name is generalised', () => {
    const bare = { localAddress: undefined, localPort: undefined } as unknown as Partial<SocketRow>;
    const named = makeFd('socket:[77]', {
      row: { protocol: 'unix', unixType: 'stream', state: 'CONNECTED', path: '/run/w12/app.sock', ...bare },
    });
    expect(keys(named)).toEqual(['unix stream CONNECTED /run/w*/app.sock', 'unix stream CONNECTED *']);
    expect(attributesOf(named).socketPath).toBe('/run/w12/app.sock');
    const unnamed = makeFd('socket:[77]', { row: { protocol: 'unix', state: 'UNCONNECTED', path: '' } });
    expect(keys(unnamed)[0]).toBe('unix UNCONNECTED (unnamed)');
  });

  it.each(['netlink', 'packet'] as const)('is %s, which has no ends', (protocol) => {
    const fd = makeFd('socket:[77]', { row: { protocol, state: 'UNCONNECTED', family: 0 } });
    expect(keys(fd)[0]).toMatch(new RegExp(`^${protocol}`));
    expect(kindOf(fd).describe(fd)).toContain(protocol);
    expect(attributesOf(fd)).toMatchObject({ protocol, local: undefined });
  });

  it('is told by text alone when no table lists it', () => {
    const fd = makeFd('socket:[77]');
    expect(attributesOf(fd)).toMatchObject({ state: 'UNLISTED', inode: '77' });
    expect(keys(fd)[0]).toBe('in no socket table (closed on both sides, or never connected)');
  });

  it.each([
    [{ state: 7, segmentsIn: 12, segmentsOut: 9, bytesReceived: 900, bytesAcked: 1 }, true, 'tcp closed on both sides'],
    [{ state: 7, segmentsIn: 1, segmentsOut: 1, bytesReceived: 0, bytesAcked: 0 }, false, 'tcp never connected'],
    [{ state: 7, segmentsIn: 0, segmentsOut: 0, bytesReceived: 0, bytesAcked: 0 }, false, 'tcp never connected'],
  ])('is told by a probe: %o', (tcp, connected, key) => {
    const probe: SocketProbe = { domain: 2, type: 1, protocol: 6, listening: false, tcp };
    expect(everConnected(probe)).toBe(connected);
    expect(keys(makeFd('socket:[77]', { probe }))[0]).toBe(key);
  });

  it.each([
    [2, 17, 'udp in no socket table'],
    [10, 262, 'mptcp in no socket table'],
    [10, 6, 'tcp6 in no socket table'],
  ])('names family %i protocol %i of a probe', (domain, protocol, key) => {
    expect(keys(makeFd('socket:[77]', { probe: { domain, type: 1, protocol, listening: false } }))[0]).toBe(key);
  });

  it.each(['socket:[', 'socket:[]', 'socket:[x\u001b[2J', 'socket:[99999999999999999999]'])('does not fall for %j', (link) => {
    const fd = makeFd(link);
    expect(fd.kind).toBe('socket');
    expect(kindOf(fd).describe(fd)).toContain('in no socket table');
  });
});

describe('idleMs', () => {
  const diag = { protocol: 'tcp', state: 1, inode: '1', receiveQueue: 0, sendQueue: 0 } as const;

  it('is the shorter of both, and unknown when one is', () => {
    const base: SocketRow = { protocol: 'tcp', inode: '1', state: 'ESTABLISHED' };
    expect(idleMs({ ...base, diag: { ...diag, lastSentMs: 900, lastReceivedMs: 30 } })).toBe(30);
    expect(idleMs({ ...base, diag: { ...diag, lastSentMs: 900 } })).toBeUndefined();
    expect(idleMs(base)).toBeUndefined();
  });
});

describe('endpoint', () => {
  it('puts IPv6 into brackets', () => {
    expect([endpoint('::1', 80), endpoint('1.2.3.4', 80), endpoint(undefined, 80), endpoint('::1', undefined)]).toEqual([
      '[::1]:80',
      '1.2.3.4:80',
      undefined,
      undefined,
    ]);
  });
});
