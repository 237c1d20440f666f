/** A mutex that was not given back, as looks into memory show it: waiting times come with a collection only, ids tell at once. */
import { describe, expect, it } from 'vitest';
import type { Dump } from '../../src/kernel/goroutines.ts';
import { runRules } from '../../src/report/index.ts';
import { goroutineRules } from '../../src/goroutines/rules/index.ts';
import { lacksTime, mayTellMore, settle } from '../../src/goroutines/settle.ts';
import { eventOf, goroutine, parse, summary, times } from './support/dumps.ts';

const MAIN = 'goroutine 1 [select]:\nmain.main()\n\t/src/app/main.go:5 +0x1\n\n';
const elsewhere = goroutine({ id: 7, state: 'sleep', frames: ['time.Sleep(0x1)', 'main.(*srv).compact(0x1)'] });
const running = 'goroutine 8 [running]:\n\tgoroutine running on other thread; stack unavailable\ncreated by main.main\n\t/src/app/main.go:5 +0x1\n\n';
const waiting = (first: number, count: number): string => times(count, (i) => goroutine({ id: first + i, state: 'sync.Mutex.Lock', frames: ['sync.(*Mutex).Lock(...)', 'main.(*R).get(0x1)'], creator: 'main.main in goroutine 1' })).join('');

/** @param took who sleeps has taken a lock */
async function look(text: string, took = false): Promise<Dump> {
  const dump = await parse(MAIN + text, { rows: true });
  for (const group of dump.groups) if (took && group.state === 'sleep') group.took = group.frames.at(-1)!;
  return { ...dump, format: 'memory' };
}

function judged(dumps: Dump[]): { found: string[]; titles: string } {
  const findings = runRules(goroutineRules, [{ ...eventOf(dumps.at(-1)!), settled: settle(dumps, 4000) }]);
  return { found: summary(findings).filter((line) => !line.startsWith('info')), titles: findings.map(({ title }) => title).join('\n') };
}

describe('a lock that more and more wait for', () => {
  it('is lost when none gets on and nobody has taken one elsewhere', async () => {
    const dumps = await Promise.all([look(elsewhere + waiting(10, 40)), look(elsewhere + waiting(10, 75)), look(elsewhere + waiting(10, 110))]);
    expect(lacksTime(eventOf(dumps[0]!))).toBe(true);
    expect(mayTellMore(settle(dumps.slice(0, 2), 2000), eventOf(dumps[1]!))).toBe(true);
    const { found, titles } = judged(dumps);
    expect(found).toEqual(['warning hint goroutine/lock-holder']);
    expect(titles).toContain('become more, and none of them gets on');
  });

  it('moves when some got on', async () => {
    const dumps = await Promise.all([look(waiting(10, 40)), look(waiting(30, 75)), look(waiting(60, 110))]);
    expect(mayTellMore(settle(dumps.slice(0, 2), 2000), eventOf(dumps[1]!))).toBe(false);
    expect(judged(dumps).found).toEqual([]);
  });

  it('may be held by who took one and sleeps, and by who runs', async () => {
    for (const other of [elsewhere, running]) {
      const dumps = await Promise.all([40, 75, 110].map((count) => look(other + waiting(10, count), other === elsewhere)));
      expect(lacksTime(eventOf(dumps[0]!))).toBe(false);
      expect(judged(dumps).found).toEqual([]);
    }
  });

  it('is not told of a dump, which does not show who took a lock', async () => {
    const dumps = (await Promise.all([40, 75, 110].map((count) => look(waiting(10, count))))).map((dump): Dump => ({ ...dump, format: 'text' }));
    expect(judged(dumps).found).toEqual([]);
  });
});
