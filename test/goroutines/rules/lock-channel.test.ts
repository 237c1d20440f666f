/** Who holds a lock and waits for a channel, with those who could be at the other side in line for the lock. */
import { describe, expect, it } from 'vitest';
import { placeKey, sitesOf } from '../../../src/goroutines/sites.ts';
import { goroutineRules } from '../../../src/goroutines/rules/index.ts';
import { type Finding, runRules } from '../../../src/report/index.ts';
import type { Settled } from '../../../src/series/index.ts';
import { eventOf, goroutine, judge, parse, summary, times, type Written } from '../support/dumps.ts';

const BUS = '0xc000100000';
const waiting = (minutes: string, func: string): Omit<Written, 'id'> => ({ state: `sync.Mutex.Lock${minutes}`, frames: [`internal/sync.(*Mutex).lockSlow(${BUS})`, 'sync.(*Mutex).Lock(...)', func] });
const publish = `main.(*bus).Publish(${BUS}, 0x1)`;
const consume = `main.(*bus).consume(${BUS})`;
const holder = (minutes: string, state = 'chan send'): Omit<Written, 'id'> => ({ state: `${state}${minutes}`, frames: [publish], line: 31 });
const main: Omit<Written, 'id'> = { state: 'chan receive', frames: ['main.main()'], creator: '' };

function text(...parts: Omit<Written, 'id'>[]): string {
  return parts.map((part, index) => goroutine({ ...part, id: index + 1 })).join('');
}

async function told(...parts: Omit<Written, 'id'>[]): Promise<Finding> {
  const [found] = judge(await parse(text(...parts)));
  expect(found!.id).toBe('goroutine/lock-holder');
  return found!;
}

const other = ({ evidence }: Finding): unknown => evidence.find(({ name }) => name === 'may be its other side')?.value;

describe('who sends inside a lock', () => {
  const OLD = ', 5 minutes';
  const crowd = (minutes: string): Omit<Written, 'id'>[] => times(6, () => waiting(minutes, publish));

  it('and whose only receiver is in line for it: they wait for each other', async () => {
    const found = await told(main, waiting(OLD, consume), holder(OLD), ...crowd(OLD));
    expect(summary([found])).toEqual(['warning likely goroutine/lock-holder']);
    expect(found.title).toMatch(/; goroutine 3 is inside, .*; nobody is seen who could receive but those in line for this lock, as goroutine 2 in main\.\(\*bus\)\.consume \(main\.go:12\): they seem to wait for each other$/);
    expect(other(found)).toBe('goroutine 2 in main.(*bus).consume (main.go:12): in line for this lock');
  });

  it('is told so of one that receives, and of a select, however few wait', async () => {
    expect((await told(main, waiting(OLD, consume), holder(OLD, 'chan receive'))).title).toMatch(/nobody is seen who could send but /);
    const found = await told(main, waiting(OLD, consume), holder(OLD, 'select'));
    expect(found.title).toMatch(/nobody is seen who could answer but /);
    expect(found.severity).toBe('warning');
  });

  it.each<[string, Omit<Written, 'id'>]>([
    ['who sleeps', { state: 'sleep', frames: ['time.Sleep(0x1)', 'main.drain()'] }],
    ['who runs', { state: 'running', frames: ['main.drain()'] }],
    ['who waits for another lock', { state: `sync.Mutex.Lock${OLD}`, frames: ['internal/sync.(*Mutex).lockSlow(0xc000900000)', 'sync.(*Mutex).Lock(...)', 'main.drain()'] }],
    ['of a library', { state: 'chan receive', frames: ['github.com/a/b.(*Drain).loop(0xc000700000)'] }],
    ['in main', { state: 'sleep', frames: ['time.Sleep(0x1)', 'main.main()'], creator: '' }],
  ])('there may be another receiver, %s: only who else is in line is told', async (_, elsewhere) => {
    const found = await told(main, elsewhere, waiting(OLD, consume), holder(OLD), ...crowd(OLD));
    expect(found.title).not.toMatch(/wait for each other/);
    expect(other(found)).toMatch(/^goroutine 3 in main\.\(\*bus\)\.consume/);
  });

  it('servers and what answers us are none', async () => {
    const accept = { state: 'IO wait', frames: ['internal/poll.runtime_pollWait(0x1, 0x72)', 'net.(*TCPListener).Accept(0xc000200000)', 'main.serve()'] };
    const pprof = { state: 'running', frames: ['runtime/pprof.writeGoroutineStacks()', 'net/http/pprof.Index()', 'net/http.(*conn).serve(0x1)'], creator: 'net/http.(*Server).Serve in goroutine 1' };
    expect((await told(main, accept, pprof, waiting(OLD, consume), holder(OLD))).title).toMatch(/seem to wait for each other/);
  });

  it('and nobody but other senders in line: there is no circle', async () => {
    const found = await told(main, holder(OLD), ...times(12, () => waiting(OLD, publish)));
    expect(found.title).not.toMatch(/wait for each other/);
    expect(other(found)).toBeUndefined();
  });

  it('nor one around who waits for the network', async () => {
    const found = await told(main, waiting(OLD, consume), { state: `IO wait${OLD}`, frames: ['internal/poll.runtime_pollWait(0x1, 0x72)', publish] }, ...times(10, () => waiting(OLD, publish)));
    expect(found.title).not.toMatch(/wait for each other/);
  });

  it('a moment ago, is at work as likely as not, until a second look finds all where they were', async () => {
    const dump = await parse(text(main, waiting('', consume), holder(''), ...times(20, () => waiting('', publish))));
    const young = judge(dump).find(({ id }) => id === 'goroutine/lock-holder')!;
    expect(young.severity).toBe('info');
    expect(young.title).toMatch(/they may wait for each other/);
    const looked = (gone: number): Settled => ({
      windowMs: 2000, looks: 2, unmoved: new Set(),
      places: new Map(sitesOf(dump.groups, dump.total).map((site) => [placeKey(site), { before: site.count, stayed: site.count - gone, fresh: [0], arrived: [gone] }])),
    });
    const again = (gone: number): Finding => runRules(goroutineRules, [{ ...eventOf(dump), settled: looked(gone) }]).find(({ id }) => id === 'goroutine/lock-holder')!;
    expect(again(0).severity).toBe('warning');
    expect(again(0).because).toMatch(/in 2 looks within 2 s neither it nor those in line got on/);
    expect(again(1).severity).toBe('info');
  });
});
