/** Places that say more than their state: who started them, what they hold, who is at the other side. */
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/report/index.ts';
import { goroutine, judge, parse, summary, times, type Written } from '../support/dumps.ts';

type Part = Omit<Written, 'id'> & { count: number; each?: (i: number) => Partial<Written> };

/** Ids are given from 100 on, so that small ones are those of goroutines that have ended. */
async function judged(...parts: Part[]): Promise<Finding[]> {
  return judge(await parse(written(...parts)));
}

function written(...parts: Part[]): string {
  let id = 100;
  const text = parts.flatMap(({ count, each, ...one }) => times(count, (i) => goroutine({ ...one, id: id++, ...each?.(i) })));
  return [goroutine({ id: 1, state: 'IO wait', frames: ['net.(*TCPListener).Accept(0xc000999990)', 'main.main()'], creator: '' }), ...text].join('');
}

const reading = { count: 40, state: 'IO wait', frames: ['internal/poll.(*FD).Read(0xc000111111)', 'net.(*conn).Read(0xc000111111)', 'net/http.(*conn).serve(0xc000111111)'] };
const selecting = { count: 40, state: 'select', frames: ['main.follow.func1()'] };
const startedBy = (first: number) => (i: number) => ({ creator: `main.handle in goroutine ${first + i}` });

describe('a select', () => {
  it('that outlived what started it is a leak', async () => {
    const [found, ...more] = await judged({ ...selecting, state: 'select, 4 minutes', each: startedBy(2) });
    expect(more).toEqual([]);
    expect(found).toMatchObject({ id: 'goroutine/leak', severity: 'warning', confidence: 'hint' });
    expect(found!.title).toContain('40 goroutines wait in a select that did not end with what started them: select in main.follow.func1');
    expect(found!.evidence.map(({ value }) => value)).toContain('40 of the 40 that were looked at closely have outlived the goroutine that started them: no request or caller waits for them any more');
  });

  it.each<[string, Part[]]>([
    ['whose creators live', [{ ...selecting, each: startedBy(140) }, reading]],
    ['with a reader of a connection beside it', [{ ...selecting, each: startedBy(2) }, { ...reading, frames: ['net.(*conn).Read(0xc000111111)', 'main.read(0xc000111111)'], each: startedBy(2) }]],
  ])('%s is none', async (_, parts) => {
    const found = await judged(...parts);
    expect(found.filter(({ id, severity }) => id === 'goroutine/leak' || (severity !== 'info' && id !== 'goroutine/truncated-dump'))).toEqual([]);
  });

  it('of a dump that is not whole is none: who is missing may live', async () => {
    const text = written({ ...selecting, each: startedBy(2) }, reading);
    for (const part of [text.slice(0, -40), text.replace('goroutine 1 [', 'goroutine 90 [')]) expect(judge(await parse(part)).map(({ id }) => id)).not.toContain('goroutine/leak');
  });

  it('with a context in a program that is position independent', async () => {
    expect(summary(await judged({ count: 40, state: 'select, 4 minutes', frames: ['main.follow({0x55d0c1a2b3c0, 0x55d0c1f00a20})'] }))).toEqual(['info hint goroutine/leak']);
    expect(summary(await judged({ count: 40, frames: ['main.follow({0x55d0c1a2b3c0, 0x55d0c1f00a20})'], each: (i) => ({ state: `select, ${80 - 2 * i} minutes` }) }))).toEqual(['warning hint goroutine/leak']);
    expect(summary(await judged({ count: 40, state: 'select', frames: ['main.follow({0x55d0c1a2b3c0, 0xc000123450})'] }))).toEqual(['info hint goroutine/blocked']);
  });

  it('of workers that are methods of one thing is a pool', async () => {
    expect(await judged({ count: 300, state: 'select, 9 minutes', frames: ['main.(*crawler).fetch(0xc000123450)'] })).toEqual([]);
  });
});

