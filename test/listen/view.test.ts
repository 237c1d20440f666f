import { describe, expect, it } from 'vitest';
import { DANGEROUS, HOSTILE } from '../render/support.ts';
import { address, buildData, listener, look, owner, shown } from './support.ts';

describe('the view', () => {
  it('has listeners, connections, generations and what waited', async () => {
    const seen = look([
      address([listener('1', { queue: 3, owners: [owner(10, 0, { comm: 'nginx' }), owner(11, 0, { comm: 'nginx' }), owner(20, 1, { comm: 'nginx' })], reuseport: false })], {
        connections: { total: 5, byState: new Map([['ESTABLISHED', 4], ['CLOSE_WAIT', 1]]), neverAccepted: ['a 1', 'a 2', 'a 3'], idle: { shortestMs: 20, longestMs: 90_000, overMinute: 1 } },
        again: { afterMs: 2000, stillWaiting: 2 },
      }),
      address([listener('2', { backlog: 4096 }), listener('3', { queue: 129 })], { protocol: 'tcp6', address: '::', port: 9090 }),
      address([{ inode: '4', owners: [owner(10, 0, { comm: 'nginx' })] }], { protocol: 'unix', address: '', port: 0, path: '/run/app.sock' }),
    ], { ages: [100_000, 500], watches: [{ netns: '4026531833', windowMs: 30_000, grown: new Map([['ListenOverflows', 12], ['ListenDrops', 12], ['TCPMigrateReqSuccess', 0]]) }] });
    expect(await shown(seen)).toMatchInlineSnapshot(`
      "

      this host: 4 listeners on 3 addresses
      TCP                     QUEUE  HELD BY               CONNECTIONS                                                              NOTE
      0.0.0.0:8080         3 of 128  nginx[10] and 2 more  4 ESTABLISHED, 1 CLOSE_WAIT, 3 never accepted, idle 20 ms to 1 min 30 s
      [::]:9090          0 of 4,096  nobody we see         -                                                                        SO_REUSEPORT, 2 sockets; backlog is all of somaxconn (4,096)
      [::]:9090     129 of 128 FULL  nobody we see                                                                                  SO_REUSEPORT, 2 sockets

      UNIX             QUEUE  HELD BY    NOTE
      /run/app.sock  unknown  nginx[10]

      - 0.0.0.0:8080 is held by 2 runs: nginx[10] and 1 more since 16 min 40 s, nginx[20] since 5 s
      - 0.0.0.0:8080: of 3 connections that waited, 2 still did after 2 s

      counters that grew in 30 s:
      ListenOverflows  +12
      ListenDrops      +12
      "
    `);
  });

  it('of a port that nobody listens on has the nearest', async () => {
    expect(await shown(look([], { label: 'port 8081' }), { nearest: [address([listener('1', { owners: [owner(7)] })])] })).toMatchInlineSnapshot(`
      "

      nobody listens on port 8081; nearest to it:
      TCP           HELD BY
      0.0.0.0:8080  app[7]
      "
    `);
    expect(await shown(look([], { label: 'port 8081' }), { nearest: [] })).toContain('nobody listens on port 8081');
  });

  it('shows those that wait first when there are many', async () => {
    const many = Array.from({ length: 60 }, (_, n) => address([listener(String(n), { queue: n === 59 ? 5 : 0 })], { port: 1000 + n }));
    const text = await shown(look(many));
    expect(text.split('\n').findIndex((line) => line.includes(':1059 '))).toBeLessThan(5);
    expect(text).toContain('and 20 more (--all)');
    expect(await shown(look(many), { all: true })).not.toContain('--all');
  });

  it('escapes whatever a target calls itself', async () => {
    const path = Buffer.from(HOSTILE).toString('latin1');
    const text = await shown(look([address([{ inode: '1', owners: [owner(7, undefined, { comm: path })] }], { protocol: 'unix', port: 0, path })]));
    expect(text).not.toMatch(DANGEROUS);
  });
});

it('data: one row for each socket, one for each address', () => {
  const data = buildData(look([address([listener('1'), listener('2', { backlog: 4096 })]), address([{ inode: '3', owners: [] }], { protocol: 'unix', address: '', port: 0, path: '@a\xff' })]));
  expect(data.listeners.map(({ inode, groupSize, clipped, port, queue }) => [inode, groupSize, clipped, port, queue])).toEqual([['1', 2, false, 8080, 0], ['2', 2, true, 8080, 0], ['3', 1, null, null, null]]);
  expect(data.listeners[2]).toMatchObject({ addressBase64: Buffer.from('@a\xff', 'latin1').toString('base64') });
  expect(data.addresses.map(({ inodes }) => inodes)).toEqual([['1', '2'], ['3']]);
});
