import { describe, expect, it } from 'vitest';
import type { Evidence } from '../../src/evidence/types.ts';
import { listenersElsewhere } from '../../src/inherit/elsewhere.ts';
import type { Network } from '../../src/inherit/networks.ts';
import { Networks } from '../../src/inherit/networks.ts';
import { CoverageLog } from '../../src/kernel/coverage.ts';
import { Links } from '../../src/kernel/links.ts';
import { fakeEvidence } from '../support/fake-evidence.ts';
import { listenerRow } from '../support/snapshot.ts';

const answer = <T>(value: T) => ({ value, at: 0, source: '' });
const refused = { errno: 'ENOTSUP', at: 0, source: '' };
const never = (): never => {
  throw new Error('not asked for here');
};
/** Sockets by fd and inode. */
function heldIn(network: Network, ...sockets: [number, string][]): Parameters<typeof listenersElsewhere>[1] {
  const links = new Links();
  for (const [fd, inode] of sockets) links.add(fd, `socket:[${inode}]`);
  return { pid: 42, links, network };
}

const UDP = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n    1: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 300 2 0000000000000000 0\n';

describe('listeners of another network namespace', () => {
  it('are asked for only where no table of our own has the socket: a copy holds back the end of a connection', () => {
    const asked: number[] = [];
    const evidence: Evidence = {
      ...fakeEvidence({ files: { '/proc/42/net/udp': UDP } }),
      network: { heldInodesOf: (_pid: number, protocol: string) => (protocol === 'tcp' ? answer([100, 101]) : refused), sockDiagOf: () => refused } as unknown as NonNullable<Evidence['network']>,
      probeSocket: (_pid, fd) => {
        asked.push(fd);
        return answer({ domain: 2, type: 1, protocol: 6, listening: true, local: '127.0.0.1:80', netns: '77' });
      },
    };
    const network = new Networks(true).of(evidence, 42);
    const { listeners } = listenersElsewhere(evidence, heldIn(network, [3, '100'], [4, '101'], [5, '200'], [6, '300'], [7, '200']), 'new', new CoverageLog());
    expect(asked).toEqual([5]);
    expect(listeners).toEqual([expect.objectContaining({ inode: '200', address: '127.0.0.1', port: 80, netns: '77', fds: [5, 7] })]);
  });

  it('are not looked for where every socket is in a table', () => {
    const evidence: Evidence = { ...fakeEvidence({}), read: never, probeSocket: never };
    const network = { rows: [listenerRow('100', 80)], here: never };
    expect(listenersElsewhere(evidence, heldIn(network, [3, '100']), 'old', new CoverageLog()).listeners).toEqual([]);
  });

  it('are told from connections without native calls, too', () => {
    const row = (inode: string, state: string): string => `   0: 0100007F:0050 0100007F:9C40 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000000000000000 20 4 30 10 -1\n`;
    const evidence: Evidence = { ...fakeEvidence({ files: { '/proc/42/net/tcp': `head\n${row('100', '01')}`, '/proc/42/net/tcp6': 'head\n' } }), probeSocket: never };
    const network = new Networks(true).of(evidence, 42);
    expect(listenersElsewhere(evidence, heldIn(network, [3, '100']), 'old', new CoverageLog()).listeners).toEqual([]);
  });
});
