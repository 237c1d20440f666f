/** The three ways to read the tables of a namespace say the same, and what is made up is counted right. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openLive } from '../../src/evidence/index.ts';
import type { DiagSocket, Evidence, NetworkQuestions } from '../../src/evidence/types.ts';
import type { ListenAddress } from '../../src/listen/model.ts';
import { readTables } from '../../src/listen/tables.ts';
import { describeNeeds } from '../live/support/need.ts';
import { startFactory } from '../live/support/program.ts';
import { fakeEvidence } from '../support/fake-evidence.ts';

function diagOnly(sockets: DiagSocket[]): Evidence {
  const network = { sockDiagOf: (_pid: number, part: string) => (part === 'tcp' ? { value: sockets, at: 0, source: '' } : { errno: 'ENOTSUP', at: 0, source: '' }) };
  return { ...fakeEvidence({ files: { '/proc/7/net/unix': '' } }), network: network as unknown as NetworkQuestions };
}

const LISTEN = 10;
const row = (state: number, local: string, more: Partial<DiagSocket> = {}): DiagSocket => ({ protocol: local.startsWith('[') ? 'tcp6' : 'tcp', state, inode: '1', local, receiveQueue: 0, sendQueue: 0, ...more });
const at = (addresses: readonly ListenAddress[], where: string): ListenAddress => addresses.find(({ address, port }) => `${address} ${port}` === where)!;

describe('connections belong to the listener that takes them', () => {
  it('its own address before that of all, IPv4 to a listener of IPv6 too', () => {
    const { addresses, diag } = readTables(diagOnly([
      row(LISTEN, '0.0.0.0:80', { inode: '1', sendQueue: 9, receiveQueue: 2 }),
      row(LISTEN, '127.0.0.1:80', { inode: '2' }),
      row(LISTEN, '[::]:443', { inode: '3' }),
      row(1, '127.0.0.1:80', { inode: '11', remote: '127.0.0.1:4', lastSentMs: 70_000, lastReceivedMs: 90_000 }),
      row(1, '10.0.0.1:80', { inode: '0', remote: '10.0.0.2:5' }),
      row(8, '10.0.0.1:80', { inode: '0', remote: '10.0.0.2:6' }),
      row(3, '10.0.0.1:80', { inode: '0', remote: '10.0.0.2:7' }),
      row(6, '10.0.0.1:80', { inode: '0', remote: '10.0.0.2:8' }),
      row(1, '[::ffff:10.0.0.1]:443', { inode: '12', remote: '[::ffff:10.0.0.2]:5', lastSentMs: 5, lastReceivedMs: 3 }),
      row(2, '10.0.0.9:5000', { inode: '13', remote: '10.0.0.1:80' }),
      row(1, '10.0.0.9:5001', { inode: '14', remote: '10.0.0.1:80' }),
    ]), 7, 'n');
    expect(diag).toBe(true);
    expect(addresses).toHaveLength(3);
    const all = at(addresses, '0.0.0.0 80');
    expect(all.listeners).toEqual([{ inode: '1', queue: 2, backlog: 9, owners: [] }]);
    expect(all.connections).toMatchObject({ total: 4, neverAccepted: ['10.0.0.2 5', '10.0.0.2 6'], synReceived: 1, knocking: 1 });
    expect([...all.connections.byState]).toEqual([['ESTABLISHED', 1], ['CLOSE_WAIT', 1], ['SYN_RECV', 1], ['TIME_WAIT', 1]]);
    expect(at(addresses, '127.0.0.1 80').connections).toMatchObject({ total: 1, idle: { shortestMs: 70_000, longestMs: 70_000, overMinute: 1 } });
    expect(at(addresses, ':: 443').connections).toMatchObject({ total: 1, idle: { shortestMs: 3, longestMs: 3, overMinute: 0 } });
  });

  it('none of IPv4 to a listener of IPv6 only', () => {
    const { addresses } = readTables(diagOnly([row(LISTEN, '[::]:443', { v6Only: true }), row(1, '10.0.0.1:443', { inode: '12', remote: '10.0.0.2:5' }), row(1, '[::1]:443', { inode: '13', remote: '[::1]:6' })]), 7, 'n');
    expect(addresses).toMatchObject([{ v6Only: true, connections: { total: 1 } }]);
  });

  it('none is counted twice, and none at a port without a listener', () => {
    const states = fc.constantFrom(1, 2, 3, 4, 5, 6, 8, 9, LISTEN, 11, 12);
    const rows = fc.array(fc.record({ state: states, port: fc.integer({ min: 1, max: 4 }), inode: fc.nat(3).map(String), host: fc.constantFrom('127.0.0.1', '10.0.0.1') }), { maxLength: 60 });
    fc.assert(fc.property(rows, (made) => {
      const { addresses } = readTables(diagOnly(made.map(({ state, port, inode, host }) => row(state, `${host}:${port}`, { inode, remote: `10.9.9.9:${port}` }))), 7, 'n');
      const isListened = (host: string, port: number): boolean => made.some((one) => one.state === LISTEN && one.port === port && one.host === host);
      expect(addresses.reduce((sum, { listeners }) => sum + listeners.length, 0)).toBe(made.filter(({ state }) => state === LISTEN).length);
      const counted = addresses.reduce((sum, { connections }) => sum + connections.total, 0);
      expect(counted).toBe(made.filter(({ state, port, host }) => state !== LISTEN && state !== 2 && isListened(host, port)).length);
    }));
  });

  it('text that is none is no listener', () => {
    fc.assert(fc.property(fc.string(), (text) => {
      const evidence = fakeEvidence({ files: { '/proc/7/net/tcp': text, '/proc/7/net/tcp6': text, '/proc/7/net/unix': text } });
      expect(readTables(evidence, 7, 'n').addresses).toEqual([]);
    }));
  });
});

describeNeeds(['python3'], 'the tables of this machine', () => {
  it('are the same by records, by rows and by /proc', async () => {
    const { pid, truth, stop } = await startFactory(['tcp-listen-backlog=2:queue=3:max=7', 'established=6', 'reuseport=3', 'unix-listen=2']);
    const live = openLive();
    const { connectionsOf: _quick, ...slower } = live.network!;
    const without = (network?: NetworkQuestions): Evidence => ({ ...fakeEvidence({}), read: (path) => live.read(path), ...(network && { network }) });
    const ports = new Set(truth.facts['tcp-listen-backlog']!.ports);
    const told = [live, without({ ...slower }), without()].map((evidence) =>
      readTables(evidence, pid, 'n').addresses.filter(({ port }) => ports.has(port)).map(({ address, port, listeners, connections }) => ({
        address, port, queues: listeners.map(({ inode, queue }) => [inode, queue]), total: connections.total, waiting: connections.neverAccepted.toSorted(),
      })).sort((a, b) => a.port - b.port),
    );
    live.close();
    await stop();
    expect(told[0]).toHaveLength(2);
    expect(told[0]!.map(({ queues: [first], waiting }) => [first?.[1], waiting.length])).toEqual([[3, 3], [3, 3]]);
    expect(told[1]).toEqual(told[0]);
    expect(told[2]).toEqual(told[0]);
  });
});
