/** What looks like a fault and need not be one, and what looks harmless and is one. */
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/report/index.ts';
import { goroutine, judge, parse, summary, times, type Written } from '../support/dumps.ts';

type Part = Omit<Written, 'id'> & { count: number; each?: (i: number) => Partial<Written> };

/** Ids are given from 100 on, so that small ones are those of goroutines that have ended. */
async function judged(...parts: Part[]): Promise<Finding[]> {
  let id = 100;
  const text = parts.flatMap(({ count, each, ...one }) => times(count, (i) => goroutine({ ...one, id: id++, ...each?.(i) })));
  return judge(await parse([goroutine({ id: 1, state: 'IO wait', frames: ['net.(*TCPListener).Accept(0xc000999990)', 'main.main()'], creator: '' }), ...text].join('')));
}

const warnings = (found: readonly Finding[]): string[] => found.filter(({ severity }) => severity !== 'info').map(({ title }) => title);
const reading = { count: 30, state: 'IO wait', frames: ['net.(*conn).Read(0xc000111111)', 'net/http.(*conn).serve(0xc000111111)'] };
const served = ['net/http.HandlerFunc.ServeHTTP(0x1, {0x2, 0x3}, 0x4)', 'net/http.(*conn).serve(0xc000123456)'];
const own = (i: number): string => `0xc0000${(10_000 + i).toString(16)}`;

