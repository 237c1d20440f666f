import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTaskCount } from '../../../src/kernel/proc/loadavg.ts';
import { parsePortList, parsePortRange } from '../../../src/kernel/proc/port-range.ts';
import { neverThrows } from './bytes.ts';

describe('parsePortRange', () => {
  it('reads both ends; what is none is null', () => {
    expect(parsePortRange('32768\t60999\n')).toEqual({ first: 32_768, last: 60_999 });
    for (const text of ['', '32768', '32768\t', '60999\t32768', '1 2 3', 'a b', '1\t70000', '-1 5']) expect(parsePortRange(text)).toBeNull();
    expect(parsePortRange(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1'))).not.toBeNull();
  });

  it('never throws', () => neverThrows(parsePortRange, '32768\t60999\n'));
});

describe('parsePortList', () => {
  it('reads single ports and ranges; nothing is no port, and nonsense is null', () => {
    expect(parsePortList('\n')).toEqual([]);
    expect(parsePortList('8080,9148-9200\n')).toEqual([{ first: 8080, last: 8080 }, { first: 9148, last: 9200 }]);
    for (const text of ['a', '1-', '5-3', '1,70000', '-3']) expect(parsePortList(text)).toBeNull();
  });

  it('comes back from what it prints', () => {
    const range = fc.tuple(fc.nat(65_535), fc.nat(65_535)).map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));
    fc.assert(fc.property(fc.array(range), (ranges) => {
      const text = ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
      expect(parsePortList(`${text}\n`)).toEqual(ranges);
    }));
  });

  it('never throws', () => neverThrows(parsePortList, '8080,9148-9200\n'));
});

describe('parseTaskCount', () => {
  it('is the number behind the slash', () => {
    expect(parseTaskCount('0.47 0.44 0.62 2/634 4711\n')).toBe(634);
    expect(parseTaskCount('0.47 0.44 0.62 2/634 47')).toBeNull();
    expect(parseTaskCount(readFileSync('/proc/loadavg', 'latin1'))).toBeGreaterThan(1);
  });

  it('never throws', () => neverThrows(parseTaskCount, '0.47 0.44 0.62 2/634 4711\n'));
});
