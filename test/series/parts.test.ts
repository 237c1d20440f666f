/** The parts of which a verdict is made. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bulkClosings } from '../../src/series/bulk.ts';
import { binomialAtMost, longestPausesMakeUp } from '../../src/series/chance.ts';
import { forecast, type LifeSpan } from '../../src/series/index.ts';
import { goesOnAtEnd, hasNoPause, independentGains, isEverywhere } from '../../src/series/spread.ts';
import { ageOfSurvivors, changesOf, exposures, netBetween, usualAge } from '../../src/series/survivors.ts';
import { randomOf } from './support/simulate.ts';

const window = { from: 0, to: 20_000 };
const lived = (bornAt: number, goneAt?: number, count = 1): LifeSpan => ({ bornAt, ...(goneAt !== undefined && { goneAt }), quality: 'exact', count });

describe('binomialAtMost', () => {
  it.each([[0, 4, 0.5, 1 / 16], [1, 11, 0.5, 12 / 2048], [4, 4, 0.5, 1], [3, 10, 0, 1], [3, 10, 1, 0]])('%i of %i with %d: %d', (hits, tries, p, wanted) => {
    expect(binomialAtMost(hits, tries, p)).toBeCloseTo(wanted, 10);
  });

  it('is a probability, and grows with the hits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 1, max: 3000 }), fc.double({ min: 0, max: 1, noNaN: true }), (hits, tries, p) => {
        const value = binomialAtMost(hits, tries, p);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        expect(binomialAtMost(hits + 1, tries, p)).toBeGreaterThanOrEqual(value - 1e-9);
      }),
    );
  });
});

describe('longestPausesMakeUp', () => {
  /** Of many sets of so many random moments, the part whose longest pauses take so much. */
  function tried(part: number, longest: number, points: number): number {
    const random = randomOf(points);
    const runs = 3000;
    let found = 0;
    for (let run = 0; run < runs; run++) {
      const moments = [0, ...Array.from({ length: points }, random).sort((a, b) => a - b), 1];
      const pauses = moments.slice(1).map((at, index) => at - moments[index]!).sort((a, b) => b - a);
      if (pauses.slice(0, longest).reduce((sum, pause) => sum + pause, 0) >= part) found++;
    }
    return found / runs;
  }

  it.each([[4, 2], [10, 2], [10, 4], [40, 3], [40, 4], [200, 4]])('%i moments: never below the truth, and near it', (points, longest) => {
    for (const part of [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) {
      const bound = longestPausesMakeUp(part, longest, points);
      const truth = tried(part, longest, points);
      expect(bound, `${part}`).toBeGreaterThanOrEqual(truth - 0.02);
      if (truth < 0.0004) expect(bound, `${part}`).toBeLessThan(0.05);
    }
  });

  it('is a probability, and falls with the part', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 1000 }), (part, longest, points) => {
        const value = longestPausesMakeUp(part, longest, points);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        expect(longestPausesMakeUp(Math.min(1, part + 0.01), longest, points)).toBeLessThanOrEqual(value + 1e-6);
      }),
    );
  });
});

describe('forecast', () => {
  it.each([
    [100, 10, 20, { earliestMinutes: 5, latestMinutes: 10 }],
    [100, 0, 20, { earliestMinutes: 5, latestMinutes: null }],
    [0, 5, 10, { earliestMinutes: 0, latestMinutes: 0 }],
    [-5, 5, 10, { earliestMinutes: 0, latestMinutes: 0 }],
    [100, -3, 0, null],
  ])('room %i at %i to %i a minute', (room, slowest, fastest, wanted) => {
    expect(forecast(room, slowest, fastest)).toEqual(wanted);
  });
});

describe('survivors', () => {
  it('are all that were born where nothing ends', () => {
    expect(ageOfSurvivors([lived(0), lived(5000), lived(9000)], window)).toBe(0);
  });

  it('are older than the longest life there was', () => {
    expect(ageOfSurvivors([lived(1000, 3000, 50), lived(4000)], window)).toBe(2500);
  });

  it('come of age, and are lost', () => {
    const changes = changesOf([lived(1000), lived(19_000), lived(2000, 9000), lived(0, 12_000), lived(0, 1000), lived(0)], window, 2000);
    expect(changes).toEqual([{ at: 3000, by: 1 }, { at: 12_000, by: -1 }]);
    expect(netBetween(changes, 3000, 20_000)).toBe(-1);
    expect(netBetween(changes, 2999, 20_000)).toBe(0);
  });

  it('are in sight for so long', () => {
    expect(exposures([lived(0), lived(0, 12_000), lived(10_000, 15_000, 2), lived(19_500)], window, 1000)).toEqual({
      early: { ms: 19_000 + 11_000, lost: 1 },
      born: { ms: 8000, lost: 2 },
    });
  });

  it('are those above the usual age', () => {
    expect(usualAge([lived(1000, 2000, 99), lived(1000, 9000)], window)).toBe(1000);
    expect(usualAge([lived(0, 5000)], window)).toBe(0);
  });
});

describe('how gains are spread', () => {
  const times = Array.from({ length: 40 }, (_, index) => index * 500);
  const gainsAt = (at: number[], by = 1): Map<number, number> => new Map(at.map((time) => [time, by]));

  it('each for itself', () => {
    expect(independentGains(gainsAt(times), times)).toBe(40);
    expect(independentGains(gainsAt(times, 25), times)).toBe(1000);
  });

  it('some together', () => {
    expect(independentGains(gainsAt([4000, 8000, 12_000, 16_000], 50), times)).toBeLessThan(7);
    expect(independentGains(gainsAt([10_000], 100), times)).toBeLessThan(2);
    expect(independentGains(new Map(), times)).toBe(0);
  });

  const every = (step: number, from: number, to: number) => Array.from({ length: Math.floor((to - from) / step) }, (_, index) => ({ at: from + index * step, by: 1 }));

  it.each([
    ['all through', every(1000, 500, 20_000), true],
    ['in the first half', every(500, 0, 10_000), false],
    ['in the second half', every(500, 11_000, 20_000), false],
    ['with a pause between', [...every(500, 0, 5000), ...every(500, 14_000, 20_000)], false],
  ])('%s', (_name, changes, wanted) => {
    expect(hasNoPause(changes, window, [...times, 20_000], changes.length)).toBe(wanted);
    expect(isEverywhere(changes, window)).toBe(wanted);
  });

  it('only the end counts for what goes on', () => {
    expect(goesOnAtEnd(every(1000, 0, 20_000), window)).toBe(true);
    expect(goesOnAtEnd(every(500, 0, 11_000), window)).toBe(false);
  });
});

describe('closing in bulk', () => {
  const times = Array.from({ length: 21 }, (_, index) => index * 1000);

  it('has its times', () => {
    expect(bulkClosings([lived(1000, 5000, 5), lived(2000, 5000, 5), lived(6000, 10_000, 8), lived(12_000)], times)).toEqual([5000, 10_000]);
  });

  it('is not one by one, and not never', () => {
    expect(bulkClosings(times.slice(1, 10).map((at) => lived(at, at + 3000)), times)).toBeNull();
    expect(bulkClosings([lived(0), lived(3000)], times)).toBeNull();
  });
});
