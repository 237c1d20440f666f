/** fds --watch on some programs of the zoo, leaking and healthy, all at the same time. (npm run zoo has all of them.) */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { startReloadctl, untilSecondLook } from '../cli/support/start.ts';
import { startChild } from './support/child.ts';
import { openFds } from './support/kernel.ts';
import { describeNeeds } from './support/need.ts';
import { PYTHON, reloadctl, startFactory } from './support/program.ts';

const ZOO = fileURLToPath(new URL('../../fixtures/programs/zoo/', import.meta.url));
const WATCH = ['--watch', '16s', '--interval', '500ms', '--json'];
const SETTLED_MS = 120_000;
/** Of 33. */
const LEAST_SAMPLES = 16;

interface Finding {
  id: string;
  severity: string;
  confidence: string;
  subject: { key: string };
  evidence: { name: string; value: number }[];
}

interface Watched {
  code: number | null;
  findings: Finding[];
  data: { watch: { samples: number; windowMs: number } };
  coverage: { source: string; status: string; detail?: string }[];
  /** Descriptors a second by what the kernel shows before and after: what a program that only leaks leaks. */
  keptPerSecond: number;
}

const programs: Record<string, [file: string, name: string]> = {
  files: ['leaks.py', 'files'],
  'eventfds, one every 2 s': ['leaks.py', 'eventfds'],
  'a pipe a second': ['leaks.py', 'pipes'],
  'connections in CLOSE_WAIT': ['leaks.py', 'close_wait'],
  'files, a tenth of the churn': ['leaks.py', 'files_in_churn'],
  'dups of one socket': ['leaks.py', 'dups'],
  'inotify instances': ['leaks.py', 'inotifies'],
  'Node: half-open connections': ['server.mjs', 'half-open'],
  'file churn': ['healthy.py', 'file_churn'],
  'a sawtooth': ['healthy.py', 'sawtooth_3s'],
  'a step': ['healthy.py', 'step'],
  'a pool that fills': ['healthy.py', 'pool_that_fills'],
  'one file, opened by ever more': ['healthy.py', 'one_file_rising'],
  'Node: an HTTP server under load': ['server.mjs', 'http-server'],
};
const seen = new Map<string, Watched>();

/** On a machine that is too busy for samples nothing can be judged: once more, then. */
async function watchProgram(program: [string, string]): Promise<Watched> {
  const first = await watchOnce(program);
  return first.data.watch.samples >= LEAST_SAMPLES ? first : watchOnce(program);
}

async function watchOnce([file, name]: [string, string]): Promise<Watched> {
  const command = file.endsWith('.py') ? PYTHON : process.execPath;
  const child = await startChild(command, [join(ZOO, file), name]);
  const { pid } = JSON.parse(await child.nextLine()) as { pid: number };
  const before = { at: performance.now(), open: openFds(pid).length };
  const run = await reloadctl(['fds', String(pid), ...WATCH], { timeoutMs: SETTLED_MS });
  const after = { at: performance.now(), open: openFds(pid).length };
  await child.stop();
  const keptPerSecond = ((after.open - before.open) / (after.at - before.at)) * 1000;
  return { ...(JSON.parse(run.stdout) as Watched), code: run.code, keptPerSecond };
}

const growths = (name: string): Finding[] => seen.get(name)!.findings.filter(({ id, severity }) => id === 'fd/growth' && severity !== 'info');

