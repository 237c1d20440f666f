/** `fds --per-event` and `--mark` on services that leave a known number behind at each SIGHUP. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { EventFdsData } from '../../src/fds/events/data.ts';
import type { Report } from '../../src/report/types.ts';
import { compileSchema } from '../schema/support.ts';
import { plainEnv, startChild } from './support/child.ts';
import { describeNeeds } from './support/need.ts';
import { startNginx } from './support/nginx.ts';
import { ownFolder, PYTHON, reloadctl } from './support/program.ts';
import { until } from './support/until.ts';

const LEAKER = fileURLToPath(new URL('../../fixtures/programs/reload_leaker.py', import.meta.url));
const BINARY = fileURLToPath(new URL('../../bin/reloadctl.js', import.meta.url));
const validate = compileSchema();

interface Leaker {
  pid: number;
  dir: string;
  pidFile: string;
  stop(): Promise<void>;
}

/** Our end of its input would be closed with the first of its generations: this shell holds it for all of them. */
const OUTLIVE = 'exec 3<&0; "$0" "$@" <&3 & exec cat <&3';

async function startLeaker(...options: string[]): Promise<Leaker> {
  const child = await startChild('/bin/sh', ['-c', OUTLIVE, PYTHON, LEAKER, `--dir=${ownFolder('leaker')}`, ...options]);
  const told = JSON.parse(await child.nextLine()) as Omit<Leaker, 'stop'>;
  return { ...told, stop: () => child.stop() };
}

interface Ran {
  code: number | null;
  stderr: string;
  report: Report<EventFdsData>;
  /** Findings of this rule, `severity confidence title`. */
  said: string[];
}

function ranOf({ code, stdout, stderr }: { code: number | null; stdout: string; stderr: string }): Ran {
  const report = JSON.parse(stdout) as Report<EventFdsData>;
  expect(validate(report) || validate.errors).toBe(true);
  const said = report.findings.filter(({ id }) => id === 'reload/residue').map(({ severity, confidence, title }) => `${severity} ${confidence} ${title.replace(/; [\d,]+ more.*/, '')}`);
  return { code, stderr, report, said };
}

async function perEvent(target: string | number, command: string, ...options: string[]): Promise<Ran> {
  return ranOf(await reloadctl(['fds', String(target), '--per-event', command, ...options, '--json'], { timeoutMs: 60_000 }));
}

const linesOf = ({ report }: Ran, source: string): object[] => report.coverage.filter((line) => line.source === source);

