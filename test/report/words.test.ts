import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, count, duration, listOf, percent, plural, shellWord } from '../../src/report/words.ts';

describe('words', () => {
  it('writes numbers as people read them', () => {
    expect([count(19005), plural('process', 1, 'processes'), plural('socket', 1412)]).toEqual(['19,005', '1 process', '1,412 sockets']);
    expect([bytes(0), bytes(1023), bytes(16 * 1024 * 1024), bytes(3.25 * 1024 ** 3)]).toEqual(['0 B', '1,023 B', '16.0 MiB', '3.3 GiB']);
    expect([duration(12), duration(1000), duration(90_000), duration(3 * 3_600_000), duration(50 * 3_600_000)]).toEqual(['12 ms', '1 s', '1 min 30 s', '3 h', '2 d 2 h']);
    expect(listOf([1, 2, 3, 4], 2)).toBe('1, 2 and 2 more');
  });

  it('never shows less than all as all', () => {
    expect([percent(0.9999), percent(1), percent(0.8), percent(0)]).toEqual(['99.9%', '100%', '80%', '0%']);
  });

  it('makes one word for a shell of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 }), (text) => {
        expect(execFileSync('/bin/sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'latin1' })).toBe(text);
      }),
      { numRuns: 60 },
    );
    expect(shellWord('nginx.service')).toBe('nginx.service');
    expect(shellWord('a b; rm')).toBe(`'a b; rm'`);
  });
});