describeNeeds(['python3'], 'fds --watch', () => {
  beforeAll(async () => {
    expect(existsSync(ZOO)).toBe(true);
    await Promise.all(Object.entries(programs).map(async ([name, program]) => seen.set(name, await watchProgram(program))));
  }, SETTLED_MS);

  it.each([
    ['files', /^file .*item-\*\.tmp$/, 'likely'],
    ['eventfds, one every 2 s', /^eventfd/, 'likely'],
    ['a pipe a second', /^pipe/, 'likely'],
    ['connections in CLOSE_WAIT', /^socket tcp CLOSE_WAIT/, 'likely'],
    ['files, a tenth of the churn', /^file .*item-\*\.tmp$/, 'likely'],
    ['dups of one socket', /^socket tcp LISTEN/, 'hint'],
    ['inotify instances', /^inotify/, 'hint'],
    ['Node: half-open connections', /^socket tcp CLOSE_WAIT/, 'likely'],
  ])('finds the leak: %s', (name, key, confidence) => {
    const found = growths(name);
    expect(found.map(({ subject }) => subject.key)).toEqual(found.map(() => expect.stringMatching(key)));
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]).toMatchObject({ confidence });
  });

  it.each(['files', 'eventfds, one every 2 s', 'a pipe a second', 'dups of one socket', 'inotify instances'])('with its rate: %s', (name) => {
    const perMinute = growths(name).reduce((sum, { evidence }) => sum + evidence.find((one) => one.name === 'growth')!.value, 0);
    const { keptPerSecond } = seen.get(name)!;
    expect(keptPerSecond).toBeGreaterThan(0);
    expect(perMinute / 60 / keptPerSecond).toBeGreaterThan(0.8);
    expect(perMinute / 60 / keptPerSecond).toBeLessThan(1.2);
  });

  it('connections that are hung up and kept are told as such, too', () => {
    expect(seen.get('connections in CLOSE_WAIT')!.findings).toContainEqual(expect.objectContaining({ id: 'socket/close-wait', severity: 'warning' }));
  });

  it.each(['file churn', 'a sawtooth', 'a step', 'a pool that fills', 'one file, opened by ever more', 'Node: an HTTP server under load'])('raises no alarm: %s', (name) => {
    expect(growths(name)).toEqual([]);
  });
});

describe('a watch that is cut short', () => {
  it('Ctrl-C: what it has, and 130', async () => {
    const { pid, stop } = await startFactory(['files=5']);
    const started = startReloadctl(['fds', pid, '--watch', '60s', '--json']);
    await untilSecondLook(started);
    started.kill('SIGINT');
    const ended = await started.ended;
    expect([ended.code, ended.stderr]).toEqual([130, '']);
    const { data, coverage } = JSON.parse(ended.stdout) as Watched;
    expect(data.watch.windowMs).toBeLessThan(60_000);
    expect(coverage.find(({ source }) => source === 'fd table')?.detail).toBe('stopped by a signal: the last sample is shown');
    await stop();
  });

  it('the process ends: what was seen, and 3', async () => {
    const { pid, child, stop } = await startFactory(['files=5']);
    const started = startReloadctl(['fds', pid, '--watch', '25s', '--json']);
    await untilSecondLook(started);
    await child.stop();
    const ended = await started.ended;
    expect(ended.code).toBe(3);
    const { coverage } = JSON.parse(ended.stdout) as Watched;
    expect(coverage).toContainEqual(expect.objectContaining({ source: 'processes', status: 'absent', detail: `process ${pid} ended while it was watched` }));
    await stop();
  });

  it('too short to judge: says so, and 3', async () => {
    const { pid, stop } = await startFactory(['files=5']);
    const { code, stdout } = await reloadctl(['fds', String(pid), '--watch', '1s']);
    expect(code).toBe(3);
    expect(stdout).toMatch(/the window is too short to judge/);
    await stop();
  });

  it.each([
    [['--watch', '30'], /did you mean 30s\?/],
    [['--watch', '0s'], /is no time at all/],
    [['--watch', '-3s'], /is not a time/],
    [['--watch', '2s', '--interval', '3s'], /is longer than --watch 2s/],
    [['--interval', '1s'], /--interval needs --watch/],
  ])('%j: 2', async (args, message) => {
    const { code, stdout, stderr } = await reloadctl(['fds', String(process.pid), ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});
