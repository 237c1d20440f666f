import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openBounds } from '../../src/evidence/tape-bounds.ts';
import type { DiagSocket } from '../../src/evidence/types.ts';

const PID = 7;
const TCP = `/proc/${PID}/net/tcp`;
const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const port = (number: number): string => number.toString(16).toUpperCase().padStart(4, '0');
const row = (from: number, to: number, state: string, inode: number, address = '0100007F'): string =>
  `   0: ${address}:${port(from)} ${address}:${port(to)} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000000000000000 20 0 0 10 -1`;
/** Of programs that have nothing to do with it, at addresses of their own. */
const others = (count: number): string[] => Array.from({ length: count }, (_, index) => row(20_000 + (index % 30_000), 9, '01', 1_000_000 + index, '0200000A'));

function bounded(rows: readonly string[], held: readonly number[], tcp6 = ''): { rows: string[]; leftOut: number } {
  const text = [HEAD, ...rows, ''].join('\n');
  const bounds = openBounds(new Set([PID]), (path) => ({ value: path.endsWith('tcp6') ? tcp6 : text, at: 0, source: path }));
  for (const inode of held) bounds.bound('readlink', `/proc/${PID}/fd/${inode}`, `socket:[${inode}]`);
  const [head, ...left] = bounds.bound('read', TCP, text).split('\n');
  expect([head, left.pop()]).toEqual([HEAD, '']);
  return { rows: left, leftOut: bounds.leftOut() };
}

describe('what of the socket tables goes on a tape', () => {
  const listener = row(80, 0, '0A', 1);
  const served = row(80, 5000, '01', 2);
  const client = row(5000, 80, '01', 3);
  const waiting = row(80, 5001, '01', 0);
  const own = row(6000, 5432, '08', 4);
  const sameServer = row(6001, 5432, '06', 0);
  const foreignListener = row(81, 0, '0A', 9, '0300000A');
  const about = [listener, served, client, waiting, own, sameServer, foreignListener];

  it('of a short one all', () => {
    const rows = [...about, ...others(5000)];
    expect(bounded(rows, [1, 2, 4])).toEqual({ rows, leftOut: 0 });
  });

  it('of a long one what touches the target, and all listeners, in their order', () => {
    expect(bounded([...others(10_000), ...about, ...others(10_000)], [1, 2, 4])).toEqual({ rows: about, leftOut: 20_000 });
  });

  it('the other end also where the one is in the table of the other family', () => {
    const mapped = '0000000000000000FFFF00000100007F';
    const theirs = row(7000, 8080, '01', 5);
    expect(bounded([...others(10_000), theirs], [6], [HEAD, row(8080, 7000, '01', 6, mapped), ''].join('\n')).rows).toEqual([theirs]);
  });

  it('never loses a row of the target, whatever is between', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(60_000), { maxLength: 30 }), fc.nat(9000), (ports, before) => {
        const mine = ports.map((number, index) => row(number, 65_535 - number, '01', 10 + index));
        const { rows } = bounded([...others(before), ...mine, ...others(11_000)], mine.map((_, index) => 10 + index));
        expect(rows).toEqual(expect.arrayContaining(mine));
      }),
      { numRuns: 3 },
    );
  });

  it('of sock_diag: its own, its peers, listeners', () => {
    const tcp = (inode: string, local: string, remote: string, state = 1): DiagSocket => ({ protocol: 'tcp', state, inode, local, remote, receiveQueue: 0, sendQueue: 0 });
    const many = Array.from({ length: 10_001 }, (_, index) => tcp(String(index + 100), `10.0.0.2:${20_000 + index}`, '10.0.0.3:9'));
    const kept = [tcp('2', '127.0.0.1:80', '127.0.0.1:5000'), tcp('3', '127.0.0.1:5000', '127.0.0.1:80'), tcp('9', '10.0.0.3:81', '0.0.0.0:0', 10)];
    const bounds = openBounds(new Set([PID]), (path) => ({ value: path.endsWith('6') ? '' : [HEAD, served, ''].join('\n'), at: 0, source: path }));
    bounds.bound('readlink', `/proc/${PID}/fd/4`, 'socket:[2]');
    expect(bounds.bound('sockDiag', 'tcp', [...many, ...kept])).toEqual(kept);
    const unix = (inode: string, peerInode: string): DiagSocket => ({ protocol: 'unix', state: 1, inode, peerInode, receiveQueue: 0, sendQueue: 0 });
    const pairs = Array.from({ length: 10_001 }, (_, index) => unix(String(2 * index + 1000), String(2 * index + 1001)));
    expect(bounds.bound('sockDiag', 'unix', [...pairs, unix('2', '50'), unix('50', '2')])).toEqual([unix('2', '50'), unix('50', '2')]);
  });

  it('what another process holds makes no row its own', () => {
    const bounds = openBounds(new Set([PID]), () => ({ value: '', at: 0, source: '' }));
    bounds.bound('readlink', '/proc/8/fd/3', 'socket:[1000000]');
    expect(bounds.bound('read', TCP, [HEAD, ...others(10_001), ''].join('\n')).split('\n')).toEqual([HEAD, '']);
  });
});
