/** Steps that take a while are in several samples, and are steps all the same; what comes by chance is none. */
import { describe, expect, it } from 'vitest';
import { trendOf } from '../../src/series/trend.ts';

const WINDOW_MS = 20_000;

/** The same numbers each time. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

/** Of many windows with these births the part that is called growing. */
function partGrowing(births: (random: () => number) => number[], everyMs: number): number {
  const random = randomFrom(1);
  const windows = 200;
  let growing = 0;
  for (let window = 0; window < windows; window++) {
    const times: number[] = [];
    for (let at = 0; at <= WINDOW_MS; at += everyMs * (0.8 + 0.4 * random())) times.push(at);
    const seen = new Map<number, number>();
    for (const birth of births(random)) {
      const at = times.find((time) => time >= birth && time > 0);
      if (at !== undefined) seen.set(at, (seen.get(at) ?? 0) + 1);
    }
    const spans = [...seen].sort(([a], [b]) => a - b).map(([bornAt, count]) => ({ bornAt, count, quality: 'exact' as const }));
    if (trendOf('group', spans, times).trend === 'growing') growing++;
  }
  return growing / windows;
}

const steps = (at: readonly number[], each: number, spreadMs: number) => (random: () => number) =>
  at.flatMap((begin) => Array.from({ length: each }, () => begin + spreadMs * random()));

function byChance(perSecond: number): (random: () => number) => number[] {
  return (random) => {
    const births: number[] = [];
    for (let at = 0; at < WINDOW_MS; ) births.push((at -= (1000 / perSecond) * Math.log(1 - random())));
    return births;
  };
}

/** As many steps, begun at random moments at least a second apart. */
function stepsByChance(count: number, each: number, spreadMs: number): (random: () => number) => number[] {
  return (random) => {
    for (;;) {
      const begins = Array.from({ length: count }, () => (WINDOW_MS - spreadMs) * random()).sort((a, b) => a - b);
      if (begins.every((begin, index) => index === 0 || begin - begins[index - 1]! > spreadMs + 1000)) return steps(begins, each, spreadMs)(random);
    }
  };
}

/** Twenty samples tell less than forty. */
describe.each([[500, 0.015], [1000, 0.1]])('samples every %i ms', (everyMs, atMost) => {
  it.each([0, 300, 1000, 2000, 3000, 4000])('two steps, and three, of %i ms each are no growth', (spreadMs) => {
    expect(partGrowing(steps([5000, 14_000], 40, spreadMs), everyMs)).toBeLessThan(atMost);
    if (spreadMs < 3000) expect(partGrowing(steps([3000, 9000, 16_000], 10, spreadMs), everyMs)).toBeLessThan(atMost);
  });

  it.each([[2, 5, 1000], [3, 5, 1000], [2, 10, 3000], [2, 40, 3000], [2, 200, 4000]])('%i steps of %i that take %i ms, whenever', (count, each, spreadMs) => {
    expect(partGrowing(stepsByChance(count, each, spreadMs), everyMs)).toBeLessThan(atMost + 0.005);
  });

  it('two steps, while one of the old ones is closed', () => {
    const times = Array.from({ length: WINDOW_MS / everyMs + 1 }, (_, index) => index * everyMs);
    const seen = times.filter((at) => (at > 4000 && at <= 7000) || (at > 13_000 && at <= 16_000));
    const spans = seen.map((bornAt) => ({ bornAt, count: 8, quality: 'exact' as const }));
    expect(trendOf('group', [...spans, { bornAt: 0, goneAt: times[8]!, count: 1, quality: 'exact' }], times).trend).toBe('grew');
  });

  it.each([0.5, 1, 3, 10])('a leak of %d a second that comes by chance is growth', (perSecond) => {
    expect(partGrowing(byChance(perSecond), everyMs)).toBeGreaterThan(0.9);
  });
});

it.each([2, 3, 4])('samples that are %i s late now and then are no pauses of a leak', (lateSeconds) => {
  const times = [0];
  while (times.at(-1)! < WINDOW_MS) times.push(times.at(-1)! + (times.length % 7 === 0 ? lateSeconds * 1000 : 500));
  for (const perSecond of [2, 5, 20]) {
    const seen = new Map<number, number>();
    for (let birth = 100; birth < times.at(-1)!; birth += 1000 / perSecond) {
      const at = times.find((time) => time >= birth)!;
      seen.set(at, (seen.get(at) ?? 0) + 1);
    }
    const spans = [...seen].map(([bornAt, count]) => ({ bornAt, count, quality: 'exact' as const }));
    expect(trendOf('group', spans, times).trend, `${perSecond} a second`).toBe('growing');
  }
});

it('a last sample that is 8 s late is no pause either, and is one where others saw nothing', () => {
  const early = Array.from({ length: 36 }, (_, index) => index * 500);
  const spans = (times: readonly number[], until: number) => times.slice(1).flatMap((bornAt) => (bornAt <= until ? [{ bornAt, count: 1, quality: 'weak' as const }] : []));
  const late = [...early, 25_800];
  expect(trendOf('group', [...spans(early, 17_500), { bornAt: 25_800, count: 16, quality: 'weak' }], late).trend).toBe('growing');
  const watched = [...early, ...Array.from({ length: 16 }, (_, index) => 18_000 + index * 500), 25_800];
  expect(trendOf('group', [...spans(early, 17_500), { bornAt: 25_800, count: 16, quality: 'weak' }], watched).trend).toBe('grew');
});