describe('well-known places', () => {
  const below = (state: string, ...frames: string[]) => ({ count: 40, state, frames: [...frames, 'main.use(0xc000123450)'] });

  it.each<[string, Part, string, RegExp]>([
    ['a pipe that nobody reads', below('select, 4 minutes', 'io.(*pipe).write(0xc000555550)', 'io.(*PipeWriter).Write(...)'), 'warning hint goroutine/leak', /write into an io\.Pipe that nobody reads: select in main\.use/],
    ['a pool of connections', below('select, 3 minutes', 'database/sql.(*DB).conn(0xc000555550)'), 'warning hint goroutine/blocked', /wait for a free connection of a database\/sql pool/],
    ['an upstream', below('select, 20 minutes', 'net/http.(*persistConn).roundTrip(0xc000555550)'), 'warning hint goroutine/blocked', /wait for the answer to an HTTP request/],
    ['a file watch', { count: 40, state: 'select, 4 minutes', frames: ['github.com/fsnotify/fsnotify.(*Watcher).sendEvent(0xc000555550)', 'github.com/fsnotify/fsnotify.(*Watcher).readEvents(0xc000555550)'] }, 'warning hint goroutine/leak', /have an event of a file watch that nobody reads/],
    ['answers that are not closed', { count: 40, state: 'select, 4 minutes', frames: ['net/http.(*persistConn).readLoop(0xc000555550)'], creator: 'net/http.(*Transport).dialConn in goroutine 1' }, 'warning hint goroutine/leak', /hold answers whose bodies are not closed/],
  ])('%s', async (_, part, expected, title) => {
    const [found, ...more] = await judged(part);
    expect(more).toEqual([]);
    expect(summary([found!])).toEqual([expected]);
    expect(found!.title).toMatch(title);
  });

  it('answers that somebody reads are none', async () => {
    const waiting = { count: 40, state: 'select', frames: ['net/http.(*persistConn).readLoop(0xc000555550)'] };
    expect(await judged(waiting, { count: 40, state: 'IO wait', frames: ['net/http.(*bodyEOFSignal).Read(0xc000666660)', 'io.copyBuffer(0xc000777770)'] })).toEqual([]);
    expect(await judged({ ...waiting, state: 'select, 9 minutes' }, { count: 40, state: 'IO wait', frames: ['net/http.(*bodyEOFSignal).Read(0xc000666660)', 'io.copyBuffer(0xc000777770)'] })).toEqual([]);
    expect(await judged({ ...waiting, state: 'IO wait' })).toEqual([]);
  });

  it('peers that say nothing are told, however many there are', async () => {
    const talking = { state: 'IO wait', frames: ['net.(*conn).Read(0xc000111111)', 'main.talk(0xc000111111)'] };
    expect(summary(await judged({ ...talking, count: 40 }))).toEqual(['info hint goroutine/blocked']);
    expect(summary(await judged({ ...talking, count: 1200, state: 'IO wait, 5 minutes' }))).toEqual(['info hint goroutine/blocked']);
  });
});

describe('requests', () => {
  const serving = ['net/http.HandlerFunc.ServeHTTP(0x1, {0x2, 0x3}, 0x4)', 'net/http.(*conn).serve(0xc000123456)'];

  it('that stream are told only', async () => {
    expect(summary(await judged({ count: 90, state: 'select, 20 minutes', frames: ['main.stream(...)', ...serving] }, { ...reading, count: 100 }))).toEqual(['info hint goroutine/blocked']);
  });

  it('that wait for an upstream, or sleep, are warned of', async () => {
    const upstream = { count: 20, state: 'select, 3 minutes', frames: ['net/http.(*persistConn).roundTrip(0xc000555550)', 'main.price(...)', ...serving] };
    expect((await judged(upstream, reading))[0]!.title).toContain('20 goroutines are requests whose handlers wait for the answer to an HTTP request: select in main.price');
    expect(summary(await judged({ count: 20, state: 'sleep, 3 minutes', frames: ['time.Sleep(0x45d964b800)', 'main.slow(...)', ...serving] }, reading))).toEqual(['warning hint goroutine/blocked']);
  });
});

