/** A watch over answers by hand: who stays is told by ids, and by counts only where there are none. */
import { describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src/command.ts';
import { growth } from '../../src/goroutines/rules/growth.ts';
import { leak } from '../../src/goroutines/rules/leak.ts';
import type { Taken } from '../../src/goroutines/source/types.ts';
import { type Looks, watch } from '../../src/goroutines/watch/run.ts';
import { tooShort } from '../../src/goroutines/watch/too-short.ts';
import { runRules } from '../../src/report/index.ts';
import { eventOf, goroutine, parse, times } from './support/dumps.ts';

const TICKS = 20;
const INTERVAL_MS = 1000;

/** @param ids at each second: of goroutines at one place */
async function watched(ids: (second: number) => number[], hasIds: boolean, beside: (id: number) => string = () => ''): Promise<string[]> {
  let now = 0;
  const evidence = { now: () => now, sleep: async (ms: number) => void (now += ms) } as unknown as CommandContext['evidence'];
  const look = async (rows: boolean): Promise<Taken> => {
    const text = [goroutine({ id: 1, state: 'running', frames: ['main.main()'], creator: '' }), ...ids(Math.round(now / INTERVAL_MS)).map((id) => goroutine({ id, state: 'chan receive' }) + beside(id))];
    return { dump: await parse(text.join(''), { rows }), source: 'x', again: 'x', label: 'x', target: null, coverage: [] };
  };
  const looks: Looks = { sample: () => look(false), middle: async () => (hasIds ? look(true) : undefined), last: () => look(hasIds) };
  const { taken, growth: grown } = await watch(looks, { windowMs: TICKS * INTERVAL_MS, intervalMs: INTERVAL_MS }, { evidence, signal: new AbortController().signal, progress: () => undefined });
  return runRules([growth, leak], [eventOf(taken.dump, grown)]).map(({ severity, confidence, id }) => `${severity} ${confidence} ${id}`);
}

const rising = (second: number): number[] => times(20 + 3 * second, (i) => 10 + i);
/** As many at each second, others each time. */
const changing = (second: number): number[] => times(20 + 3 * second, (i) => 10 + second * 1000 + i);

describe('what grows', () => {
  it('is likely a leak when those that were there stay', async () => {
    expect(await watched(rising, true)).toEqual(['warning likely goroutine/growth', 'warning likely goroutine/leak']);
  });

  it('is a hint when there are counts only', async () => {
    expect(await watched(rising, false)).toEqual(['warning hint goroutine/growth', 'warning hint goroutine/leak']);
  });

  it('is load when others take the place of those that end', async () => {
    expect((await watched(changing, true)).filter((line) => !line.startsWith('info'))).toEqual([]);
  });

  it('is no leak in step with the connections that were started with it', async () => {
    const reader = (id: number): string => goroutine({ id: id + 5000, state: 'IO wait', frames: ['net.(*conn).Read(0xc000111111)', 'main.read(0x1)'] });
    expect(await watched(rising, true, reader)).toEqual(['warning hint goroutine/growth', 'warning hint goroutine/growth']);
  });

  it('is nothing when it stands still', async () => {
    expect(await watched(() => times(20, (i) => 10 + i), true)).toEqual([]);
  });
});

describe('a watch that is too short', () => {
  it('is not one whose first answer took longer than its last', async () => {
    let now = 0;
    let asked = 0;
    const evidence = { now: () => now, sleep: async (ms: number) => void (now += ms) } as unknown as CommandContext['evidence'];
    const look = async (): Promise<Taken> => {
      now += asked++ === 0 ? 400 : 10;
      return { dump: await parse(goroutine({ id: 1 })), source: 'x', again: 'x', label: 'x', target: null, coverage: [] };
    };
    const { growth: { windowMs, samples } } = await watch({ sample: look, middle: async () => undefined, last: look }, { windowMs: 5000, intervalMs: 500 }, { evidence, signal: new AbortController().signal, progress: () => undefined });
    expect(windowMs).toBeGreaterThanOrEqual(5000);
    expect(samples).toBeGreaterThanOrEqual(8);
  });

  it.each<[number, number, RegExp | undefined]>([[7, 24_000, /7 samples, and it takes at least 8/], [15, 3000, /3 s, and it takes at least 5 s/], [8, 5000, undefined]])('%i samples in %i ms', (samples, windowMs, expected) => {
    const [found] = tooShort({ samples, windowMs, groups: [] });
    if (!expected) expect(found).toBeUndefined();
    else expect(found).toMatchObject({ needed: true, status: 'absent', detail: expect.stringMatching(expected) });
  });
});
