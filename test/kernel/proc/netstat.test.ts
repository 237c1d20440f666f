import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseListenCounters, parseTcpCounters } from '../../../src/kernel/proc/netstat.ts';
import { neverThrows, unsigned } from './bytes.ts';

const NETSTAT = `TcpExt: SyncookiesSent SyncookiesRecv ListenOverflows ListenDrops TCPHPHits
TcpExt: 1 2 163 170 5
IpExt: InNoRoutes InTruncatedPkts
IpExt: 0 0
MPTcpExt: MPCapableSYNRX
MPTcpExt: 0
`;

describe('parseListenCounters', () => {
  it('finds the counters by name', () => {
    expect(parseListenCounters(NETSTAT)).toEqual({ listenOverflows: 163, listenDrops: 170 });
    expect(parseListenCounters(NETSTAT.replace('SyncookiesRecv ', '').replace('1 2 ', '1 '))).toEqual({
      listenOverflows: 163,
      listenDrops: 170,
    });
  });

  it('refuses a file without them, or cut before them', () => {
    expect(parseListenCounters(NETSTAT.replace('ListenDrops', 'Other'))).toBeNull();
    expect(parseListenCounters(NETSTAT.slice(0, NETSTAT.indexOf('3 170')))).toBeNull();
    expect(parseListenCounters(NETSTAT.replaceAll('TcpExt', 'XTcpExt'))).toBeNull();
  });

  it('reads this machine', () => {
    expect(parseListenCounters(readFileSync('/proc/self/net/netstat', 'latin1'))).toEqual({
      listenOverflows: expect.any(Number),
      listenDrops: expect.any(Number),
    });
  });

  it('reads back what the kernel would print', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[A-Z][a-z]{1,8}$/), { maxLength: 20 });
    fc.assert(
      fc.property(names, fc.nat(20), fc.array(unsigned(53), { minLength: 22, maxLength: 22 }), (others, at, values) => {
        const header = [...others.slice(0, at), 'ListenOverflows', 'ListenDrops', ...others.slice(at)];
        const row = values.slice(0, header.length);
        const parsed = parseListenCounters(`TcpExt: ${header.join(' ')}\nTcpExt: ${row.join(' ')}\n`);
        const index = header.indexOf('ListenOverflows');
        expect(parsed).toEqual({ listenOverflows: row[index], listenDrops: row[index + 1] });
      }),
    );
  });

  it('never throws', () => neverThrows(parseListenCounters, NETSTAT));
});

describe('parseTcpCounters', () => {
  it('has every counter of TcpExt by its name, and no other', () => {
    const counters = parseTcpCounters(NETSTAT);
    expect([...counters]).toEqual([['SyncookiesSent', 1], ['SyncookiesRecv', 2], ['ListenOverflows', 163], ['ListenDrops', 170], ['TCPHPHits', 5]]);
  });

  it('leaves out what has no value', () => {
    expect([...parseTcpCounters('TcpExt: A B C\nTcpExt: 1 x\n')]).toEqual([['A', 1]]);
  });

  it('never throws', () => neverThrows(parseTcpCounters, NETSTAT));
});