describe('a healthy program', () => {
  it.each<[string, Part[]]>([
    ['cron jobs that one goroutine set up', [{ count: 30, state: 'chan receive, 4 minutes', frames: ['main.cronJob(0x6fc23ac00)'], creator: 'main.setup in goroutine 7' }, { ...reading, count: 104 }]],
    ['back-off', [{ count: 200, state: 'chan receive', frames: ['main.retry(...)'], each: (i) => ({ creator: `main.start in goroutine ${2 + (i % 90)}` }) }]],
    ['a request and its answer', [{ count: 300, state: 'chan receive', each: (i) => ({ frames: [`main.call(${own(i)})`] }) }]],
    ['a limiter', [{ count: 1492, state: 'chan send', frames: ['main.limited()'] }]],
    ['workers of a Cond', [{ count: 200, state: 'sync.Cond.Wait', frames: ['sync.(*Cond).Wait(0xc000123450)', 'main.(*queue).worker(0xc000123400)'] }]],
    ['subscribers that have had nothing yet, alone in the program', [{ count: 250, state: 'chan receive, 9 minutes', each: (i) => ({ frames: [`main.consume(${own(i)})`] }) }]],
    ['modules that wait for the end of a context', [{ count: 200, state: 'chan receive, 40 minutes', frames: ['main.module({0xc000111110, 0xc000222220})'] }]],
    ['workers that have but one context', [{ count: 40, state: 'select, 9 minutes', frames: ['main.watch(0xc000123456, {0x7ced10, 0x9f0620})'] }]],
    ['a queue with nothing in it', [{ count: 120, state: 'sync.Cond.Wait, 9 minutes', frames: ['sync.(*Cond).Wait(0xc000123450)', 'main.(*Queue).Get(0xc000123400)'] }]],
    ['idle clients of a server that does nothing else, come one by one', [{ count: 1200, state: 'IO wait', frames: ['net.(*conn).Read(0xc000111111)', 'main.serveConn(0xc000111111)'], each: (i) => ({ state: `IO wait, ${600 - (i >> 1)} minutes` }) }]],
    ['actors of which some had something to do', [{ count: 1500, frames: ['main.(*actor).run(...)'], each: (i) => ({ state: (i * 7919) % 11 === 0 ? 'chan receive' : `chan receive, ${1 + ((i * 7919) % 83)} minutes` }) }]],
    ['services of tenants that were set up by requests, and work now and then', [{ count: 300, frames: ['main.(*tenant).run.func1()'], each: (i) => ({ creator: `main.handle in goroutine ${10_000 + i}`, state: `select, ${1 + ((i * 7919) % 83)} minutes` }) }]],
    ['streams of events in thousands', [{ count: 2500, state: 'select, 50 minutes', frames: ['main.events(...)', ...served] }]],
    ['long polls of a client', [{ count: 40, state: 'select, 4 minutes', frames: ['net/http.(*persistConn).roundTrip(0xc000666660)', 'main.watchKey(0xc000123450)'] }]],
    ['a batch in line for a semaphore of golang.org/x/sync', [
      { count: 1200, state: 'select, 20 minutes', frames: ['golang.org/x/sync/semaphore.(*Weighted).Acquire(0xc000555550)', 'main.batch.func1()'], creator: 'main.batch in goroutine 1' },
      { count: 10, state: 'sleep', frames: ['time.Sleep(0x1)', 'main.batch.func1()'], creator: 'main.batch in goroutine 1' },
    ]],
    ['contexts of a parent of an own type', [{ count: 200, state: 'select, 30 minutes', frames: ['context.(*cancelCtx).propagateCancel.func2()'], creator: 'context.(*cancelCtx).propagateCancel in goroutine 1' }]],
    ['streams of an HTTP/2 client, and their readers', [
      { count: 80, state: 'select, 30 minutes', frames: ['net/http.(*http2clientStream).writeRequest(0xc000555550)', 'net/http.(*http2clientStream).doRequest(0xc000555550)'], creator: 'net/http.(*http2ClientConn).roundTrip in goroutine 1' },
      { count: 80, state: 'sync.Cond.Wait, 30 minutes', frames: ['sync.(*Cond).Wait(0xc000666660)', 'net/http.(*http2pipe).Read(0xc000777770)', 'net/http.http2transportResponseBody.Read({0x1})', 'main.follow(0xc000888880)'] },
    ]],
    ['idle ones', [{ count: 24, state: 'sync.Cond.Wait, 3 minutes', frames: ['sync.(*Cond).Wait(0xc000123450)', 'main.(*queue).worker(0xc000123400)'] }]],
    ['a chat whose connections are idle, as SIGQUIT shows it', [
      { count: 150, state: 'chan receive, 9 minutes', each: (i) => ({ frames: [`runtime.chanrecv(${own(i)}, 0x0, 0x1)`, 'runtime.chanrecv2(0x0?, 0x0?)', 'main.(*wsClient).writePump(0x0?)', 'main.upgrade.gowrap2()'], creator: `main.upgrade in goroutine ${10_000 + i}` }) },
      { ...reading, count: 152, each: (i) => ({ creator: `main.upgrade in goroutine ${10_000 + i}` }) },
    ]],
    ['parallel tests', [
      { count: 180, state: 'chan receive, 4 minutes', frames: ['testing.(*T).Parallel(0xc000123450)', 'tp.TestMany.func1(0xc000123450)', 'testing.tRunner(0xc000123450, 0xc000123460)'], creator: 'testing.(*T).Run in goroutine 7' },
      { count: 4, state: 'sleep', frames: ['time.Sleep(0x1)', 'tp.TestMany.func1(0xc000123450)', 'testing.tRunner(0xc000123450, 0xc000123460)'], creator: 'testing.(*T).Run in goroutine 7' },
    ]],
    ['uploads that stream a pipe', [
      { count: 25, state: 'select, 3 minutes', frames: ['io.(*pipe).write(0xc000555550)', 'main.feed(0x1)'], each: (i) => ({ creator: `main.upload in goroutine ${100 + i}` }) },
      { count: 25, state: 'select, 3 minutes', frames: ['net/http.(*persistConn).roundTrip(0xc000666660)', 'net/http.(*Client).do(0xc000666670)', 'main.upload(0x1)'] },
      { count: 25, state: 'IO wait', frames: ['net.(*conn).Write(0xc000111111)', 'io.Copy(...)', 'net/http.(*transferWriter).writeBody(0xc000777770)', 'net/http.(*persistConn).writeLoop(0xc000666660)'], creator: 'net/http.(*Transport).dialConn in goroutine 3' },
      { ...reading, count: 60 },
    ]],
    ['subscribers', [{ count: 1500, state: 'chan receive', frames: ['main.subscriber(...)'] }]],
    ['a hot mutex', [{ count: 298, state: 'sync.Mutex.Lock', frames: ['internal/sync.(*Mutex).lockSlow(0xc000123450)', 'main.(*counter).add(0xc000123450)'] }, { count: 2, state: 'sleep', frames: ['time.Sleep(0x1)', 'main.(*counter).loop(0xc000123450)'] }]],
    ['a queue before a pool', [{ count: 1176, state: 'chan receive', frames: ['main.(*dbpool).get(0xc000123450)', ...served] }]],
    ['throttled uploads', [{ count: 150, state: 'select', frames: ['io.(*pipe).write(0xc000555550)', 'main.upload(0x1)'] }]],
    ['a quiet log', [{ count: 12, state: 'select, 3 minutes', frames: ['io.(*pipe).read(0xc000555550)', 'main.scan(0x1)'] }, reading]],
    ['streams over HTTP/2', [{ count: 120, state: 'select, 3 minutes', frames: ['main.stream(...)', 'net/http.HandlerFunc.ServeHTTP(...)', 'net/http.(*http2serverConn).runHandler(0xc000123456)'], creator: 'net/http.(*http2serverConn).scheduleHandler in goroutine 50' }]],
    ['a proxy of streams', [
      { count: 25, state: 'select, 3 minutes', frames: ['net/http.(*persistConn).readLoop(0xc000555550)'], creator: 'net/http.(*Transport).dialConn in goroutine 1' },
      { count: 25, state: 'IO wait', frames: ['net/http.(*bodyEOFSignal).Read(0xc000666660)', 'github.com/x/reverseproxy.(*Handler).copyResponse(0xc000777770)', ...served] },
      { ...reading, count: 60 },
    ]],
    ['a WaitGroup over workers that live', [
      { count: 20, state: 'sync.WaitGroup.Wait, 3 minutes', frames: ['sync.(*WaitGroup).Wait(0xc000123450)', 'main.proxy(0x1)'] },
      { count: 40, state: 'IO wait', frames: ['net.(*conn).Read(0xc000111111)', 'io.Copy(...)'], each: (i) => ({ creator: `main.proxy in goroutine ${100 + (i % 20)}` }) },
    ]],
    ['closers of fan-in', [
      { count: 15, state: 'sync.WaitGroup.Wait, 3 minutes', frames: ['sync.(*WaitGroup).Wait(0xc000123450)', 'main.pipeline.func2()'], creator: 'main.pipeline in goroutine 1' },
      { count: 45, state: 'sleep', frames: ['time.Sleep(0x1)', 'main.pipeline.func1()'], creator: 'main.pipeline in goroutine 1' },
    ]],
  ])('%s: nothing above info', async (_, parts) => {
    expect(warnings(await judged(...parts))).toEqual([]);
  });
});