describe('sends', () => {
  const sending = { count: 120, state: 'chan send', frames: ['main.(*log).write(0xc000777770)'] };

  it('to what nobody receives are a leak', async () => {
    expect(summary(await judged({ ...sending, state: 'chan send, 4 minutes' }))).toEqual(['warning hint goroutine/leak']);
    const [fresh] = await judged(sending);
    expect(fresh).toMatchObject({ id: 'goroutine/leak', severity: 'info' });
    expect(fresh!.title).toContain('wait to send, and nobody may receive');
  });

  it('to one that is slow are back pressure, and it is named', async () => {
    const [found] = await judged(sending, { count: 1, state: 'IO wait', frames: ['os.(*File).Write(0xc000888880)', 'main.(*log).drain(0xc000777770)'] });
    expect(found).toMatchObject({ id: 'goroutine/blocked', severity: 'info' });
    expect(found!.title).toContain('wait to send, and goroutine 220 in main.(*log).drain (main.go:11) (IO wait) may be the one that receives');
  });

  it('are not said to go to another sender, nor to what started them', async () => {
    const resting = { count: 1, state: 'sleep', frames: ['time.Sleep(0x1)', 'main.(*log).write(0xc000777770)'] };
    const starting = { count: 1, state: 'sleep', frames: ['time.Sleep(0x1)', 'main.main.func1(0xc000777770)'] };
    const spawned = { ...sending, creator: 'main.main.func1 in goroutine 1' };
    const [found] = await judged(resting, spawned, starting);
    expect(found!.title).toMatch(/^120 goroutines wait to send, and nobody may receive: chan send in main\.\(\*log\)\.write/);
    expect(found!.evidence.map(({ value }) => String(value)).join('\n')).toContain('main.main.func1 (main.go:11) (sleep) has the same at hand, and runs what started them: nobody else is seen who may receive');
    const [other] = await judged(resting, spawned, starting, { count: 1, state: 'sleep', frames: ['time.Sleep(0x1)', 'main.consume(0xc000777770)'] });
    expect(other!.title).toContain('main.consume (main.go:11) (sleep) may be the one that receives');
  });
});

describe('turns at one descriptor', () => {
  const turn = (how: 'read' | 'write', ...calls: string[]): string[] => ['internal/poll.runtime_Semacquire(0xc000333338)', 'internal/poll.(*fdMutex).rwlock(0xc000333300, 0x1)', `internal/poll.(*FD).${how}Lock(...)`, ...calls];
  const inTurn = { state: 'IO wait, 3 minutes', frames: ['internal/poll.runtime_pollWait(0x1, 0x72)', 'internal/poll.(*FD).ReadFromInet4(0xc000333300)', 'main.serve(0xc000444440)'] };

  it.each([
    ['to read', turn('read', 'internal/poll.(*FD).ReadFromInet4(0xc000333300)', 'net.(*UDPConn).ReadFromUDP(0xc000444440)', 'main.serve(0xc000444440)')],
    ['to accept', turn('read', 'internal/poll.(*FD).Accept(0xc000333300)', 'net.(*TCPListener).Accept(0xc000444440)', 'main.serve(0xc000444440)')],
  ])('%s are no locks, however many take them', async (_, frames) => {
    expect(await judged({ count: 1, ...inTurn }, { count: 1999, state: 'semacquire, 3 minutes', frames })).toEqual([]);
  });

  it('nor are they part of a circle', async () => {
    const closures = ['main.main.func1(0xc000555550)', 'main.main.func2(0xc000666660)'];
    const reader = { count: 1, state: 'semacquire, 3 minutes', frames: turn('read', 'internal/poll.(*FD).Read(0xc000333300)', 'main.read(0xc000444440)') };
    const waiting = { count: 1, state: 'sync.Mutex.Lock, 3 minutes', frames: ['internal/sync.(*Mutex).lockSlow(0xc000777770)', 'sync.(*Mutex).Lock(...)', closures[0]!] };
    expect((await judged(reader, waiting, { count: 1, ...inTurn })).map(({ id }) => id)).toEqual(['goroutine/lock-holder']);
  });

  it('to write are told: whoever has the turn waits for the other end', async () => {
    const found = await judged({ count: 300, state: 'semacquire, 3 minutes', frames: turn('write', 'internal/poll.(*FD).Write(0xc000333300)', 'os.(*File).Write(0xc000444440)', 'main.report(0xc000444440)') }, { count: 1, ...inTurn });
    expect(summary(found)).toEqual(['warning hint goroutine/blocked']);
    expect(found[0]!.title).toContain('300 goroutines wait for their turn to write to a connection or file whose other end does not read: semacquire in main.report');
  });
});

