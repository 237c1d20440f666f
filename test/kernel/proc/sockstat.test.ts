import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSockstat, parseSockstat6 } from '../../../src/kernel/proc/sockstat.ts';
import { neverThrows, unsigned } from './bytes.ts';

const SOCKSTAT = 'sockets: used 14\nTCP: inuse 5 orphan 1 tw 3 alloc 9 mem 57\nUDP: inuse 2 mem 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n';
const SOCKSTAT6 = 'TCP6: inuse 4\nUDP6: inuse 0\nUDPLITE6: inuse 0\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n';

describe('parseSockstat', () => {
  it('reads captured files', () => {
    expect(parseSockstat(SOCKSTAT)).toEqual({ tcpInUse: 5, tcpAllocated: 9, tcpOrphan: 1, tcpTimeWait: 3 });
    expect(parseSockstat6(SOCKSTAT6)).toEqual({ tcp6InUse: 4 });
  });

  it('refuses the other file and one cut off', () => {
    expect(parseSockstat(SOCKSTAT6)).toBeNull();
    expect(parseSockstat6(SOCKSTAT)).toBeNull();
    expect(parseSockstat(SOCKSTAT.slice(0, SOCKSTAT.indexOf('\nUDP')))).toBeNull();
    expect(parseSockstat6('TCP6: inuse 4')).toBeNull();
  });

  it('reads this machine', () => {
    expect(parseSockstat(readFileSync('/proc/self/net/sockstat', 'latin1'))?.tcpAllocated).toBeGreaterThanOrEqual(0);
  });

  it('reads back what the kernel would print', () => {
    const count = unsigned(31);
    const model = fc.record({ tcpInUse: count, tcpOrphan: count, tcpTimeWait: count, tcpAllocated: count });
    fc.assert(
      fc.property(model, count, (m, tcp6InUse) => {
        const line = `TCP: inuse ${m.tcpInUse} orphan ${m.tcpOrphan} tw ${m.tcpTimeWait} alloc ${m.tcpAllocated} mem 1`;
        expect(parseSockstat(`sockets: used 14\n${line}\nUDP: inuse 2 mem 0\n`)).toEqual(m);
        expect(parseSockstat6(`TCP6: inuse ${tcp6InUse}\nUDP6: inuse 0\n`)).toEqual({ tcp6InUse });
      }),
    );
  });

  it('never throws', () => {
    neverThrows(parseSockstat, SOCKSTAT);
    neverThrows(parseSockstat6, SOCKSTAT6);
  });
});
