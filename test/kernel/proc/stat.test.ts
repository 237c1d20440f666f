import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStat } from '../../../src/kernel/proc/stat.ts';
import { nameBytes, neverThrows, unsigned } from './bytes.ts';

const BASH =
  '4537 (bash) S 4536 4537 2620 0 -1 4194368 182 190 0 0 0 0 0 0 20 0 1 0 107316 4595712 489 18446744073709551615 94137375772672 ' +
  '94137376562077 140722527886336 0 0 0 65536 0 81922 1 0 0 17 1 0 0 0 0 0\n';

describe('parseStat', () => {
  it('reads a captured line', () => {
    expect(parseStat(BASH)).toEqual({
      pid: 4537,
      comm: 'bash',
      state: 'S',
      ppid: 4536,
      session: 2620,
      flags: 4194368,
      startTime: '107316',
      kernelThread: false,
      exiting: false,
    });
  });

  it('knows a kernel thread, also when the flags have their highest bit set', () => {
    expect(parseStat(BASH.replace('4194368', String(0x00200040)))?.kernelThread).toBe(true);
    expect(parseStat(BASH.replace('4194368', String(0x80200040)))?.kernelThread).toBe(true);
    expect(parseStat(BASH.replace('4194368', String(0x80000040)))?.kernelThread).toBe(false);
  });

  it('takes a name that looks like the rest of a line as a name', () => {
    expect(parseStat(BASH.replace('bash', ') R 1 1 (\n'))).toMatchObject({ comm: ') R 1 1 (\n', ppid: 4536 });
    expect(parseStat(BASH.replace('bash', ''))?.comm).toBe('');
  });

  it('refuses a line cut at any place up to the end of the start time', () => {
    const end = BASH.indexOf('107316') + '107316 '.length;
    for (let at = 0; at < end - 1; at++) expect(parseStat(BASH.slice(0, at))).toBeNull();
    expect(parseStat(BASH.slice(0, end))?.startTime).toBe('107316');
  });

  it('reads its own process', () => {
    const stat = parseStat(readFileSync('/proc/self/stat', 'latin1'));
    expect(stat).toMatchObject({ pid: process.pid, ppid: process.ppid, kernelThread: false });
  });

  it('reads back what the kernel would print', () => {
    const model = fc.record({
      pid: unsigned(22),
      comm: nameBytes(15),
      state: fc.constantFrom(...'RSDZTtXI'),
      ppid: unsigned(22),
      session: unsigned(22),
      flags: unsigned(32),
    });
    fc.assert(
      fc.property(model, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String), (m, startTime) => {
        const line = `${m.pid} (${m.comm}) ${m.state} ${m.ppid} 1 ${m.session} 0 -1 ${m.flags} 0 0 0 0 0 0 0 0 20 0 1 0 ${startTime} 4096 1 2 3\n`;
        expect(parseStat(line)).toEqual({ ...m, startTime, kernelThread: (m.flags & 0x200000) !== 0, exiting: (m.flags & 4) !== 0 });
      }),
    );
  });

  it('never throws', () => neverThrows(parseStat, BASH));
});