describe('locks of a function that is not over', () => {
  const waiting = (lock: string, func: string) => ({ count: 1, state: 'sync.Mutex.Lock, 3 minutes', frames: [`internal/sync.(*Mutex).lockSlow(${lock})`, 'sync.(*Mutex).Lock(...)', func] });
  const gates = [waiting('0xc000123450', 'main.warm.func1(0x1)'), waiting('0xc000123460', 'main.warm.func2(0x1)')];

  it('are no circle while it is in that function', async () => {
    const found = await judged(...gates, { count: 1, state: 'chan receive, 3 minutes', frames: ['main.warm()', 'main.main()'], creator: '' });
    expect(found.map(({ id }) => id)).not.toContain('goroutine/lock-cycle');
    expect((await judged(...gates, reading)).map(({ id }) => id)).toContain('goroutine/lock-cycle');
  });
});

describe('a semaphore', () => {
  const waiting = { count: 120, state: 'chan send', frames: ['main.crawl.func1()'], creator: 'main.crawl in goroutine 1' };
  const inside = (count: number) => ({ ...waiting, count, state: 'sleep', frames: ['time.Sleep(0x2dc6c0)', 'main.crawl.func1()'] });

  it('that others are through is a queue, and told only', async () => {
    expect(summary(await judged(waiting, inside(4)))).toEqual(['info hint goroutine/blocked']);
    const [found, ...more] = await judged({ ...waiting, state: 'chan send, 3 minutes' }, inside(4));
    expect(summary([found!, ...more])).toEqual(['info hint goroutine/blocked']);
    expect(found!.title).toContain('120 goroutines wait in line: chan send in main.crawl.func1');
    expect(summary(await judged({ ...waiting, state: 'chan send, 3 minutes' }, inside(4), { ...reading, count: 200 }))).toEqual(['info hint goroutine/blocked']);
    // Each started by a goroutine of its own, which has ended: what is at work is another request's.
    expect(summary(await judged({ ...waiting, state: 'chan send, 3 minutes', each: startedBy(2) }, inside(4)))).toEqual(['warning hint goroutine/leak']);
    expect(summary(await judged({ ...waiting, count: 1492 }, inside(4)))).toEqual(['info hint goroutine/leak']);
  });
});

describe('a weighted semaphore', () => {
  const acquire = { count: 300, state: 'select, 4 minutes', frames: ['main.(*Weighted).Acquire(0xc000555550, {0x97a260, 0xd8ed60})', 'main.batch.func1()'], creator: 'main.batch in goroutine 1' };

  it('that some are through is a queue', async () => {
    const [found] = await judged(acquire, { ...acquire, count: 10, state: 'sleep', frames: ['time.Sleep(0xb2d05e00)', 'main.batch.func1()'] });
    expect(found).toMatchObject({ id: 'goroutine/blocked', severity: 'info' });
    expect(found!.title).toContain('300 goroutines wait in line: select in main.(*Weighted).Acquire');
  });

  it('that nobody is through may be a leak', async () => {
    expect(summary(await judged(acquire))).toEqual(['info hint goroutine/leak']);
  });
});

