import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/report/index.ts';
import { goroutine, judge, parse, summary, times, type Written } from '../support/dumps.ts';

async function judged(...parts: (Omit<Written, 'id'> & { count: number; object?: (i: number) => string })[]): Promise<Finding[]> {
  let id = 1;
  const text = parts.flatMap(({ count, object, ...one }) =>
    times(count, (i) => goroutine({ ...one, id: id++, ...(object && { frames: (one.frames ?? ['main.work(OBJECT)']).map((frame) => frame.replace('OBJECT', object(i))) }) })),
  );
  return judge(await parse(text.join('')));
}

const own = (i: number): string => `0xc0000${(10_000 + i).toString(16)}`;
const same = (): string => '0xc000123456';
const others = { count: 30, state: 'IO wait', frames: ['net.(*conn).Read(0xc000111111)'] };

describe('what is a leak', () => {
  it.each<[string, Parameters<typeof judged>[0], string[]]>([
    ['sends that are fresh, however many, are told only', { count: 2000, state: 'chan send' }, ['info hint goroutine/leak']],
    ['a few abandoned sends that have waited', { count: 12, state: 'chan send, 7 minutes' }, ['warning hint goroutine/leak']],
    ['two minutes may be a moment: the collector counts from the collection before', { count: 300, state: 'chan send, 2 minutes' }, ['info hint goroutine/leak']],
    ['a few that are fresh are none', { count: 12, state: 'chan send' }, []],
    ['receives, each on its own, that are fresh', { count: 150, state: 'chan receive', object: own }, ['info hint goroutine/blocked']],
    ['the same for minutes', { count: 150, state: 'chan receive, 4 minutes', object: own }, ['info hint goroutine/blocked']],
    ['a thousand of them', { count: 1100, state: 'chan receive, 12 minutes', object: own }, ['warning hint goroutine/blocked']],
    ['idle workers of one channel are none', { count: 500, state: 'chan receive, 9 minutes', object: same }, []],
    ['workers by name are told', { count: 500, state: 'chan receive, 9 minutes', frames: ['main.(*Pool).worker(...)'] }, ['info hint goroutine/blocked']],
    ['a thousand of them are too many for a name', { count: 3000, state: 'chan receive, 9 minutes', frames: ['main.(*connPool).get(0x1)'] }, ['warning hint goroutine/blocked']],
    ['six thousand, fresh, are not passed over', { count: 6000, state: 'chan receive', frames: ['main.worker(0x1)'] }, ['info hint goroutine/blocked']],
    ['watchers with contexts are told, not warned of', { count: 40, state: 'select, 9 minutes', frames: ['main.watch(...)'] }, ['info hint goroutine/blocked']],
    ['a select with a global context', { count: 40, state: 'select, 9 minutes', frames: ['main.watch(0xc000123456, {0x7ced10, 0x9f0620})'] }, ['info hint goroutine/leak']],
    ['a thousand that wait for minutes', { count: 1000, state: 'select, 4 minutes', frames: ['main.watch(...)'] }, ['warning hint goroutine/blocked']],
    ['idle client connections are none', { count: 300, state: 'select, 9 minutes', frames: ['net/http.(*persistConn).writeLoop(0xc000123456)'] }, []],
    ['proven by the collector, however few', { count: 2, state: 'chan send (leaked)' }, ['warning certain goroutine/leak']],
    ['proven, and very many', { count: 10_000, state: 'chan send (leaked)' }, ['critical certain goroutine/leak']],
    ['one nil channel is an idiom', { count: 1, state: 'chan receive (nil chan), 3 minutes' }, ['info certain goroutine/nil-channel']],
    ['more are none', { count: 5, state: 'chan receive (nil chan)' }, ['warning certain goroutine/nil-channel']],
  ])('%s', async (_, part, expected) => {
    expect(summary(await judged(part, others))).toEqual(expected);
  });

  it('tells its reasons one by one', async () => {
    const [found] = await judged({ count: 200, state: 'chan receive, 12 minutes', object: own }, others);
    const reasons = found!.evidence.filter(({ name }) => name.startsWith('reason')).map(({ value }) => String(value));
    expect(reasons).toEqual([
      '200 at one place are 87% of all goroutines',
      'all of them have waited for minutes',
      'each of the 200 that tell it waits on a object of its own, which no other waiting goroutine has',
      'they have waited for about as long as each other: what was set up at one time and has nothing to do waits so, and what got stuck at one time',
    ].map((reason) => reason.replace('a object', 'an object')));
  });

  it('leaves the main goroutine alone', async () => {
    expect(await judged({ count: 1, state: 'select (no cases)', frames: ['main.main()'], creator: '' }, others)).toEqual([]);
  });
});

const lock = (address: string, user: string, ...callers: string[]): string[] => [
  'internal/sync.runtime_SemacquireMutex(0x0?, 0x0?, 0x0?)', `internal/sync.(*Mutex).lockSlow(${address})`, 'internal/sync.(*Mutex).Lock(...)', 'sync.(*Mutex).Lock(...)', user, ...callers,
];

