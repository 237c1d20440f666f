/** How a count grows: from its lowest in the first half of some looks to its lowest in the second. What comes and goes leaves both as they are. */
import type { Measured } from '../model.ts';

/** Time as sources go by it. */
export interface Clock {
  /** Monotonic, ms. */
  now(): number;
  /** Resolves after `ms`, or when a signal comes. */
  pause(ms: number): Promise<void>;
}

const LOOKS = 6;

export interface Counting {
  source: string;
  /** From the first look to the last, ms. */
  sampleMs: number;
  signal: AbortSignal;
  clock: Clock;
}

/** Per minute. @param count what there is now, or why that is not told */
export async function growthByLows(count: () => Promise<number | string>, { source, sampleMs, signal, clock }: Counting): Promise<Measured> {
  const looks: { count: number; atMs: number }[] = [];
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await clock.pause(sampleMs / (LOOKS - 1));
    if (signal.aborted) return { problem: 'stopped by a signal', status: 'partial', source };
    const found = await count();
    if (typeof found === 'string') return { problem: found, status: 'absent', source };
    looks.push({ count: found, atMs: clock.now() });
  }
  const [early, late] = [looks.slice(0, LOOKS / 2), looks.slice(LOOKS / 2)];
  const lowest = (half: typeof looks): number => Math.min(...half.map((one) => one.count));
  const middle = (half: typeof looks): number => half.reduce((sum, { atMs }) => sum + atMs, 0) / half.length;
  const apartMs = Math.max(1, middle(late) - middle(early));
  return { value: ((lowest(late) - lowest(early)) / apartMs) * 60_000, samples: LOOKS, of: 'looks', windowMs: Math.round(looks.at(-1)!.atMs - looks[0]!.atMs), source };
}