describe('sends to one that was started with them', () => {
  const producers = { count: 40, state: 'chan send, 4 minutes', frames: ['main.flush.func1()'], creator: 'main.flush in goroutine 1' };
  const consumer = { count: 1, state: 'sleep, 4 minutes', frames: ['time.Sleep(0x1bf08eb000)', 'main.flush.func2()'], creator: 'main.flush in goroutine 1' };

  it('and is busy for as long are back pressure', async () => {
    const [found] = await judged(producers, consumer);
    expect(found).toMatchObject({ id: 'goroutine/blocked', severity: 'info' });
    const old = (part: typeof producers): Part => ({ ...part, state: part.state.replace('4 minutes', '12 minutes') });
    expect(summary(await judged(old(producers), old(consumer)))).toEqual(['warning hint goroutine/blocked']);
    expect(found!.title).toContain('40 goroutines wait to send, and goroutine 140 in main.flush.func2 (main.go:11) (sleep) may be the one that receives');
  });

  it.each<[string, Partial<Part>]>([
    ['that got on since', { state: 'sleep' }],
    ['that accepts connections', { state: 'IO wait, 4 minutes', frames: ['net.(*TCPListener).Accept(0xc000777770)', 'main.flush.func2()'] }],
    ['that another one started', { creator: 'main.flush in goroutine 90' }],
    ['that a server started, as it starts all its requests', { creator: 'net/http.(*Server).Serve in goroutine 1' }],
    ['that waits for one of them itself', { state: 'chan receive, 4 minutes' }],
  ])('are not those to one %s', async (_, change) => {
    const senders = { ...producers, creator: change.creator?.startsWith('net/http.') ? change.creator : producers.creator };
    expect(summary(await judged(senders, { ...consumer, ...change }))).toContain('warning hint goroutine/leak');
  });

  it('have one name in every form: the channel, which only SIGQUIT tells, makes no difference', async () => {
    const frames = ['runtime.chansend(0xc000123450, 0xc000999990, 0x1)', 'runtime.chansend1(...)', 'main.limited(...)'];
    for (const form of [frames, frames.slice(-1)]) expect(summary(await judged({ ...producers, frames: form }))).toEqual(['warning hint goroutine/leak']);
  });
});

describe('most goroutines, for minutes', () => {
  it('in reads of peers that say nothing are told: idle clients are the work of a server', async () => {
    const serving = { count: 180, state: 'IO wait, 4 minutes', frames: ['internal/poll.(*FD).Read(0xc000111111)', 'net.(*conn).Read(0xc000111111)', 'main.serveConn(0xc000111111)'] };
    const [found] = await judged(serving);
    expect(found).toMatchObject({ id: 'goroutine/blocked', severity: 'info' });
    expect(found!.remedy[0]!.command).toBe('ss -tnop state established');
  });

  it('asleep are told, and a thousand whose requests are over must be looked at', async () => {
    const asleep = { count: 1200, state: 'sleep, 4 minutes', frames: ['time.Sleep(0x34630b8a000)', 'main.retryLater()'] };
    const [found] = await judged(asleep);
    expect(found).toMatchObject({ id: 'goroutine/blocked', severity: 'info' });
    expect(summary(await judged({ ...asleep, each: (i) => ({ creator: `main.handle in goroutine ${10_000 + i}` }) }))).toEqual(['warning hint goroutine/blocked']);
    expect(found!.title).toBe('1,200 goroutines are asleep: sleep in main.retryLater (main.go:11) for about 4 min');
    expect(summary(await judged({ ...asleep, count: 60 }))).toEqual(['info hint goroutine/blocked']);
    expect(await judged({ ...asleep, state: 'sleep' })).toEqual([]);
  });
});

