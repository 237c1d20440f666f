/** Every rule is shown by a recorded dump, is silent on healthy ones, and has a page. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseGc } from '../../src/goroutines/gc/parse.ts';
import { goroutineRules, pauseRules } from '../../src/goroutines/rules/index.ts';
import { compareDumps } from '../../src/goroutines/watch/compare.ts';
import { runRules } from '../../src/report/index.ts';
import { bytesOf, DUMPS, dumpFiles, eventOf, judge, parse, ROOT, summary } from './support/dumps.ts';

/** What is known to be true of each. */
const FAULTS: Record<string, string[]> = {
  'goroutine-leak.txt': ['warning hint goroutine/leak'],
  'goroutine-crash.txt': ['critical certain goroutine/crash'],
  'goroutine-blocked.txt': ['warning hint goroutine/blocked'],
  'goroutine-nil-channel.txt': ['warning certain goroutine/nil-channel', 'warning certain goroutine/nil-channel'],
  'goroutine-lock-holder.txt': ['warning likely goroutine/lock-holder'],
  'goroutine-lock-cycle.txt': ['warning hint goroutine/lock-cycle'],
  'double-lock.txt': ['critical likely goroutine/lock-cycle'],
  'rwmutex.txt': ['critical likely goroutine/lock-cycle'],
  'goroutine-truncated-dump.txt': ['warning certain goroutine/truncated-dump', 'warning hint goroutine/leak'],
  'shutdown.txt': ['warning likely goroutine/blocked'],
  'waitgroup.txt': ['warning hint goroutine/blocked'],
  'cond.txt': ['info hint goroutine/blocked'],
  'orphans.txt': ['warning hint goroutine/leak'],
  'bodies.txt': ['warning hint goroutine/leak'],
  'pipes.txt': ['warning hint goroutine/leak'],
  'transfers.txt': ['critical likely goroutine/lock-cycle'],
  'global-locks.txt': ['warning hint goroutine/lock-cycle'],
  'leak-profile.txt': ['warning certain goroutine/leak', 'warning certain goroutine/leak', 'warning certain goroutine/leak'],
};

describe('the recorded dumps', () => {
  it.each(Object.entries(FAULTS))('err/%s', async (name, expected) => {
    const findings = judge(await parse(bytesOf('err', name)));
    expect(summary(findings)).toEqual(expected);
    for (const { evidence, remedy, because, fingerprint } of findings) {
      expect(evidence.length).toBeGreaterThanOrEqual(2);
      expect(remedy.length).toBeGreaterThan(0);
      expect(because).not.toBe('');
      expect(fingerprint).toMatch(/^[\da-f]{16}$/);
    }
  });

  it('of growth show it', async () => {
    const [before, after] = await Promise.all(['goroutine-growth-before.txt', 'goroutine-growth.txt'].map((name) => parse(bytesOf('err', name))));
    const growth = compareDumps(before!, after!, null);
    expect(growth.groups[0]).toMatchObject({ before: 50, after: 250 });
    expect(summary(judge(after!, growth))).toContain('warning hint goroutine/growth');
    expect(summary(judge(before!, compareDumps(after!, before!, null)))).not.toContain('warning hint goroutine/growth');
  });

  it('name their files in FAULTS', () => {
    const others = ['gc-pause.txt', 'goroutine-growth-before.txt', 'goroutine-growth.txt'];
    expect(dumpFiles('err')).toEqual([...Object.keys(FAULTS), ...others].sort());
  });

  it.each(dumpFiles('ok').filter((name) => !name.startsWith('gc')))('ok/%s: nothing above info', async (name) => {
    const findings = judge(await parse(bytesOf('ok', name)));
    expect(findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title)).toEqual([]);
  });

  it('know every place by its function: what locks, handlers and causes are called', async () => {
    const title = async (name: string): Promise<string> => judge(await parse(bytesOf('err', name)))[0]!.title;
    expect(await title('goroutine-lock-holder.txt')).toMatch(/^40 goroutines wait for one mutex of main\.\(\*registry\) for about 3 min; goroutine \d+ is inside, in main\.\(\*registry\)\.refresh \(blocked\.go:\d+\): IO wait/);
    expect(await title('goroutine-crash.txt')).toBe('the program crashed: panic: assignment to entry in nil map, in main.main.func4 (main.go:12)');
    expect(await title('double-lock.txt')).toMatch(/^1 goroutine waits for a lock that it holds itself \(main\.\(\*account\)\.withdraw .* -> main\.\(\*account\)\.log/);
    expect(await title('rwmutex.txt')).toMatch(/read-locks again while a writer waits.*main\.\(\*table\)\.sum .* -> main\.\(\*table\)\.size/);
    expect(await title('goroutine-lock-cycle.txt')).toMatch(/^2 goroutines seem to wait for each other.*main\.transfer .* -> main\.receive .*12 goroutines wait in all/);
    expect(await title('shutdown.txt')).toMatch(/^a shutdown waits for 12 requests: most are in main\.slowBackend/);
    expect(await title('goroutine-leak.txt')).toMatch(/stuck in a send that nobody receives: chan send in main\.query\.func1/);
  });

  it.each(Object.keys(FAULTS))('err/%s is judged the same twice, and by rules in any order', async (name) => {
    const dump = await parse(bytesOf('err', name));
    const event = eventOf(dump);
    const findings = runRules(goroutineRules, [event]);
    expect(runRules([...goroutineRules].reverse(), [event, event])).toEqual(findings);
  });
});

describe('rules', () => {
  it.each([...goroutineRules, ...pauseRules].map(({ id }) => id))('%s has a page and a dump', (id) => {
    const page = id.replace('/', '-');
    expect(existsSync(join(ROOT, `docs/findings/${page}.md`))).toBe(true);
    expect(existsSync(join(DUMPS, `err/${page}.txt`))).toBe(true);
  });

  it('gc/pause speaks from its limit on', () => {
    const stats = parseGc(readFileSync(join(DUMPS, 'err/gc-pause.txt'), 'latin1'))!;
    expect(stats.pausesMs).toHaveLength(Math.min(stats.collections, 256));
    const found = (limitMs: number) => runRules(pauseRules, [{ type: 'pauses' as const, label: 'x', source: 'x', pausesMs: stats.pausesMs, collections: stats.collections, limitMs }]);
    expect(summary(found(0.05))).toEqual(['warning certain gc/pause']);
    expect(found(200)).toEqual([]);
  });
});