describe('locks', () => {
  const waiting = { count: 40, state: 'sync.Mutex.Lock, 5 minutes', frames: lock('0xc000222220', 'main.(*cache).get(0xc000222200)') };

  it('name who is inside by the address', async () => {
    const [found] = await judged(waiting, { count: 1, state: 'IO wait, 37 minutes', frames: ['net.(*conn).Read(0xc000111111)', 'main.fetch(0xc000222220)'] }, others);
    expect(found).toMatchObject({ id: 'goroutine/lock-holder', severity: 'warning', confidence: 'likely' });
    expect(found!.title).toContain('goroutine 41 is inside, in main.fetch (main.go:11): IO wait for about 37 min');
  });

  it('or say that one of the type may be: which instance it has nobody knows', async () => {
    const inside = (count: number) => judged(waiting, { count, state: 'chan send', frames: ['main.(*cache).fill(...)'] }, others);
    expect((await inside(1))[0]).toMatchObject({ confidence: 'hint', severity: 'warning' });
    expect((await inside(1))[0]!.title).toContain('may be inside, in main.(*cache).fill');
    const [several] = await judged(waiting, { count: 1, state: 'chan send', frames: ['main.(*cache).fill(...)'] }, { count: 1, state: 'IO wait', frames: ['main.(*cache).load(...)'] });
    expect(several).toMatchObject({ confidence: 'hint' });
  });

  it('say that nobody is seen inside', async () => {
    const [found] = await judged(waiting, others);
    expect(found!.title).toContain('nobody in the dump is seen inside it');
    expect(found).toMatchObject({ confidence: 'hint' });
  });

  it('critical: a thousand for minutes, and a holder', async () => {
    const [found] = await judged({ ...waiting, count: 1000 }, { count: 1, state: 'IO wait, 9 minutes', frames: ['main.fetch(0xc000222220)'] });
    expect(found).toMatchObject({ severity: 'critical', confidence: 'likely' });
  });

  it('a moment of contention is nothing', async () => {
    expect(await judged({ ...waiting, count: 60, state: 'sync.Mutex.Lock' }, { ...others, count: 200 })).toEqual([]);
  });

  it('several addresses are several locks, told once where code and type are the same', async () => {
    const second = { ...waiting, frames: lock('0xc000333330', 'main.(*cache).get(0xc000333300)') };
    const third = { ...waiting, frames: lock('0xc000444440', 'main.(*users).get(0xc000444400)') };
    const found = await judged(waiting, second, third, others);
    expect(found.map(({ evidence }) => evidence.find(({ name }) => name === 'address')!.value)).toEqual(['0xc000444440', '0xc000222220']);
    expect(found[1]!.title).toMatch(/ wait for 2 locks of one kind, up to \d+ for one mutex of main\.\(\*cache\)/);
  });

  it('two in opposite order, seen by their addresses', async () => {
    const a = '0xc000aaaaa0';
    const b = '0xc000bbbbb0';
    const one = { count: 1, state: 'sync.Mutex.Lock, 4 minutes', frames: lock(a, 'main.take(0x1)', `main.both(${b}, ${a})`) };
    const other = { count: 1, state: 'sync.Mutex.Lock, 4 minutes', frames: lock(b, 'main.take(0x1)', `main.both(${a}, ${b})`) };
    const [found] = await judged(one, other, others);
    expect(found).toMatchObject({ id: 'goroutine/lock-cycle', severity: 'critical', confidence: 'likely' });
  });
});

describe('requests', () => {
  const serving = ['main.slow(...)', 'net/http.HandlerFunc.ServeHTTP(0x1, {0x2, 0x3}, 0x4)', 'net/http.(*conn).serve(0xc000123456)'];

  it('that do not end are told, and what a shutdown waits for', async () => {
    const requests = { count: 20, state: 'chan receive, 3 minutes', frames: serving };
    expect(summary(await judged(requests, others))).toEqual(['warning hint goroutine/blocked']);
    const closing = { count: 1, state: 'select', frames: ['net/http.(*Server).Shutdown(0xc000123456)'] };
    const found = await judged(requests, closing, others);
    expect(summary(found)).toEqual(['warning likely goroutine/blocked']);
    expect(found[0]!.title).toContain('a shutdown waits for 20 requests');
  });

  it('a short drain is as it should be', async () => {
    const found = await judged({ count: 5, state: 'chan receive', frames: serving }, { count: 1, state: 'select', frames: ['net/http.(*Server).Shutdown(0xc000123456)'] }, others);
    expect(summary(found)).toEqual(['info hint goroutine/blocked']);
  });
});

describe('a title', () => {
  it('says a waiting time of those only that tell it', async () => {
    const text = times(300, (i) => goroutine({ id: 100 + i, state: i < 200 ? 'chan send, 4 minutes' : 'chan send', frames: ['main.query(0x1)'] })).join('');
    const [found] = judge(await parse(text));
    expect(found!.title).toMatch(/^300 goroutines .*, 200 of them for about 4 min$/);
  });
});