describe('what comes one by one', () => {
  const receiving = (count: number, state: (i: number) => string): Part => ({ count, frames: ['main.consume(...)'], each: (i) => ({ state: state(i) }) });
  const minutes = (waited: number): string => (waited < 1 ? 'chan receive' : `chan receive, ${waited} minutes`);

  it.each<[string, Part[], string]>([
    ['and never gets on is warned of where it is most of all', [receiving(90, (i) => minutes(90 - i))], 'warning hint goroutine/blocked'],
    ['is told where it is not', [receiving(90, (i) => minutes(90 - i)), { ...reading, count: 120 }], 'info hint goroutine/blocked'],
    ['and is over since is told', [receiving(90, (i) => minutes(600 - i))], 'info hint goroutine/blocked'],
    ['and gets on now and then is told', [receiving(90, (i) => minutes((90 - i) % 7 === 0 ? 0 : ((i * 37) % 90) + 1))], 'info hint goroutine/blocked'],
    ['and stands still together is told', [receiving(90, () => minutes(40))], 'info hint goroutine/blocked'],
  ])('%s', async (_, parts, expected) => {
    expect(summary(await judged(...parts))).toEqual([expected]);
  });
});

const lock = (address: string, ...users: string[]): string[] => ['internal/sync.(*Mutex).lockSlow(ADDRESS)'.replace('ADDRESS', address), 'internal/sync.(*Mutex).Lock(...)', 'sync.(*Mutex).Lock(...)', ...users];

