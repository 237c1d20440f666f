import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactInterval, trialsFor } from '../../src/drill/statistics.ts';

describe('exactInterval', () => {
  it.each([
    [0, 10_999, 0, 3.35e-4],
    [2, 10_999, 2.2e-5, 6.57e-4],
    [28, 10_999, 1.69e-3, 3.68e-3],
    [0, 20, 0, 0.1684],
    [10, 20, 0.272, 0.728],
    [20, 20, 0.8316, 1],
  ])('%i of %i: %f to %f', (failed, total, low, high) => {
    const interval = exactInterval(failed, total);
    expect(interval.low).toBeCloseTo(low, 3);
    expect(interval.high).toBeCloseTo(high, 3);
    if (failed === 0) expect(interval.high).toBeCloseTo(1 - 0.025 ** (1 / total), 9);
  });

  it('says nothing where nothing was tried', () => {
    expect(exactInterval(0, 0)).toEqual({ low: 0, high: 1 });
  });

  it('holds the rate that was seen, and is the narrower the more was tried', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.double({ min: 0, max: 1, noNaN: true }), (total, part) => {
        const failed = Math.floor(part * total);
        const { low, high } = exactInterval(failed, total);
        const wider = exactInterval(failed * 4, total * 4);
        expect(low).toBeLessThanOrEqual(failed / total + 1e-12);
        expect(high).toBeGreaterThanOrEqual(failed / total - 1e-12);
        expect(wider.high - wider.low).toBeLessThanOrEqual(high - low + 1e-12);
      }),
      { numRuns: 60 },
    );
  });
});

describe('trialsFor', () => {
  it.each([
    [0.999, 0, 2995],
    [0.999, 3, 7752],
    [0.9999, 0, 29_956],
    [0.9999, 1, 47_437],
  ])('%f with %i failures', (share, failed, trials) => {
    expect(Math.abs(trialsFor(share, failed) - trials) / trials).toBeLessThan(0.002);
  });
});
