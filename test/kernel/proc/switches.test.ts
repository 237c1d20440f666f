import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseThreadStatus } from '../../../src/kernel/proc/switches.ts';

function status({ name = 'worker-3', voluntary = 12, nonvoluntary = 3, nsPid = '71\t5' } = {}): string {
  return `Name:\t${name}\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t70\nNgid:\t0\nPid:\t71\nPPid:\t1\nTracerPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t64\nGroups:\t\nNStgid:\t70\t4\nNSpid:\t${nsPid}\nThreads:\t9\nSigCgt:\t0000000000000000\nvoluntary_ctxt_switches:\t${voluntary}\nnonvoluntary_ctxt_switches:\t${nonvoluntary}\n`;
}

describe('/proc/PID/task/TID/status', () => {
  it('tells name, state, its own number, and a mark that changes when it runs', () => {
    expect(parseThreadStatus(status())).toEqual({ name: 'worker-3', state: 'S', ownTid: 5, mark: '12 3' });
    expect(parseThreadStatus(status({ voluntary: 13 }))?.mark).not.toBe('12 3');
    expect(parseThreadStatus(status({ nonvoluntary: 4 }))?.mark).not.toBe('12 3');
  });

  it('never takes a name for a line of the kernel', () => {
    expect(parseThreadStatus(status({ name: 'x\\nvoluntary_ctxt_switches:\\t1' }))?.mark).toBe('12 3');
  });

  it('is none when it is cut', () => {
    const whole = status();
    fc.assert(fc.property(fc.nat(whole.length - 1), (end) => {
      expect(parseThreadStatus(whole.slice(0, end))).toBeNull();
    }));
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseThreadStatus(text)));
  });
});
