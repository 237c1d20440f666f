import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LatencyCounts } from '../../../src/goroutines/trace/latencies.ts';

it('parts of what was counted are those of all lengths in order, to 0.4 %', () => {
  const lengths = fc.array(fc.oneof(fc.nat({ max: 600 }), fc.double({ min: 0, max: 2 ** 49, noNaN: true })), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(lengths, fc.double({ min: 0, max: 0.999, noNaN: true }), (all, part) => {
      const counts = new LatencyCounts();
      for (const one of all) counts.add(one);
      const sorted = [...all].sort((a, b) => a - b);
      const wanted = sorted[Math.floor(sorted.length * part)]!;
      expect(counts.at(part)).toBeLessThanOrEqual(wanted);
      expect(counts.at(part)).toBeGreaterThan(wanted * (1 - 1 / 256) - 1);
      expect(counts).toMatchObject({ count: all.length, maxNs: sorted.at(-1) });
    }),
  );
});

it('of none there is no length, and what lasts for ever is the longest', () => {
  const counts = new LatencyCounts();
  expect(counts.at(0.5)).toBe(0);
  counts.add(2 ** 60);
  expect(counts.at(0.5)).toBeGreaterThan(2 ** 49);
  expect(counts.maxNs).toBe(2 ** 60);
});
