import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSyscall, waitsOn } from '../../../src/kernel/proc/syscall.ts';

const call = (text: string) => {
  const parsed = parseSyscall(`${text}\n`);
  if (parsed === null || parsed === 'running') throw new Error(`no call: ${text}`);
  return parsed;
};
const SIX = '0x0 0x0 0x7f5cc3f3ab50 0x1999999999999999 0x0';
const ENDS = '0x7ffce6aa75d8 0x7f5cc402e6f0';

describe('/proc/PID/task/TID/syscall', () => {
  it('tells number and arguments of a blocked call', () => {
    expect(parseSyscall(`43 0x3 ${SIX} ${ENDS}\n`)).toEqual({ number: 43, args: [3n, 0n, 0n, 0x7f5cc3f3ab50n, 0x1999999999999999n, 0n], isNarrow: false });
  });

  it('tells a thread that runs, and one that is blocked outside of a call', () => {
    expect(parseSyscall('running\n')).toBe('running');
    expect(parseSyscall(`-1 ${ENDS}\n`)).toEqual({ number: -1, args: [], isNarrow: false });
  });

  it.each([
    ['a program of 32 bits', '0xffa1b2c0 0xf7f2b549', true],
    ['one that was linked without PIE', '0x7ffce6aa75d8 0x401136', false],
    ['a thread of the kernel', '0x0 0x0', false],
  ])('tells %s', (_name, ends, isNarrow) => {
    expect(parseSyscall(`3 0x0 ${SIX} ${ends}\n`)).toMatchObject({ isNarrow });
  });

  it.each(['', '43', '43\n', `43 0x3 ${ENDS}\n`, `x 0x3 ${SIX} ${ENDS}\n`, `43 0x3 ${SIX} ${ENDS}`, `43 3 ${SIX} ${ENDS}\n`])('is none: %j', (text) => {
    expect(parseSyscall(text)).toBeNull();
  });

  it('never throws, and reads back what it is given', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseSyscall(text)));
    const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(fc.nat(999), fc.array(word, { minLength: 8, maxLength: 8 }), (number, words) => {
        expect(parseSyscall(`${number} ${words.map((value) => `0x${value.toString(16)}`).join(' ')}\n`)).toMatchObject({ number, args: words.slice(0, 6) });
      }),
    );
  });
});

describe('what a call waits for', () => {
  it.each<[string, string | undefined, string, object | undefined]>([
    ['accept', 'x86_64', `43 0x3 ${SIX} ${ENDS}`, { fd: 3 }],
    ['accept with a dirty upper half', 'x86_64', `43 0xdead00000003 ${SIX} ${ENDS}`, { fd: 3 }],
    ['accept', 'aarch64', `202 0x3 ${SIX} ${ENDS}`, { fd: 3 }],
    ['poll', 'x86_64', `7 0x7ffd7dd989c0 ${SIX} ${ENDS}`, { below: Number.POSITIVE_INFINITY }],
    ['select', 'x86_64', `23 0x8 ${SIX} ${ENDS}`, { below: 8 }],
    ['clock_nanosleep, whose clock is no descriptor', 'x86_64', `230 0x7 ${SIX} ${ENDS}`, undefined],
    ['no call', 'x86_64', `-1 ${ENDS}`, undefined],
    ['any call of a machine we do not know', 'riscv64', `202 0x3 ${SIX} ${ENDS}`, { below: Number.POSITIVE_INFINITY }],
    ['any call of a machine that is not told', undefined, `43 0x3 ${SIX} ${ENDS}`, { below: Number.POSITIVE_INFINITY }],
  ])('%s, %s', (_name, machine, text, expected) => {
    expect(waitsOn(call(text), machine)).toEqual(expected);
  });
});
