/** Who is said to hold a lock: somebody whom the dump links to it, or nobody. */
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/report/index.ts';
import { goroutine, judge, parse, summary, times, type Written } from '../support/dumps.ts';

const mutex = (address: string, ...users: string[]): Omit<Written, 'id'> => ({ state: 'sync.Mutex.Lock, 4 minutes', frames: [`internal/sync.(*Mutex).lockSlow(${address})`, 'sync.(*Mutex).Lock(...)', ...users] });
const asleep = (...users: string[]): Omit<Written, 'id'> => ({ state: 'sleep, 4 minutes', frames: ['time.Sleep(0x2e90edd000)', ...users] });
const ticker = { state: 'sleep', frames: ['time.Sleep(0xb2d05e00)', 'main.main.func1()'] };

async function judged(...parts: Omit<Written, 'id'>[]): Promise<Finding[]> {
  return judge(await parse(parts.map((part, index) => goroutine({ ...part, id: index + 5 })).join('')));
}

const [A, B, C] = ['0x8cc27f28210', '0x8cc27f281f8', '0x8cc27f281e0'] as const;

describe('a list that is locked forward only', () => {
  const chain = mutex(C, `main.(*lnode).insert(0x0?, ${B})`, `main.(*lnode).insert(0x0?, ${A})`, 'main.(*lnode).insert(0x0?, 0x0)');
  const peeks = times(10, () => mutex(B, `main.(*lnode).peek(0x0?, ${C})`));

  it('is no deadlock while one is in the function that takes the wanted lock', async () => {
    const found = await judged(ticker, asleep('main.(*lnode).insert(0x0?, 0x0)'), chain, ...peeks);
    expect(found.map(({ id }) => id)).not.toContain('goroutine/lock-cycle');
    expect(found.filter(({ severity }) => severity === 'critical')).toEqual([]);
  });

  it('nor is a transfer while one that waits for nothing has an account', async () => {
    const first = times(10, () => mutex('0xc000000180', 'main.transfer(0xc000000180, 0xc000000198)'));
    const second = { state: 'sync.Mutex.Lock, 4 minutes', frames: ['internal/sync.(*Mutex).lockSlow(0xc000000198)', 'sync.(*Mutex).Lock(...)', '', 'main.transfer(0xc000000180, 0xc000000198)'].filter((frame) => frame !== '') };
    const later = (text: string): string => text.replace('main.go:12', 'main.go:15');
    const parts = [asleep('main.(*account).audit(0xc000000198)'), ...first].map((part, index) => goroutine({ ...part, id: index + 5 }));
    const found = judge(await parse([...parts, later(goroutine({ ...second, id: 40 }))].join('')));
    expect(found.map(({ id }) => id)).not.toContain('goroutine/lock-cycle');
    // Without it nobody is seen outside; but who waits for the first of two locks has no other yet.
    const alone = judge(await parse([...parts.slice(1), later(goroutine({ ...second, id: 40 }))].join('')));
    expect(alone.filter(({ confidence }) => confidence === 'likely')).toEqual([]);
  });

  it('is never told as a fact while one is in a method of the type', async () => {
    const found = await judged(ticker, asleep('main.(*lnode).print(0x0?, 0x0)'), chain, ...peeks);
    expect(found.filter(({ severity, confidence }) => severity === 'critical' || confidence === 'likely')).toEqual([]);
  });
});

