/** What is called a leak, and what is not: simulated groups whose truth is known, by seed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trendOf } from '../../src/series/index.ts';
import type { LifeSpan } from '../../src/series/index.ts';
import {
  burstLeak, churn, judged, type Law, leak, life, pool, ramp, randomLeak, rateOf, replacedPool, sawtooth, together, waves, type Watch,
} from './support/simulate.ts';

const twenty: Watch = { seconds: 20, interval: 0.5 };
const thirty: Watch = { seconds: 30, interval: 1 };
const sixty: Watch = { seconds: 60, interval: 1 };
const RUNS = 30;

describe('no leak, and not called one', () => {
  it.each<[string, Law]>([
    ['a churn of short lives', churn(10, life.exponential(1))],
    ['lives of 5 s', churn(5, life.exponential(5))],
    ['lives of 20 s', churn(3, life.exponential(20), { warmUp: 100 })],
    ['lives that all take as long', churn(5, life.fixed(5))],
    ['lives of up to 10 s', churn(5, life.uniform(0, 10))],
    ['rising load', ramp(5, 50, life.exponential(1))],
    ['load that rises in the middle', ramp(5, 50, life.exponential(2), 0.3, 0.7)],
    ['rising load of longer lives', ramp(5, 15, life.exponential(5))],
    ['load in waves', waves(5, 20, life.exponential(3))],
    ['a pool that fills in the first half', pool(50, 0, 0.5)],
    ['a small pool', pool(8, 0, 0.5)],
    ['a pool that fills late', pool(50, 0.5, 0.9)],
    ['a pool that fills in the middle', pool(50, 0.2, 0.7)],
    ['a step', pool(100, 0.5, 0.5)],
    ['two steps', together(pool(50, 0.3, 0.3), pool(50, 0.7, 0.7))],
    ['a pool whose members are replaced', replacedPool(30, life.exponential(15))],
    ['a pool whose members are replaced seldom', replacedPool(50, life.exponential(60))],
    ['a sawtooth of 3 s', sawtooth(10, 3)],
    ['a sawtooth of 8 s', sawtooth(10, 8)],
    ['a step amid churn', together(pool(30, 0.4, 0.41), churn(10, life.exponential(1)))],
  ])('%s', (_name, law) => {
    for (const watch of [twenty, thirty]) expect(rateOf('growing', law, watch, RUNS)).toBe(0);
  });

  it('a pool that fills amid churn: 1 of 20 at most in 20 s, none in a minute', () => {
    const law = together(pool(20, 0, 0.5), churn(10, life.exponential(1)));
    expect(rateOf('growing', law, twenty, 60)).toBeLessThanOrEqual(0.05);
    expect(rateOf('growing', law, sixty, RUNS)).toBe(0);
  });

  it.each<[string, Law]>([
    ['a slow turnover of long lives', churn(0.5, life.exponential(300), { warmUp: 1500 })],
    ['short lives with a few long ones among them', churn(10, life.mixed(0.5, 60, 0.03), { warmUp: 200 })],
  ])('in one of fifty windows of 20 s at most: %s', (_name, law) => {
    expect(rateOf('growing', law, twenty, 100)).toBeLessThanOrEqual(0.02);
  });
});

describe('a leak, found with its rate', () => {
  it.each<[string, Law, number, number, number]>([
    // So many of 100 in 20, 30 and 60 s.
    ['one every 2 s', leak(0.5), 100, 100, 100],
    ['one a second', leak(1), 100, 100, 100],
    ['one every 2 s by chance', randomLeak(0.5), 95, 98, 99],
    ['one a second by chance', randomLeak(1), 98, 99, 99],
    ['five a second by chance', randomLeak(5), 100, 100, 100],
    ['a tenth of the churn', together(churn(10, life.exponential(1)), leak(1)), 95, 98, 99],
    ['a tenth of a slow churn', together(churn(5, life.exponential(1)), leak(0.5)), 93, 98, 99],
    ['a tenth of a slow churn, by chance', together(churn(5, life.exponential(1)), randomLeak(0.5)), 65, 93, 97],
    ['a tenth of a churn of longer lives', together(churn(10, life.exponential(2)), leak(1)), 0, 80, 99],
    ['five at a time', burstLeak(2, 5), 75, 85, 98],
    ['begun 3 s after the watch', leak(2, 3), 100, 100, 100],
    ['while one of the old ones is closed', together(leak(0.5), (seconds) => [{ born: -10, dies: seconds / 2 }]), 98, 98, 100],
  ])('%s', (_name, law, in20, in30, in60) => {
    const found = [twenty, thirty, sixty].map((watch) => rateOf('growing', law, watch, 80));
    const wanted = [in20, in30, in60];
    for (const [index, rate] of found.entries()) expect(rate * 100, `window ${index}`).toBeGreaterThanOrEqual(wanted[index]! - 5);
  });

  it.each([0.5, 1, 5, 50])('%d a second', (perSecond) => {
    const { growthPerMinute, slowestPerMinute, fastestPerMinute, survivorsGained } = judged(leak(perSecond), twenty, 1);
    expect(growthPerMinute / 60).toBeGreaterThan(perSecond * 0.9);
    expect(growthPerMinute / 60).toBeLessThan(perSecond * 1.1);
    expect(slowestPerMinute).toBeLessThanOrEqual(growthPerMinute);
    expect(fastestPerMinute).toBeGreaterThanOrEqual(growthPerMinute);
    expect(Math.abs(survivorsGained - 20 * perSecond)).toBeLessThanOrEqual(1 + perSecond);
  });

  it('amid churn the rate is that of the leak, not of both', () => {
    const rates = Array.from({ length: 20 }, (_, seed) => judged(together(churn(20, life.exponential(0.3)), leak(2)), thirty, seed).growthPerMinute / 60);
    for (const rate of rates) expect(Math.abs(rate - 2)).toBeLessThan(0.4);
  });
});

describe('weak identities', () => {
  it('grow when they only gain, everywhere', () => {
    expect(judged(leak(1), twenty, 3, 'weak')).toMatchObject({ trend: 'growing', quality: 'weak', deaths: 0 });
  });

  it('grew when one of them was closed', () => {
    const law = together(leak(1), () => [{ born: -5, dies: 11 }]);
    expect(judged(law, twenty, 3, 'weak').trend).toBe('grew');
  });

  it('are nothing where they come and go', () => {
    expect(rateOf('growing', churn(10, life.exponential(0.4)), twenty, RUNS, 'weak')).toBe(0);
    expect(rateOf('growing', pool(60, 0, 0.6), twenty, RUNS, 'weak')).toBe(0);
  });
});

describe('a window that cannot tell', () => {
  const everySecond: LifeSpan[] = Array.from({ length: 10 }, (_, index) => ({ bornAt: index * 1000, quality: 'exact', count: 1 }));

  it('has few samples', () => {
    expect(trendOf('all', everySecond.slice(0, 5), [0, 1000, 2000, 3000, 4000, 5000, 6000])).toMatchObject({ trend: 'too-short', because: '7 samples, and fewer than 8 show nothing' });
  });

  it('is short', () => {
    const times = Array.from({ length: 20 }, (_, index) => index * 100);
    expect(trendOf('all', [], times).trend).toBe('too-short');
  });

  it('has no samples at all', () => {
    expect(trendOf('all', [], [])).toMatchObject({ trend: 'too-short', growthPerMinute: 0, atEnd: 0 });
  });

  it('is shorter than the lives in it, and says which would do', () => {
    const { trend, because } = judged(churn(5, life.exponential(20)), thirty, 1);
    expect(trend).toBe('too-short');
    expect(because).toMatch(/^its members may live .*: a window of .* or more could tell$/);
  });
});

describe('whatever the clock shows and the order is', () => {
  const span = fc.record({
    born: fc.integer({ min: 0, max: 30 }),
    lives: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
    quality: fc.constantFrom('exact' as const, 'weak' as const),
    count: fc.integer({ min: 1, max: 5 }),
  });
  const spansOf = (given: { born: number; lives: number | undefined; quality: 'exact' | 'weak'; count: number }[], shift: number): LifeSpan[] =>
    given.map(({ born, lives, quality, count }) => ({
      bornAt: shift + born * 1000,
      ...(lives !== undefined && born + lives <= 30 && { goneAt: shift + (born + lives) * 1000 }),
      quality,
      count,
    }));
  const times = (shift: number): number[] => Array.from({ length: 31 }, (_, index) => shift + index * 1000);

  it('the verdict is the same later', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 40 }), fc.integer({ min: 0, max: 2 ** 40 }), (given, shift) => {
        expect(trendOf('all', spansOf(given, shift), times(shift))).toEqual(trendOf('all', spansOf(given, 0), times(0)));
      }),
    );
  });

  it('the verdict is the same in another order, and with spans taken apart', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 30 }), (given) => {
        const apart = spansOf(given, 0).flatMap((one) => Array.from({ length: one.count }, () => ({ ...one, count: 1 }))).reverse();
        expect(trendOf('all', apart, times(0))).toEqual(trendOf('all', spansOf(given, 0), times(0)));
      }),
    );
  });

  it('numbers add up', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 40 }), (given) => {
        const { atStart, atEnd, births, deaths } = trendOf('all', spansOf(given, 0), times(0));
        expect(atStart + births - deaths).toBe(atEnd);
      }),
    );
  });
});
