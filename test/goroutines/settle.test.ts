/** A few looks within seconds: what leaks stays and becomes more, what works gets on. */
import { describe, expect, it } from 'vitest';
import { lacksTime, mayTellMore, settle } from '../../src/goroutines/settle.ts';
import { goroutineRules } from '../../src/goroutines/rules/index.ts';
import { runRules } from '../../src/report/index.ts';
import type { Dump } from '../../src/kernel/goroutines.ts';
import { eventOf, goroutine, parse, summary, times } from './support/dumps.ts';

type Make = (id: number) => string;

const MAIN = 'goroutine 1 [select]:\nmain.main()\n\t/src/app/main.go:5 +0x1\n\n';
/** Started by a request that has ended. */
const abandoned: Make = (id) => goroutine({ id, state: 'chan send', frames: ['main.query.func1()'], creator: `main.handle in goroutine ${id + 100_000}` });
const sender: Make = (id) => goroutine({ id, state: 'chan send', frames: ['main.job(0x1)'], creator: 'main.main in goroutine 1' });
const session: Make = (id) => goroutine({ id, state: 'chan receive', frames: ['main.session(0x1)'], creator: `main.login in goroutine ${id + 100_000}` });

const from = (first: number, count: number, make: Make): string => times(count, (index) => make(first + index)).join('');
const other = (count: number): string => from(50_000, count, (id) => goroutine({ id, state: 'sleep', frames: ['time.Sleep(0x1)', 'main.idle()'] }));
const look = (...texts: string[]): Promise<Dump> => parse(MAIN + texts.join(''), { rows: true });

async function judged(...looks: string[][]): Promise<{ found: string[]; titles: string[]; reasons: string }> {
  const dumps = await Promise.all(looks.map((texts) => look(...texts)));
  const settled = settle(dumps, 4000);
  const findings = runRules(goroutineRules, [{ ...eventOf(dumps.at(-1)!), settled }]);
  return { found: summary(findings), titles: findings.map(({ title }) => title), reasons: findings.flatMap(({ evidence }) => evidence.map(({ value }) => String(value))).join('\n') };
}

describe('a young leak', () => {
  it('of sends whose requests have ended is told when it grows and none leaves', async () => {
    const { found, titles, reasons } = await judged([from(10, 20, abandoned), other(400)], [from(10, 26, abandoned), other(400)], [from(10, 33, abandoned), other(400)]);
    expect(found).toEqual(['warning hint goroutine/leak']);
    expect(titles[0]).toBe('33 goroutines become more, and none of them gets on: chan send in main.query.func1 (main.go:10)');
    expect(reasons).toContain('in 3 looks within 4 s 13 came and none of 20 left, by their ids');
  });

  it('is no more than told while nothing comes, or with two looks', async () => {
    expect((await judged([from(10, 120, abandoned)], [from(10, 120, abandoned)], [from(10, 120, abandoned)])).found).toEqual(['info hint goroutine/leak']);
    expect((await judged([from(10, 120, abandoned)], [from(10, 130, abandoned)])).found).toEqual(['info hint goroutine/leak']);
  });
});

describe('no leak', () => {
  it('sends that get on: a semaphore, whose waiters are the same all the time', async () => {
    // 8 of 300 are inside each time.
    const inside: Make = (id) => goroutine({ id, state: 'sleep', frames: ['time.Sleep(0x1)', 'main.job(0x1)'], creator: 'main.main in goroutine 1' });
    const at = (first: number): string[] => [from(10, first, sender), from(10 + first, 8, inside), from(18 + first, 292 - first, sender)];
    expect((await judged(at(0), at(50), at(120))).found.filter((line) => !line.startsWith('info'))).toEqual([]);
    expect((await judged(at(0), at(50), at(120))).titles.join()).not.toMatch(/nobody/);
  });

  it('scatter and gather: others each time', async () => {
    const { found } = await judged([from(10, 240, abandoned)], [from(1000, 240, abandoned)], [from(2000, 260, abandoned)]);
    expect(found.filter((line) => !line.startsWith('info'))).toEqual([]);
  });

  it('sessions that log in and stay', async () => {
    const { found } = await judged([from(10, 200, session)], [from(10, 230, session)], [from(10, 260, session)]);
    expect(found.filter((line) => !line.startsWith('info'))).toEqual([]);
  });

  it('a burst that came and is over', async () => {
    expect((await judged([from(10, 100, abandoned)], [from(10, 160, abandoned)], [from(10, 160, abandoned)])).found).toEqual(['info hint goroutine/leak']);
  });
});