describe('who holds a lock', () => {
  const get = times(10, () => mutex('0x183a6155e220', 'main.(*registry).get(0x183a6155e220)'));

  it('is not one of another type that was given what it is part of', async () => {
    const refresh = mutex('0x183a6155e230', 'main.(*driverT).ping(0x0?, 0x183a6155e220)', 'main.(*registry).refresh(0x0?, 0x0?)');
    const found = await judged(ticker, asleep('main.(*driverT).connect(0x0?, 0x183a6155e220)'), ...get, refresh);
    expect(summary(found)[0]).toBe('warning hint goroutine/lock-holder');
    expect(found[0]!.title).toMatch(/goroutine 17 came through main\.\(\*registry\)\.refresh .* may hold it while it waits for another lock/);
  });

  it('is not one that is inside another thing of the same type', async () => {
    const size = mutex('0xc000200000', 'main.(*dir).Size(0xc000200000)', 'main.(*dir).Size(0xc000100000)');
    const wait = times(19, () => mutex('0xc000100000', 'main.(*dir).Size(0xc000100000)'));
    const found = await judged(asleep('main.(*dir).Scan(0xc000200000)'), size, ...wait);
    expect(found.find(({ title }) => title.startsWith('19 '))!.title).toMatch(/goroutine 6 came through .* may hold it while it waits for another lock/);
  });

  it('is not a ticker, but may be one that came through a method of the type', async () => {
    const { frames } = mutex('0xc000100000', 'main.(*service).Stats(0xc000100000)', 'main.nested.func1()', 'main.(*service).Fire(0xc000100000)');
    const found = await judged(ticker, ...times(30, () => mutex('0xc000100000', 'main.(*service).Stats(0xc000100000)')), { state: 'sync.Mutex.Lock, 4 minutes', frames: frames! });
    expect(summary(found)).toEqual(['warning hint goroutine/lock-cycle']);
    expect(found[0]!.title).toMatch(/it may hold it itself \(main\.\(\*service\)\.Fire .* -> main\.\(\*service\)\.Stats/);
  });

  it('may be one that locks for reading again', async () => {
    const rlock = (...users: string[]) => ({ state: 'sync.RWMutex.RLock, 4 minutes', frames: ['sync.runtime_SemacquireRWMutexR(0x0?, 0x0?, 0x0?)', 'sync.(*RWMutex).RLock(0xc000100000)', ...users] });
    const writer = { state: 'sync.RWMutex.Lock, 4 minutes', frames: ['sync.runtime_SemacquireRWMutex(0x0?, 0x0?, 0x0?)', 'sync.(*RWMutex).Lock(0xc000100000)', 'main.(*reg).Set(0xc000100000)'] };
    const found = await judged(ticker, writer, rlock('main.(*reg).Len(0xc000100000)', 'main.(*reg).Sum(0xc000100000)'), ...times(30, () => rlock('main.(*reg).Len(0xc000100000)')));
    expect(summary(found)).toEqual(['warning hint goroutine/lock-cycle']);
    expect(found[0]!.title).toContain('may read-lock again while a writer waits');
  });

  it('may be one that is further on in the same function', async () => {
    const transfer = (object: string, line: number, ...args: string[]) => ({ state: 'sync.Mutex.Lock, 4 minutes', frames: mutex(object, `main.transfer(${args.join(', ')})`).frames!, line });
    const audit = asleep('main.(*account).audit(0xc000100018)');
    const found = await judged(audit, transfer('0xc000100018', 41, '0xc000100000', '0xc000100018'), ...times(15, () => transfer('0xc000100000', 39, '0xc000100018', '0xc000100000')));
    expect(found.find(({ title }) => title.startsWith('15 '))!.title).toMatch(/goroutine 6 is further on, in main\.transfer \(main\.go:41\) and may hold it while it waits for another lock$/);
  });

  it('is looked for elsewhere among those that have been there for as long', async () => {
    const spill = asleep('main.(*spiller).spill(0xc000700000)');
    const found = await judged(ticker, spill, ...times(20, () => mutex('0xc000100000', 'main.(*queue).put(0xc000100000)')));
    expect(found[0]!.evidence.filter(({ name }) => name === 'elsewhere in own code').map(({ value }) => value)).toEqual([expect.stringContaining('main.(*spiller).spill')]);
  });

  it('that sends for minutes is told, however few want the lock', async () => {
    const emit = { state: 'chan send, 4 minutes', frames: ['main.(*reactor).emit(0xc000100000)'] };
    const found = await judged(emit, mutex('0xc000100000', 'main.(*reactor).consume(0xc000100000)'));
    expect(summary(found)).toEqual(['warning likely goroutine/lock-holder']);
  });

  it('is the one that runs what a sync.Once runs', async () => {
    const wait = { ...mutex('0xae1e54', 'sync.(*Once).doSlow(0x0?, 0x7e2860)', 'sync.(*Once).Do(...)'), creator: 'main.onceDead in goroutine 1' };
    const runs = { state: 'chan receive, 4 minutes', frames: ['main.initAll()', 'sync.(*Once).doSlow(0x0?, 0x0?)', 'sync.(*Once).Do(...)'], creator: 'main.onceDead in goroutine 1' };
    const [found] = await judged(ticker, runs, ...times(49, () => wait));
    expect(found!.title).toMatch(/^49 goroutines wait for one sync\.Once .*goroutine 6 is probably inside, in main\.initAll/);
  });
});
