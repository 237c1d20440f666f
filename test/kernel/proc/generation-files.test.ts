/** What two generations are compared by: limits and the place of the program image. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLimits } from '../../../src/kernel/proc/all-limits.ts';
import { parseImage } from '../../../src/kernel/proc/image.ts';

const HEAD = 'Limit                     Soft Limit           Hard Limit           Units     \n';
const line = (name: string, soft: string, hard: string, unit: string): string => `${name.padEnd(25)} ${soft.padEnd(20)} ${hard.padEnd(20)} ${unit.padEnd(10)}\n`;

describe('/proc/PID/limits', () => {
  it('every line, those without a unit too; numbers stay exact', () => {
    const limits = parseLimits(HEAD + line('Max open files', '1024', '4096', 'files') + line('Max nice priority', '0', '0', '') + line('Max file size', 'unlimited', '18446744073709551614', 'bytes'));
    expect([...limits]).toEqual([
      ['Max open files', { soft: 1024n, hard: 4096n }],
      ['Max nice priority', { soft: 0n, hard: 0n }],
      ['Max file size', { soft: null, hard: 18446744073709551614n }],
    ]);
  });

  it('a line cut off is not trusted; any text has an answer', () => {
    expect(parseLimits(HEAD + line('Max open files', '1024', '4096', 'files').slice(0, 60)).size).toBe(0);
    fc.assert(fc.property(fc.string(), (text) => void parseLimits(text)));
  });
});

const stat = (comm: string, fields: Record<number, string>): string => `7 (${comm}) S ${Array.from({ length: 49 }, (_, index) => fields[index + 4] ?? '0').join(' ')}\n`;

describe('the image of a program', () => {
  it('is where exec put it', () => {
    expect(parseImage(stat('a) b', { 19: '-5', 28: '140', 48: '150', 50: '160' }))).toEqual({ nice: -5, placed: '140 150 160' });
  });

  it('is not told to everybody: then it is equal to none', () => {
    expect(parseImage(stat('x', { 19: '5' }))).toEqual({ nice: 5, placed: '' });
  });

  it('cut off, or no stat line: null', () => {
    expect(parseImage(stat('x', {}).slice(0, 60))).toBeNull();
    fc.assert(fc.property(fc.string(), (text) => void parseImage(text)));
  });
});
