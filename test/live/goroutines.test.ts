/** Go programs whose goroutines are known: each fault is named, healthy ones are left alone, and nothing is miscounted. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { GoroutinesData } from '../../src/goroutines/index.ts';
import { minorOf } from '../../src/goroutines/memory/build-info.ts';
import { countsOf } from '../../src/goroutines/stack-key.ts';
import type { Report } from '../../src/report/types.ts';
import { parse } from '../goroutines/support/dumps.ts';
import { compileSchema } from '../schema/support.ts';
import { type GoProgram, SERVERS, startGo, startServer } from './support/go.ts';
import { describeNeeds, findProgram } from './support/need.ts';
import { ownFolder, reloadctl, type RunResult } from './support/program.ts';
import { until } from './support/until.ts';

const validate = compileSchema();
const running: GoProgram[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((program) => program.stop()));
});

async function start(name: string, count: number, env?: NodeJS.ProcessEnv): Promise<GoProgram> {
  const program = await startGo(name, count, env);
  running.push(program);
  return program;
}

async function look(...args: string[]): Promise<{ run: RunResult; report: Report<GoroutinesData> }> {
  const run = await reloadctl(['goroutines', ...args, '--json', '--no-leak-profile']);
  expect(run.stdout, run.stderr).toMatch(/^\{/);
  const report = JSON.parse(run.stdout) as Report<GoroutinesData>;
  expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
  return { run, report };
}

const alarms = ({ findings }: Report): string[] => findings.filter(({ severity }) => severity !== 'info').map(({ id, title }) => `${id}: ${title}`);

describeNeeds(['go'], 'Go programs of our own', () => {
  it.each<[string, number, string, RegExp]>([
    ['abandoned-send', 200, 'goroutine/leak', /200 goroutines wait to send, and nobody may receive: chan send in main\.query\.func1/],
    ['waitgroup', 200, 'goroutine/blocked', /200 goroutines wait for a WaitGroup: .* in main\.waitForAll/],
    ['double-lock', 50, 'goroutine/lock-cycle', /waits for a lock that nobody else in the dump is seen to hold: it may hold it itself \(main\.\(\*account\)\.withdraw/],
    ['ab-ba', 50, 'goroutine/lock-cycle', /2 goroutines (seem to|may) wait for each other/],
    ['rwmutex', 50, 'goroutine/lock-cycle', /may read-lock again while a writer waits/],
    ['nil-channel', 10, 'goroutine/nil-channel', /can never be woken: chan (send|receive) \(nil chan\)/],
    ['handlers', 1000, 'goroutine/blocked', /1,000 goroutines are requests that wait at one place: chan receive in main\.slowBackend/],
    ['cond', 200, 'goroutine/blocked', /200 goroutines wait for a Cond: sync\.Cond\.Wait in main/],
    ['lock-holder', 200, 'goroutine/lock-holder', /200 goroutines wait for one mutex of main\.\(\*registry\); goroutine \d+ is inside, in main\.\(\*registry\)\.refresh .*: IO wait/],
    ['orphans', 60, 'goroutine/leak', /60 goroutines wait in a select that goes on after what started them: select in main\.startIndexing\.func1/],
    ['context', 60, 'goroutine/leak', /60 goroutines wait in a select whose context may never end: select in main\.\(\*client\)\.follow/],
    ['bodies', 150, 'goroutine/leak', /150 goroutines hold answers whose bodies nobody reads at this moment/],
    ['pipes', 60, 'goroutine/leak', /60 goroutines write into an io\.Pipe, and its reader may be slow or gone/],
    ['transfers', 5, 'goroutine/lock-cycle', /2 goroutines may wait for each other: .*main\.move/],
    ['global-locks', 50, 'goroutine/lock-cycle', /2 goroutines seem to wait for each other: .*main\.(load|store)/],
    ['missing-receive', 1500, 'goroutine/', /1,500 goroutines .* chan receive in main\.consume/],
  ])('%s is named at once, and only what cannot be otherwise is warned of', async (name, count, id, title) => {
    const { url, truth } = await start(name, count);
    // Its endpoint, and its memory.
    for (const source of [url, String(truth.pid)]) {
      const { report } = await look(source);
      const found = report.findings.find((finding) => finding.id.startsWith(id) && title.test(finding.title));
      expect(found?.title ?? `${source}: ${report.findings.map((finding) => `${finding.id}: ${finding.title}`).join('\n')}`).toMatch(title);
      // The same circle of locks in every look is no contention; memory does not show in every build which lock a frame was given.
        const severities = id === 'goroutine/nil-channel' ? ['warning'] : id === 'goroutine/lock-cycle' ? (name === 'transfers' && source === url ? ['warning'] : ['info', 'warning']) : ['info'];
        expect(severities).toContain(found!.severity);
    }
  });

  it.each<[string, number]>([['healthy', 200], ['healthy-pool', 40], ['healthy-clients', 60], ['healthy-contexts', 60], ['healthy-sockets', 200], ['healthy-events', 150]])('%s is left alone, by either dump', async (name, count) => {
    const { url, truth } = await start(name, count);
    expect(alarms((await look(String(truth.pid))).report)).toEqual([]);
    expect(alarms((await look(url)).report)).toEqual([]);
    expect(alarms((await look(url, '--light')).report)).toEqual([]);
  });

  it('who waits for a timer that runs waits for nobody; who waits for one that was stopped does', async () => {
    // Channels know their timers since Go 1.23, unless the program asks for those of before.
    const { truth } = await start('timers', 1500, { GODEBUG: 'asynctimerchan=0' });
    const { report } = await look(String(truth.pid));
    if (minorOf(truth.go)! < 23) return;
    const groupOf = (func: string) => report.data.groups.find(({ frames }) => frames.some((frame) => frame.func === func))!;
    expect(groupOf('main.everyHour')).toMatchObject({ count: 1500, state: 'chan receive', benign: 'a timer wakes them' });
    expect(groupOf('main.stopped')).toMatchObject({ count: 750 });
    expect(groupOf('main.stopped').benign).toBeUndefined();
    expect(report.findings.filter(({ id }) => /goroutine\/(blocked|leak)/.test(id)).map(({ title }) => title)).toEqual([expect.stringMatching(/^750 goroutines .* in main\.stopped/)]);
    expect(report.data.memory!.channels.find(({ timer }) => timer)).toMatchObject({ capacity: 1, receivers: 1 });
  });

  it.each<[string, number, string, RegExp]>([
    ['taken-crosswise', 1, 'main.takeBoth', /^2 goroutines seem to wait for each other: each took a lock before/],
    ['taken-twice', 5, 'main.takeAndCall', /^5 goroutines wait for locks that nobody else in the dump is seen to hold: they may hold them themselves/],
    ['taken-upgrade', 1, 'main.readThenWrite', /^1 goroutine waits for a lock that nobody else in the dump is seen to hold: it may hold it itself/],
  ])('%s: the code tells what was taken before, in memory', async (name, count, func, title) => {
    const { truth } = await start(name, count);
    const isIn = ({ frames }: GoroutinesData['groups'][number]): boolean => frames.some((frame) => frame.func === func);
    const waiting = async (): Promise<Report<GoroutinesData> | undefined> => {
      const { report: one } = await look(String(truth.pid), '--settle', '0');
      return one.data.locks.length > 0 && one.data.groups.filter(isIn).every(({ state }) => state !== 'sleep') ? one : undefined;
    };
    const report = await until(waiting, { what: `${name} to wait` });
    expect(report.data.groups.find(({ tookLock }) => tookLock)).toMatchObject({ tookLock: { func } });
    expect(report.findings.filter(({ id }) => id === 'goroutine/lock-cycle').map((finding) => finding.title)).toEqual([expect.stringMatching(title)]);
  });

  it('a shutdown tells what it waits for', async () => {
    const { url } = await start('shutdown', 12);
    const { report } = await look(url);
    expect(report.data.reload).toMatchObject({ shuttingDown: true, requests: 12 });
    expect(report.findings[0]!.title).toMatch(/^a shutdown waits for 12 requests: most are in main\.slowBackend/);
  });

  it('a process is asked through its own listener', async () => {
    const { truth } = await start('abandoned-send', 150);
    const { report } = await look(String(truth.pid), '--via', 'endpoint');
    expect(report.target).toMatchObject({ pids: [truth.pid] });
    expect(report.data.groups[0]).toMatchObject({ count: 150, state: 'chan send' });
  });

  it('more than 5,000 are counted without stopping anything, and SIGQUIT tells the same', async () => {
    const program = await start('mixed', 4000);
    const { report } = await look(program.url);
    expect(report.data.format).toBe('profile');
    const counted = (data: GoroutinesData, func: string): number => data.groups.filter(({ frames }) => frames.some((frame) => frame.func === func)).reduce((sum, { count }) => sum + count, 0);
    for (const [func, count] of [['main.query.func1', 4000], ['main.(*client).follow', 4000], ['main.(*registry).lookup', 4000], ['main.descend', 1000]] as const) expect(counted(report.data, func)).toBe(count);
    expect((await reloadctl(['goroutines', program.url, '--list'])).code).toBe(2);
    process.kill(program.truth.pid, 'SIGQUIT');
    await program.child.ended;
    const file = join(ownFolder('sigquit'), 'stderr.log');
    await until(() => /^exit status|\nrip |\ngs /.test(program.child.stderr()), { what: 'the end of the dump' });
    writeFileSync(file, program.child.stderr());
    const { report: quit } = await look(file);
    for (const [func, count] of [['main.query.func1', 4000], ['main.(*registry).lookup', 4000]] as const) expect(counted(quit.data, func)).toBe(count);
    expect(quit.data.reason).toBe('SIGQUIT: quit');
  });

  it('a leak grows while it is watched, and a healthy server does not', async () => {
    const leaking = await start('missing-receive', 20);
    const quiet = await start('healthy', 20);
    let over = false;
    const grow = (async () => {
      while (!over) {
        leaking.child.say('more 3');
        await leaking.child.nextLine();
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    })();
    // Through their endpoints, and through their memory.
    const sources = [leaking.url, String(leaking.truth.pid), quiet.url, String(quiet.truth.pid)];
    const looks = await Promise.all(sources.map((source) => look(source, '--watch', '8s', '--interval', '400ms')));
    over = true;
    await grow;
    for (const { report } of looks.slice(0, 2)) {
      const found = report.findings.map(({ id, confidence }) => `${confidence} ${id}`);
      expect(found).toContain('likely goroutine/growth');
      expect(found).toContain('likely goroutine/leak');
    }
    for (const { report } of looks.slice(2)) expect(alarms(report)).toEqual([]);
  });

  it('an exported profile opens in go tool pprof', async () => {
    const { url } = await start('abandoned-send', 70);
    const file = join(ownFolder('pprof'), 'out.pb.gz');
    await look(url, '--export', `pprof=${file}`);
    expect(readFileSync(file).length).toBeGreaterThan(100);
    const top = execFileSync('go', ['tool', 'pprof', '-tags', file], { encoding: 'utf8', env: { ...process.env, GOTOOLCHAIN: 'local' } });
    expect(top).toMatch(/chan send/);
    expect(execFileSync('go', ['tool', 'pprof', '-top', file], { encoding: 'utf8' })).toMatch(/70 .*main\.query\.func1/);
  });
});

for (const name of SERVERS) {
  describeNeeds([name], `${name} of the distribution`, () => {
    it('is healthy, and counted as its own profile counts', async () => {
      expect(findProgram(name)).toBeDefined();
      const { url, child } = await startServer(name);
      try {
        for (const args of [[url], [url, '--light'], [String(child.pid)]]) {
          const { report } = await look(...args);
          expect(alarms(report)).toEqual([]);
          expect(report.data.total).toBeGreaterThan(5);
        }
        // Its goroutines come and go: two looks at the same moment are wanted.
        await until(
          async () => {
            const [one, all, again] = await Promise.all([1, 2, 1].map(async (debug) => parse(Buffer.from(await (await fetch(`${url}/debug/pprof/goroutine?debug=${debug}`)).arrayBuffer()))));
            const shown = (dump: typeof one): string => JSON.stringify([...countsOf(dump!)].filter(([stack]) => !/pprof|connReader|net\/http\.\(\*conn\)/.test(stack)).sort());
            return shown(one) === shown(all) && shown(all) === shown(again);
          },
          { what: `debug=1 and debug=2 of ${name} to agree`, deadlineMs: 30_000 },
        );
      } finally {
        await child.stop('SIGTERM');
      }
    });
  });
}