describe('locks inside of things', () => {
  const [a, b] = ['0xc000100000', '0xc000200000'];
  const [lockA, lockB] = ['0xc000100018', '0xc000200018'];
  const waits = (state: string, address: string, ...users: string[]) => ({ count: 1, state, frames: lock(address, ...users) });

  it('are taken in different order in one function', async () => {
    const both = (minutes: string): Part[] => [
      waits(`sync.Mutex.Lock${minutes}`, lockB, `main.move(${a}, ${b}, 0x1)`),
      waits(`sync.Mutex.Lock${minutes}`, lockA, `main.move(${b}, ${a}, 0x1)`),
      reading,
    ];
    const [moment] = await judged(...both(''));
    expect(moment).toMatchObject({ id: 'goroutine/lock-cycle', severity: 'info' });
    expect(moment!.title).toContain('may wait for each other');
    expect(moment!.remedy.map(({ text }) => text).join()).not.toMatch(/restart of the process/);
    const [found] = await judged(...both(', 4 minutes'));
    expect(found).toMatchObject({ id: 'goroutine/lock-cycle', severity: 'critical', confidence: 'likely' });
    expect(found!.evidence.map(({ name }) => name).sort()).toEqual(['goroutine 100', 'goroutine 101', `lock ${lockA}`, `lock ${lockB}`]);
  });

  it('of another thing of the same type is not taken twice', async () => {
    const [found] = await judged(waits('sync.Mutex.Lock, 4 minutes', lockB, `main.(*node).touch(${b})`, `main.(*node).visit(${a})`), { ...waits('sync.Mutex.Lock, 4 minutes', lockB, `main.(*node).touch(${b})`), count: 12 }, reading);
    expect(found).toMatchObject({ id: 'goroutine/lock-holder' });
    const [twice] = await judged(waits('sync.Mutex.Lock, 4 minutes', lockB, `main.(*node).touch(${b})`, `main.(*node).visit(${b})`), { ...waits('sync.Mutex.Lock, 4 minutes', lockB, `main.(*node).touch(${b})`), count: 12 }, reading);
    expect(twice).toMatchObject({ id: 'goroutine/lock-cycle', confidence: 'likely' });
  });

  it('three in a circle', async () => {
    const [c, lockC] = ['0xc000300000', '0xc000300018'];
    const [found] = await judged(
      waits('sync.Mutex.Lock, 4 minutes', lockB, `main.move(${a}, ${b})`),
      waits('sync.Mutex.Lock, 4 minutes', lockC, `main.move(${b}, ${c})`),
      waits('sync.Mutex.Lock, 4 minutes', lockA, `main.move(${c}, ${a})`),
      reading,
    );
    expect(found).toMatchObject({ id: 'goroutine/lock-cycle', severity: 'critical' });
    expect(found!.title).toMatch(/^3 goroutines wait for each other/);
  });

  it('are no circle while somebody works inside', async () => {
    const found = await judged(
      waits('sync.Mutex.Lock', lockB, `main.move(${a}, ${b}, 0x1)`),
      waits('sync.Mutex.Lock', lockA, `main.move(${b}, ${a}, 0x1)`),
      { count: 1, state: 'running', frames: [`main.move(${a}, ${b}, 0x1)`] },
      reading,
    );
    expect(found).toEqual([]);
  });

  it('of one thing that has two', async () => {
    const [found] = await judged(waits('sync.Mutex.Lock, 4 minutes', '0xc000100008', `main.(*t).one(${a})`), waits('sync.Mutex.Lock, 4 minutes', '0xc000100010', `main.(*t).two(${a})`), reading);
    expect(found).toMatchObject({ id: 'goroutine/lock-cycle', confidence: 'likely' });
  });

  it('without addresses of owners may be one: a hint that says so', async () => {
    const parts = (minutes: string): Part[] => [waits(`sync.Mutex.Lock${minutes}`, '0x5f8a20', 'main.load()'), waits(`sync.Mutex.Lock${minutes}`, '0x5f8a28', 'main.store()'), reading];
    const [found] = await judged(...parts(', 4 minutes'));
    expect(found).toMatchObject({ id: 'goroutine/lock-cycle', severity: 'warning', confidence: 'hint' });
    expect(found!.title).toContain('seem to wait for each other');
    expect(summary(await judged(...parts('')))).toEqual(['info hint goroutine/lock-cycle']);
  });

  it('of two things, each waited for by one that knows its own only, are no circle', async () => {
    const things = (...users: [string, string]): Part[] => [waits('sync.Mutex.Lock, 4 minutes', '0xc000100018', users[0]), waits('sync.Mutex.Lock, 4 minutes', '0xc000200010', users[1]), reading];
    const found = await judged(...things('main.(*cache).get(0xc000100000, 0x1)', 'main.(*index).add(0xc000200000, 0x2)'));
    expect(found.map(({ id }) => id)).not.toContain('goroutine/lock-cycle');
    expect(found.map(({ title }) => title).join()).toContain('who holds it is not known');
    const crossed = await judged(...things('main.(*cache).get(0xc000100000, 0xc000200000)', 'main.(*index).add(0xc000200000, 0xc000100000)'));
    expect(crossed[0]).toMatchObject({ id: 'goroutine/lock-cycle', severity: 'critical' });
  });

  it('one that is stuck and one that is wanted for a moment are no circle', async () => {
    const stuck = { ...waits('sync.Mutex.Lock, 4 minutes', '0x5f8a20', 'main.load()'), count: 40 };
    expect((await judged(stuck, waits('sync.Mutex.Lock', '0x5f8a28', 'main.store()'), reading)).map(({ id }) => id)).toEqual(['goroutine/lock-holder']);
  });

  it('of many copies that were not unlocked are no circle', async () => {
    const copies = times(8, (i) => ({ ...waits('sync.Mutex.Lock, 4 minutes', `0xc0004000${i}8`, `main.(*ledger).add(0xc0004000${i}0)`), count: 4 }));
    expect((await judged(...copies, reading)).map(({ id }) => id)).not.toContain('goroutine/lock-cycle');
  });

  it('name who is inside by what the lock is part of', async () => {
    const [found] = await judged({ ...waits('sync.Mutex.Lock, 4 minutes', lockA, `main.(*pool).put(${a})`), count: 40 }, { count: 1, state: 'chan receive, 9 minutes', frames: [`main.drain(${a})`] }, reading);
    expect(found!.title).toContain('is inside, in main.drain');
    expect(found).toMatchObject({ id: 'goroutine/lock-holder', confidence: 'likely' });
  });
});
