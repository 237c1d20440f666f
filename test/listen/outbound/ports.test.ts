/** Local ports by destination, of rows whose truth is known. What the kernel itself says of it: test/live/listen-outbound.test.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countPorts, type PortRow, type PortRules } from '../../../src/listen/outbound/ports.ts';
import { leftOf } from '../../../src/listen/outbound/model.ts';

const RULES: PortRules = { netns: '1', pid: 42, range: { first: 40_000, last: 40_019 }, reserved: [{ first: 40_007, last: 40_007 }], reuse: 'loopback' };
const row = (localPort: number, more: Partial<PortRow> = {}): PortRow => ({ state: 1, inode: String(localPort), local: '10.0.0.1', localPort, remote: '10.0.0.9', remotePort: 5432, ...more });

describe('countPorts', () => {
  it('takes off what is reserved and what is bound, on whatever address', () => {
    const { pool } = countPorts([row(40_003, { state: 10, local: '127.0.0.2', remote: '0.0.0.0', remotePort: 0 }), row(40_005, { state: 7, remotePort: 0 }), row(80, { state: 10, remotePort: 0 })], RULES);
    expect(pool).toMatchObject({ reserved: 1, bound: 2, size: 17 });
  });

  it('each destination has the ports for itself; a local port counts once', () => {
    const { uses } = countPorts([row(40_000), row(40_001), row(40_001), row(40_000, { remotePort: 6379 }), row(40_000, { local: '10.0.0.2' })], RULES);
    expect(uses.map(({ source, port, used, size }) => [source, port, used, size])).toEqual([['10.0.0.1', 5432, 2, 19], ['10.0.0.1', 6379, 1, 19], ['10.0.0.2', 5432, 1, 19]]);
  });

  it('accepted connections, ports outside of the range and reserved ones are none of it', () => {
    const { uses } = countPorts([row(40_003, { state: 10, remotePort: 0 }), row(40_003, { remotePort: 50_000 }), row(39_999), row(40_020), row(40_007)], RULES);
    expect(uses).toEqual([]);
  });

  it('IPv4 in IPv6 is IPv4', () => {
    expect(countPorts([row(40_000), row(40_001, { local: '::ffff:10.0.0.1', remote: '::ffff:10.0.0.9' })], RULES).uses).toMatchObject([{ used: 2, destination: '10.0.0.9' }]);
  });

  it.each([['none', '127.0.0.1', 0], ['loopback', '127.0.0.1', 1], ['loopback', '10.0.0.9', 0], ['all', '10.0.0.9', 1]] as const)('tcp_tw_reuse %s to %s: %i of 1 in TIME_WAIT may be taken over', (reuse, remote, reusable) => {
    const [use] = countPorts([row(40_000, { state: 6, inode: '0', local: remote, remote })], { ...RULES, reuse }).uses;
    expect(use).toMatchObject({ used: 1, timeWait: 1, reusable });
    expect(leftOf(use!)).toBe(18 + reusable);
  });

  it('never counts more than the pool has', () => {
    const port = fc.integer({ min: 39_990, max: 40_030 });
    const rows = fc.array(fc.record({ localPort: port, state: fc.integer({ min: 1, max: 12 }), remotePort: fc.nat(3) }).map(({ localPort, ...more }) => row(localPort, more)));
    fc.assert(fc.property(rows, (all) => {
      for (const { used, size, reusable, timeWait } of countPorts(all, RULES).uses) {
        expect(used).toBeLessThanOrEqual(size);
        expect(reusable).toBeLessThanOrEqual(timeWait);
        expect(timeWait).toBeLessThanOrEqual(used);
      }
    }));
  });
});
