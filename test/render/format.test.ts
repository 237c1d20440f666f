import { expect, test } from 'vitest';
import { amount } from '../../src/render/format.ts';
import { bytes, count, duration, percent, plural } from '../../src/report/words.ts';

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [19_005, '19,005'],
  [-1_234_567, '-1,234,567'],
  [1234.567, '1,234.57'],
  [0.1 + 0.2, '0.3'],
])('count(%d) is %s', (value, text) => {
  expect(count(value)).toBe(text);
});

test.each([
  [0, '0 B'],
  [1023, '1,023 B'],
  [1024, '1.0 KiB'],
  [1024 * 1024 - 1, '1.0 MiB'],
  [16_777_216, '16.0 MiB'],
  [3 * 2 ** 40, '3.0 TiB'],
])('bytes(%d) is %s', (value, text) => {
  expect(bytes(value)).toBe(text);
});

test.each([
  [0.4, '0.4 ms'],
  [9.96, '10 ms'],
  [12.4, '12 ms'],
  [999.6, '1 s'],
  [1500, '1.5 s'],
  [59_990, '1 min'],
  [125_000, '2 min 5 s'],
  [3_599_900, '1 h'],
  [11_040_000, '3 h 4 min'],
  [183_600_000, '2 d 3 h'],
  [-1500, '-1.5 s'],
])('duration(%d) is %s', (value, text) => {
  expect(duration(value)).toBe(text);
});

test('percent never rounds to all or to nothing', () => {
  expect([0, 0.0001, 0.5, 0.995, 0.9999, 1, 1.5].map(percent)).toEqual(['0%', '<0.1%', '50%', '99.5%', '99.9%', '100%', '150%']);
});

test('plural', () => {
  expect([plural('fd', 1), plural('fd', 0), plural('fd', 19_005), plural('process', 2, 'processes')]).toEqual([
    '1 fd',
    '0 fds',
    '19,005 fds',
    '2 processes',
  ]);
});

test('amount takes the unit that fits and names the limit', () => {
  expect(amount(1019, 'fds', 1024)).toBe('1,019 fds (limit 1,024)');
  expect(amount(16_777_216, 'bytes', 33_554_432)).toBe('16.0 MiB (limit 32.0 MiB)');
  expect(amount(90, 's')).toBe('1 min 30 s');
  expect(amount(0.995, 'ratio')).toBe('99.5%');
  expect(amount(12_345)).toBe('12,345');
  expect(amount(1, 'constructor')).toBe('1 constructor');
});
