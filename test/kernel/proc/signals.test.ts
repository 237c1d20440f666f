import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultAction, hasSignal, parseSignals, signalName, signalNames, signalNumber } from '../../../src/kernel/proc/signals.ts';

const status = (masks: Partial<Record<'ShdPnd' | 'SigBlk' | 'SigIgn' | 'SigCgt', string>>): string =>
  `Name:\tx\nSigQ:\t0/1\nSigPnd:\t0000000000000000\n${Object.entries({ ShdPnd: '0', SigBlk: '0', SigIgn: '0', SigCgt: '0', ...masks }).map(([name, mask]) => `${name}:\t${mask.padStart(16, '0')}\n`).join('')}CapInh:\t0\n`;

describe('masks', () => {
  it('are read by their bits', () => {
    const masks = parseSignals(status({ SigCgt: '801', SigIgn: '1000', SigBlk: '6' }))!;
    expect([signalNames(masks.caught), signalNames(masks.ignored), signalNames(masks.blocked), signalNames(masks.pending)]).toEqual([['HUP', 'USR2'], ['PIPE'], ['INT', 'QUIT'], []]);
  });

  it('that are missing, cut off or none: null, never an empty mask', () => {
    expect(parseSignals('')).toBeNull();
    expect(parseSignals(status({}).replace('SigCgt', 'SigXyz'))).toBeNull();
    expect(parseSignals(status({}).split('\nCapInh')[0]!)).toBeNull();
    expect(parseSignals(status({ SigBlk: 'xyz' }))).toBeNull();
  });

  it('hold what was put in, whatever it was', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 64 })), (numbers) => {
        const mask = numbers.reduce((all, number) => all | (1n << BigInt(number - 1)), 0n);
        const { caught } = parseSignals(status({ SigCgt: mask.toString(16) }))!;
        for (let number = 1; number <= 64; number++) expect(hasSignal(caught, number)).toBe(numbers.includes(number));
      }),
    );
  });

  it('of any text: an answer or null', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseSignals(text)));
  });
});

describe('names', () => {
  it.each([['USR2', 12], ['sigusr2', 12], ['12', 12], ['HUP', 1], ['RTMIN', 34], ['SIGRTMIN+3', 37], ['64', 64]])('%s is %d', (text, number) => {
    expect(signalNumber(text)).toBe(number);
  });

  it.each(['', '0', '65', 'SIG', 'USR3', 'RTMIN+31', 'constructor', '-1'])('%j is none', (text) => {
    expect(signalNumber(text)).toBeUndefined();
  });

  it('come back as they are told', () => {
    for (let number = 1; number <= 64; number++) expect(signalNumber(signalName(number))).toBe(number);
  });

  it('know what happens without a handler', () => {
    expect(['HUP', 'USR1', 'USR2', 'TERM', 'RTMIN'].map((name) => defaultAction(signalNumber(name)!))).toEqual(Array(5).fill('ends'));
    expect(['WINCH', 'CHLD', 'CONT'].map((name) => defaultAction(signalNumber(name)!))).toEqual(Array(3).fill('nothing'));
    expect(defaultAction(signalNumber('TSTP')!)).toBe('stops');
  });
});
