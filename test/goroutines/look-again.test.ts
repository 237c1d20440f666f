import { expect, it } from 'vitest';
import { lookAgain } from '../../src/goroutines/look-again.ts';
import type { GoroutinesOptions } from '../../src/goroutines/options.ts';
import type { Taken } from '../../src/goroutines/source/types.ts';
import { goroutine, parse, times } from './support/dumps.ts';

const waiting = (state: string, count: number): string => times(count, (index) => goroutine({ id: index + 5, state, frames: ['internal/sync.(*Mutex).lockSlow(0xc000123450)', 'sync.(*Mutex).Lock(...)', 'main.(*reg).do(0xc000123450)'] })).join('');

async function taken(text: string, isMemory: boolean): Promise<Taken> {
  const dump = await parse(text, { rows: true });
  return { dump, label: 'test', target: null, source: 'test', again: '1', coverage: [], ...(isMemory && { memory: { torn: 0 } }) } as unknown as Taken;
}

/** How often a process was asked, and what its last look shows. */
async function looks(texts: readonly string[], isMemory = true): Promise<{ asked: number; last: string[] }> {
  const all = await Promise.all(texts.map((text) => taken(text, isMemory)));
  let asked = 0;
  const source = { live: true, isFree: true, take: async () => all[Math.min(++asked, all.length - 1)]! };
  const context = { evidence: { now: () => 0, sleep: async () => undefined }, signal: new AbortController().signal, progress: () => undefined };
  const { last } = await lookAgain(source, all[0]!, { take: {}, settleMs: 1 } as unknown as GoroutinesOptions, context as never);
  return { asked, last: last.dump.groups.map(({ wait }) => `${wait?.min ?? 0} min`) };
}

it('locks that are waited for since long are looked at once more: a program that was let go has waited while it was paused', async () => {
  expect(await looks([waiting('sync.Mutex.Lock, 25 minutes', 1500), waiting('sync.Mutex.Lock', 1500)])).toEqual({ asked: 1, last: ['0 min'] });
  expect(await looks([waiting('sync.Mutex.Lock, 25 minutes', 1500), waiting('sync.Mutex.Lock, 25 minutes', 1500)])).toEqual({ asked: 1, last: ['25 min'] });
});

it('a few that wait, or a dump that cannot be had again for free, are not', async () => {
  expect(await looks([waiting('sync.Mutex.Lock, 25 minutes', 3)])).toMatchObject({ asked: 0 });
  expect(await looks([waiting('sync.Mutex.Lock, 25 minutes', 1500)], false)).toMatchObject({ asked: 0 });
});