describe('a wrapper hides nothing', () => {
  const stuck = (...wrappers: string[]): Part => ({ count: 200, state: 'chan receive, 30 minutes', frames: ['main.(*db).query(0xc000123450)', ...wrappers, ...served] });
  it.each(['runtime/pprof.Do({0x1, 0x2})', 'go.opentelemetry.io/contrib/otelhttp.(*middleware).serveHTTP(0x1)', 'golang.org/x/net/http2.(*serverConn).runHandler(0x1)', 'go.uber.org/zap.(*mw).serve(0x1)'])('%s', async (wrapper) => {
    expect(summary(await judged(stuck(wrapper)))).toEqual(['warning hint goroutine/blocked']);
  });

  it('nor does a loop of a library, or who started it', async () => {
    const part = { count: 50, state: 'chan receive, 5 minutes', frames: ['main.(*Reconciler).wait(...)', 'k8s.io/apimachinery/pkg/util/wait.Until(0x1)'], creator: 'k8s.io/apimachinery/pkg/util/wait.(*Group).Start in goroutine 1' };
    expect(summary(await judged(part))).toEqual(['info hint goroutine/blocked']);
    expect(await judged({ ...part, frames: ['k8s.io/client-go/tools/cache.(*Reflector).ListAndWatch(0x1)'] })).toEqual([]);
  });
});

const lock = (address: string, ...users: string[]): string[] => [`internal/sync.(*Mutex).lockSlow(${address})`, 'sync.(*Mutex).Lock(...)', ...users];
const M = '0xc000100000';