describeNeeds(['python3'], 'what reloads leave behind', () => {
  it('the same at each: certain, with the number', async () => {
    const { pid, stop } = await startLeaker('listeners=1', 'files=3');
    const ran = await perEvent(pid, `kill -HUP ${pid}`, '--times', '6', '--fail-on', 'warning');
    await stop();
    expect(ran.said).toEqual(['warning certain each of 6 reloads leaves 3 files and 1 listener behind: +24 in all']);
    expect(ran.code).toBe(1);
    const { data } = ran.report;
    expect(data.events.map(({ ok, exitCode, opened, closed, left }) => [ok, exitCode, opened, closed, left])).toEqual(new Array(6).fill([true, 0, 6, 2, 4]));
    expect(data.residue.map(({ kind, leftPerEvent }) => [kind, leftPerEvent])).toEqual([['file', new Array(6).fill(3)], ['socket', new Array(6).fill(1)]]);
    expect(data.groups.find(({ key }) => key.endsWith('part-*.tmp'))?.leftPerEvent).toEqual(new Array(6).fill(3));
    expect(linesOf(ran, 'events')).toMatchObject([{ status: 'ok', seen: 6, total: 6 }]);
  });

  it('nothing: no word of it', async () => {
    const { pid, stop } = await startLeaker();
    const ran = await perEvent(pid, `kill -HUP ${pid}`, '--times', '4');
    await stop();
    expect([ran.code, ran.said]).toEqual([0, []]);
    expect(ran.report.data.events.map(({ opened, closed, left }) => [opened, closed, left])).toEqual(new Array(4).fill([2, 2, 0]));
  });

  it.each([
    ['every third', ['files=2', 'every=3'], 9, ['warning likely 3 of 9 reloads leave 2 files behind: +6 in all']],
    ['more each time', ['grow=1'], 3, ['warning likely each of 3 reloads leaves 1 to 3 files behind: +6 in all']],
    ['a cache that fills', ['cache=2'], 5, ['info hint 2 of 5 reloads leave 1 file behind: +2 in all']],
    ['dups and one file again and again', ['dups=1', 'samefile=2'], 4, ['warning hint each of 4 reloads leaves 2 files and 1 listener behind: +12 in all']],
    ['eventfds', ['eventfds=2'], 4, ['warning certain each of 4 reloads leaves 2 eventfds behind: +8 in all']],
    ['a slow handler', ['files=1', 'delay=400'], 4, ['warning certain each of 4 reloads leaves 1 file behind: +4 in all']],
    ['its own successor under its pid', ['files=2', 'exec=same'], 4, ['warning certain each of 4 reloads leaves 2 files behind: +8 in all']],
  ])('%s', async (_, options, times, said) => {
    const { pid, stop } = await startLeaker(...options);
    const ran = await perEvent(pid, `kill -HUP ${pid}`, '--times', String(times));
    await stop();
    expect(ran.said).toEqual(said);
    expect(ran.code).toBe(0);
  });

  it('a successor under another pid is followed by the pid file', async () => {
    const { pid, pidFile, stop } = await startLeaker('files=2', 'exec=fork');
    const ran = await perEvent(pidFile, `kill -HUP $(cat ${pidFile})`, '--times', '4');
    await stop();
    expect(ran.said).toEqual(['warning certain each of 4 reloads leaves 2 files behind: +8 in all']);
    const { generations } = ran.report.data;
    expect(generations.map(({ event }) => event)).toEqual([1, 2, 3, 4]);
    expect(generations[0]).toMatchObject({ gone: [pid] });
    expect(ran.report.coverage).toContainEqual(expect.objectContaining({ source: 'generation after event 1', detail: expect.stringContaining(`replaced process ${pid} by`) }));
  });

  it('a pid that ends: what was seen, and 3', async () => {
    const { pid, stop } = await startLeaker('files=1', 'exit=4');
    const ran = await perEvent(pid, `kill -HUP ${pid}`, '--times', '9');
    await stop();
    expect(ran.code).toBe(3);
    expect(ran.said).toEqual(['warning certain each of 3 reloads leaves 1 file behind: +3 in all']);
    expect(linesOf(ran, 'events')).toMatchObject([{ status: 'partial', seen: 3, total: 9, needed: true, detail: 'no process of the target was left after event 4' }]);
    expect(linesOf(ran, 'processes')).toMatchObject([{ status: 'absent', detail: `process ${pid} ended while it was watched` }]);
  });

  it('a command that fails: which, what was seen, and 3', async () => {
    const { pid, dir, stop } = await startLeaker('files=1');
    const third = join(dir, 'third');
    const ran = await perEvent(pid, `echo told; kill -HUP ${pid}; echo x >> ${third}; [ $(wc -l < ${third}) -lt 3 ]`, '--times', '9');
    await stop();
    expect(ran.code).toBe(3);
    expect(ran.report.data.events).toMatchObject([{ ok: true, left: 1 }, { ok: true, left: 1 }, { ok: false, exitCode: 1, left: null }]);
    expect(linesOf(ran, 'events')).toMatchObject([{ seen: 2, total: 9, detail: 'event 3: the command ended with exit code 1' }]);
    expect(ran.stderr).toBe('told\ntold\ntold\n');
  });

  it('a finding says 1 before a command that fails says 3', async () => {
    const { pid, dir, stop } = await startLeaker('files=1');
    const ran = await perEvent(pid, `kill -HUP ${pid}; echo x >> ${dir}/n; [ $(wc -l < ${dir}/n) -lt 4 ]`, '--times', '9', '--fail-on', 'warning');
    await stop();
    expect([ran.code, ran.said.length]).toEqual([1, 1]);
  });

  it('a command that hangs is killed', async () => {
    const { pid, dir, stop } = await startLeaker();
    const ran = await perEvent(pid, `sleep 600 & echo $! > ${dir}/sleep; wait`, '--event-timeout', '500ms');
    await stop();
    expect(ran.code).toBe(3);
    expect(ran.report.data.events).toMatchObject([{ ok: false, exitCode: null, problem: expect.stringMatching(/did not end in 500 ms/) }]);
    const sleeper = Number(readFileSync(join(dir, 'sleep'), 'latin1'));
    await until(() => !existsSync(`/proc/${sleeper}/exe`) || readFileSync(`/proc/${sleeper}/stat`, 'latin1').includes(') Z'), { what: 'the sleep to end' });
  });

  it('Ctrl-C: what was found, and 130', async () => {
    const { pid, dir, stop } = await startLeaker('files=1');
    const command = `kill -HUP ${pid}; echo x >> ${dir}/made`;
    const child = spawn(process.execPath, [BINARY, 'fds', String(pid), '--per-event', command, '--times', '1000', '--json'], { env: plainEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (chunk: string) => void (texts[name] += chunk));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    await until(() => existsSync(`${dir}/made`) && readFileSync(`${dir}/made`, 'latin1').length >= 10, { deadlineMs: 30_000, what: 'five events' });
    child.kill('SIGINT');
    const ran = ranOf({ code: await ended, ...texts });
    await stop();
    expect(ran.code).toBe(130);
    expect(ran.said).toEqual([expect.stringMatching(/^warning certain each of \d+ reloads leaves 1 file behind/)]);
    expect(linesOf(ran, 'events')).toMatchObject([{ status: 'partial', total: 1000, detail: 'stopped by a signal' }]);
  });
});

describeNeeds(['python3'], '--mark', () => {
  it('takes each Enter for an event, and the end of the input for the end', async () => {
    const { pid, stop } = await startLeaker('files=2');
    const child = await startChild(process.execPath, [BINARY, 'fds', String(pid), '--mark', '--json']);
    for (let event = 1; event <= 3; event++) {
      await until(() => child.stderr().includes(event === 1 ? 'press Enter' : `event ${event - 1}:`), { deadlineMs: 20_000, what: 'the floor' });
      process.kill(pid, 'SIGHUP');
      child.say('');
    }
    await until(() => child.stderr().includes('event 3:'), { deadlineMs: 20_000, what: 'the last floor' });
    // Closes stdin.
    const over = child.stop();
    const lines: string[] = [];
    for (let line = await child.nextLine(); ; line = await child.nextLine()) {
      lines.push(line);
      if (line === '}') break;
    }
    await over;
    await stop();
    const ran = ranOf({ code: 0, stdout: lines.join('\n'), stderr: child.stderr() });
    expect(ran.said).toEqual(['warning certain each of 3 events leaves 2 files behind: +6 in all']);
  });

  it('without an Enter has nothing to tell: 3', async () => {
    const { pid, stop } = await startLeaker();
    const ran = ranOf(await reloadctl(['fds', String(pid), '--mark', '--json']));
    await stop();
    expect(ran.code).toBe(3);
    expect(linesOf(ran, 'events')).toMatchObject([{ status: 'absent', detail: 'the input ended before the first Enter' }]);
  });
});

describeNeeds(['nginx'], 'nginx', () => {
  it('leaves nothing behind, though each reload replaces its workers', async () => {
    const nginx = await startNginx();
    const ran = await perEvent(nginx.pid, `kill -HUP ${nginx.pid}`, '--tree', '--times', '5');
    await nginx.stop();
    expect(ran.report.findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title)).toEqual([]);
    expect(ran.report.data.generations.length).toBeGreaterThan(0);
    expect(ran.code).toBe(0);
  });
});

describe('what cannot work', () => {
  it.each([
    [['--times', '0'], /--times: 0 is not a number of events/],
    [['--times', '-1'], /--times: -1/],
    [['--settle', '2'], /did you mean 2s/],
    [['--watch', '5s'], /--per-event and --watch exclude each other/],
    [['--mark'], /exclude each other/],
  ])('%j: exit 2', async (options, message) => {
    const { code, stdout, stderr } = await reloadctl(['fds', '1', '--per-event', 'true', ...options]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  it('a target that is not there: exit 3, and the command is not run', async () => {
    const { code, stderr } = await reloadctl(['fds', '4194304', '--per-event', 'echo it was run']);
    expect(code).toBe(3);
    expect(stderr).not.toMatch(/it was run/);
  });
});
