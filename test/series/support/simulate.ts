/** Groups of things that live and die by known laws, sampled as a watch samples them. Deterministic by seed. */
import { type GroupTrend, Lives, type Quality, trendOf } from '../../../src/series/index.ts';

/** Uniform in [0, 1). */
export type Random = () => number;

/** mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Seconds; the window begins at 0. */
export interface Being {
  born: number;
  dies: number;
}

/** Makes beings of a window of `length` seconds; those born before 0 are there at its begin. */
export type Law = (length: number, random: Random) => Being[];

export interface Watch {
  seconds: number;
  interval: number;
}

export function exponential(mean: number, random: Random): number {
  return -mean * Math.log(1 - random());
}

/** How long a being of a churn lives. */
export type LifeLaw = (random: Random) => number;

export const life = {
  exponential: (mean: number): LifeLaw => (random) => exponential(mean, random),
  fixed: (seconds: number): LifeLaw => () => seconds,
  uniform: (from: number, to: number): LifeLaw => (random) => from + (to - from) * random(),
  /** Most live short, a part lives long: requests beside kept connections. */
  mixed: (short: number, long: number, part: number): LifeLaw => (random) => exponential(random() < part ? long : short, random),
};

/** Births by chance at a rate of `perSecond(t)`, at most `most`, from `from` on. */
function births(length: number, from: number, perSecond: (time: number) => number, most: number, random: Random): number[] {
  const times: number[] = [];
  for (let at = from + exponential(1 / most, random); at < length; at += exponential(1 / most, random)) {
    if (random() * most < perSecond(at)) times.push(at);
  }
  return times;
}

/** Comes and goes all the time, also long before the window unless `cold`. */
export function churn(perSecond: number, lives: LifeLaw, { warmUp = 30 } = {}): Law {
  return (length, random) => births(length, -warmUp, () => perSecond, perSecond, random).map((born) => ({ born, dies: born + lives(random) }));
}

/** Churn whose rate rises from `low` to `high` between two moments, as parts of the window. */
export function ramp(low: number, high: number, lives: LifeLaw, from = 0, to = 1): Law {
  return (length, random) => {
    const rate = (at: number): number => low + (high - low) * Math.min(1, Math.max(0, (at / length - from) / (to - from || 1e-9)));
    return births(length, -40, rate, Math.max(low, high), random).map((born) => ({ born, dies: born + lives(random) }));
  };
}

/** Load that comes and goes with a period. */
export function waves(mean: number, period: number, lives: LifeLaw): Law {
  return (length, random) => {
    const phase = random() * period;
    const rate = (at: number): number => mean * (1 + Math.sin(((at + phase) * 2 * Math.PI) / period));
    return births(length, -40, rate, 2 * mean, random).map((born) => ({ born, dies: born + lives(random) }));
  };
}

/** `size` members that come while the part of the window between `from` and `to` passes, and stay. */
export function pool(size: number, from: number, to: number): Law {
  return (length, random) => Array.from({ length: size }, () => ({ born: length * (from + (to - from) * random()), dies: Infinity }));
}

/** `size` members at any time, each replaced when it ends. */
export function replacedPool(size: number, lives: LifeLaw): Law {
  return (length, random) =>
    Array.from({ length: size }, () => {
      const beings: Being[] = [];
      for (let born = -120 * random(); born < length; ) {
        const dies = born + Math.max(0.01, lives(random));
        beings.push({ born, dies });
        born = dies + 0.005;
      }
      return beings;
    }).flat();
}

/** Opened all the time, closed all together every `period` seconds. */
export function sawtooth(perSecond: number, period: number): Law {
  return (length, random) => {
    const phase = random() * period;
    const next = (at: number): number => Math.ceil((at + phase) / period + 1e-9) * period - phase;
    return births(length, -2 * period, () => perSecond, perSecond, random).map((born) => ({ born, dies: next(born) }));
  };
}

/** One every so often, never closed. */
export function leak(perSecond: number, from = 0): Law {
  return (length, random) => {
    const phase = random();
    return Array.from({ length: Math.ceil((length - from) * perSecond) + 1 }, (_, number) => ({ born: from + (number + phase - 1) / perSecond, dies: Infinity }));
  };
}

/** By chance, never closed. */
export function randomLeak(perSecond: number): Law {
  return (length, random) => births(length, 0, () => perSecond, perSecond, random).map((born) => ({ born, dies: Infinity }));
}

/** `size` at once, by chance, `perSecond` in the mean. */
export function burstLeak(perSecond: number, size: number): Law {
  return (length, random) => births(length, 0, () => perSecond / size, perSecond / size, random).flatMap((born) => Array.from({ length: size }, () => ({ born, dies: Infinity })));
}

export function together(...laws: Law[]): Law {
  return (length, random) => laws.flatMap((law) => law(length, random));
}

/** What a watch of it says. The samples come late by chance, as they do on a busy machine. */
export function judged(law: Law, { seconds, interval }: Watch, seed: number, quality: Quality = 'exact'): GroupTrend {
  const random = randomOf(seed);
  const beings = law(seconds, random).map((being, number) => ({ ...being, identity: String(number) })).sort((a, b) => a.born - b.born);
  const lives = new Lives<string>({ sortOf: () => 'all', nameOf: (item) => item });
  let alive: typeof beings = [];
  let next = 0;
  for (let tick = 0; tick * interval <= seconds + 1e-9; tick++) {
    const at = tick * interval + 0.02 * interval * random();
    while (next < beings.length && beings[next]!.born <= at) alive.push(beings[next++]!);
    alive = alive.filter(({ dies }) => dies > at);
    lives.add(at * 1000, alive.map(({ identity }) => ({ identity, quality, item: identity })));
  }
  return trendOf('all', lives.sorts().flatMap(({ spans }) => spans), lives.sampleTimes);
}

/** In which part of `runs` the trend was this one. */
export function rateOf(trend: GroupTrend['trend'], law: Law, watch: Watch, runs: number, quality: Quality = 'exact'): number {
  let seen = 0;
  for (let seed = 1; seed <= runs; seed++) if (judged(law, watch, seed * 7919, quality).trend === trend) seen++;
  return seen / runs;
}