describe('senders that share a channel', () => {
  // One channel, and the one that starts them has it, too.
  const shared: Make = (id) => goroutine({ id, state: 'chan send', frames: ['runtime.chansend1(0xc000111110, 0x1)', 'main.produce(0xc000111110)'], creator: 'main.main.func1 in goroutine 6' });
  const spawner = goroutine({ id: 6, state: 'sleep', frames: ['time.Sleep(0x1)', 'main.main.func1(0xc000111110)'] });
  const lookAt = (first: number, count: number): string[] => [spawner, from(first, count, shared)];

  it('and become more, while none gets on, are a leak', async () => {
    expect(lacksTime(eventOf(await look(...lookAt(10, 200))))).toBe(true);
    const { found, titles } = await judged(lookAt(10, 200), lookAt(10, 250), lookAt(10, 300));
    expect(found).toEqual(['warning hint goroutine/leak']);
    expect(titles[0]).toContain('300 goroutines become more, and none of them gets on');
  });

  it('are counted when they come to it, however long ago they were started', async () => {
    const preparing = (first: number, count: number): string => from(first, count, (id) => goroutine({ id, state: 'sleep', frames: ['time.Sleep(0x1)', 'main.prepare()', 'main.produce(0xc000111110)'], creator: 'main.main.func1 in goroutine 6' }));
    const { found } = await judged([...lookAt(10, 200), preparing(210, 200)], [...lookAt(10, 250), preparing(260, 200)], [...lookAt(10, 300), preparing(310, 200)]);
    expect(found).toEqual(['warning hint goroutine/leak']);
  });

  it('and get on are back pressure', async () => {
    expect((await judged(lookAt(10, 200), lookAt(100, 200), lookAt(200, 200))).found).toEqual(['info hint goroutine/blocked']);
  });
});

describe('what waits for minutes by the clock of the collector', () => {
  const producer: Make = (id) => goroutine({ id, state: 'chan send, 5 minutes', frames: ['main.produce()'], creator: `main.handle in goroutine ${id + 100_000}` });

  it('is looked at again, and has not waited where it is seen to get on', async () => {
    expect(lacksTime(eventOf(await look(from(10, 300, producer))))).toBe(true);
    expect((await judged([from(10, 300, producer)], [from(10, 300, producer)])).found).toEqual(['warning hint goroutine/leak']);
    expect((await judged([from(10, 300, producer)], [from(120, 300, producer)])).found.filter((line) => !line.startsWith('info'))).toEqual([]);
  });
});

describe('locks', () => {
  const waits = (id: number, lock: string, has: string): string =>
    goroutine({ id, state: 'sync.Mutex.Lock', frames: ['internal/sync.runtime_SemacquireMutex(0x1, 0x0, 0x1)', `internal/sync.(*Mutex).lockSlow(${lock})`, 'sync.(*Mutex).Lock(...)', `main.transfer(${has}, ${lock})`] });
  const [a, b, c] = ['0xc000100000', '0xc000200000', '0xc000300000'];

  it('the same circle in every look is a warning', async () => {
    const circle = [waits(7, a, b), waits(8, b, a)];
    expect((await judged(circle, circle, circle)).found).toEqual(['warning hint goroutine/lock-cycle']);
  });

  it('a circle of others each time is contention', async () => {
    expect((await judged([waits(7, a, b), waits(8, b, a)], [waits(7, c, b), waits(8, b, a)], [waits(7, a, b), waits(8, b, a)])).found).toEqual(['info hint goroutine/lock-cycle']);
  });
});

describe('another look', () => {
  it('is taken where the first leaves a doubt', async () => {
    expect(lacksTime(eventOf(await look(from(10, 20, abandoned), other(400))))).toBe(true);
    expect(lacksTime(eventOf(await look(other(400))))).toBe(false);
    // What is old is judged as it is: seconds tell nothing of it.
    expect(lacksTime(eventOf(await look(from(10, 60, (id) => goroutine({ id, state: 'select, 3 minutes', frames: ['main.keepLease(0x1)'] })))))).toBe(false);
  });

  it('is not taken for what two have settled', async () => {
    const [first, same, more] = await Promise.all([look(from(10, 20, abandoned)), look(from(10, 20, abandoned)), look(from(10, 30, abandoned))]);
    expect(mayTellMore(settle([first, same], 2000), eventOf(same))).toBe(false);
    expect(mayTellMore(settle([first, more], 2000), eventOf(more))).toBe(true);
  });
});
