import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NumberIndex } from '../../src/kernel/number-index.ts';

const NUMBER = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 0xffffffff }));

test('each number has its place in the order of adding, whatever was expected', () => {
  fc.assert(
    fc.property(fc.array(NUMBER, { maxLength: 300 }), fc.nat(20), fc.array(NUMBER), (numbers, most, others) => {
      const index = new NumberIndex(most);
      const known = [...new Set(numbers)];
      for (const number of numbers) expect(index.add(number)).toBe(known.indexOf(number));
      expect(index.size).toBe(known.length);
      expect([...index]).toEqual(known);
      for (const [place, number] of known.entries()) expect(index.at(place)).toBe(number);
      for (const other of [...others, 0, Number.NaN, 1.5, 2 ** 32 + 1]) expect(index.placeOf(other)).toBe(known.indexOf(other));
    }),
  );
});