describe('a lock that somebody of another type holds', () => {
  const put = { count: 20, state: 'sync.Mutex.Lock, 4 minutes', frames: lock(M, `main.(*M).put(${M})`) };
  const lookup = { count: 1, state: 'sync.Mutex.Lock, 4 minutes', frames: lock(M, `main.(*M).lookup(${M})`, `main.(*M).Get(${M})`) };
  const backup = { count: 1, state: 'IO wait, 4 minutes', frames: ['net.(*conn).Write(0xc000111111)', 'main.(*Backup).run2(0xc000200000)'] };

  it.each<[string, Part[]]>([['among many', [put, lookup]], ['alone', [lookup]]])('is no deadlock of one, %s', async (_, parts) => {
    const [found, ...more] = await judged(...parts, backup, reading);
    expect(more).toEqual([]);
    expect(found).toMatchObject({ id: 'goroutine/lock-holder', confidence: 'hint' });
    expect(found!.severity).not.toBe('critical');
    expect(found!.title).toMatch(/nobody in the dump is seen inside it: who holds it is not known/);
    expect(found!.evidence).toContainEqual(expect.objectContaining({ name: 'elsewhere in own code', value: expect.stringContaining('(*Backup).run2') }));
  });

  it('without anybody else it is one', async () => {
    expect(summary(await judged(put, lookup, reading))).toEqual(['critical likely goroutine/lock-cycle']);
  });

  it('that the collector proved to be lost is certain, and one that nobody is seen in has its candidates named', async () => {
    const [found] = await judged({ ...put, state: 'sync.Mutex.Lock (leaked)' }, reading);
    expect(found).toMatchObject({ id: 'goroutine/lock-holder', severity: 'warning', confidence: 'certain' });
    expect(found!.title).toMatch(/; nobody who could unlock it is left$/);
    // Who still runs, or will, does not hold what nobody can reach; another instance of the type is in its hands.
    const [other] = await judged({ ...put, state: 'sync.Mutex.Lock (leaked)' }, { count: 1, state: 'sleep', frames: ['time.Sleep(0x1)', 'main.(*M).compact(0x0?, 0x0?)'] }, reading);
    expect(other!.title).toMatch(/; nobody who could unlock it is left$/);
    const all = await judged({ ...put, state: 'sync.Mutex.Lock (leaked)' }, { count: 1, state: 'chan send (leaked)', frames: [`main.(*M).emit(${M})`] }, reading);
    expect(all.find(({ id }) => id === 'goroutine/lock-holder')!.title).toMatch(/; nobody who could unlock it is left; goroutine 120, which is lost itself, may have it, in main\.\(\*M\)\.emit/);
    expect(found!.remedy[0]!.text).toMatch(/returns without unlocking, for a caller that has locked already, and for a reader that locks for writing/);
  });

  it('two that wait for minutes are told', async () => {
    expect(summary(await judged({ ...put, count: 2 }, { ...reading, count: 200 }))).toEqual(['info hint goroutine/lock-holder']);
  });

  it('three globals beside each other in a circle are three', async () => {
    const [a, b, c] = ['0x5f8a20', '0x5f8a28', '0x5f8a30'];
    const waits = (wanted: string, held: string) => ({ count: 1, state: 'sync.Mutex.Lock, 4 minutes', frames: lock(wanted, `main.both(${held}, ${wanted})`) });
    const [found] = await judged(waits(b, a), waits(c, b), waits(a, c), reading);
    expect(found!.title).toMatch(/^3 goroutines wait for each other/);
  });
});

describe('what the runtime itself ended', () => {
  it('as a deadlock is one, the main goroutine included', async () => {
    const text = `fatal error: all goroutines are asleep - deadlock!\n\n${goroutine({ id: 1, state: 'sync.WaitGroup.Wait', frames: ['sync.(*WaitGroup).Wait(0xc000123450)', 'main.main()'], creator: '' })}${goroutine({ id: 6, state: 'chan send' })}exit status 2\n`;
    const found = judge(await parse(text));
    expect(summary(found)).toEqual(['critical certain goroutine/blocked', 'critical certain goroutine/blocked']);
    expect(found[0]!.because).toBe('the runtime itself says so');
    expect(found[0]!.evidence.map(({ value }) => value).join()).toMatch(/all goroutines are asleep/);
    expect(summary(judge(await parse(text.replace('all goroutines are asleep - deadlock!', 'concurrent map writes'))))).toEqual(['critical certain goroutine/crash']);
  });
});
