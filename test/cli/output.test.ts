/** Where the output goes, in which colours, and that nothing of it is cut. */
import { execFile, type StdioOptions, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FdsData } from '../../src/fds/data.ts';
import type { Report } from '../../src/report/types.ts';
import { plainEnv } from '../live/support/child.ts';
import { describeNeeds, findProgram } from '../live/support/need.ts';
import { ownFolder, type Running, type RunOptions, type Truth, reloadctl, startFactory, startNode } from '../live/support/program.ts';
import { until } from '../live/support/until.ts';
import { BINARY, manyDescriptors } from './support/start.ts';

const run = promisify(execFile);
const SELF = String(process.pid);
const ESC = '\x1b';

describe('colour', () => {
  it.each<[string, NodeJS.ProcessEnv, string[], boolean]>([
    ['a pipe', {}, [], false],
    ['a pipe, NO_COLOR', { NO_COLOR: '1' }, [], false],
    ['a pipe, FORCE_COLOR', { FORCE_COLOR: '1' }, [], true],
    ['a pipe, FORCE_COLOR=0', { FORCE_COLOR: '0' }, [], false],
    ['a pipe, --color always', {}, ['--color', 'always'], true],
    ['--color always over NO_COLOR', { NO_COLOR: '1' }, ['--color', 'always'], true],
    ['--color never over FORCE_COLOR', { FORCE_COLOR: '1' }, ['--color', 'never'], false],
    ['JSON is never painted', { FORCE_COLOR: '1' }, ['--json'], false],
  ])('%s', async (_name, env, args, painted) => {
    const { FORCE_COLOR: _force, NO_COLOR: _no, ...rest } = process.env;
    const stdio: StdioOptions = ['ignore', 'pipe', 'ignore'];
    const child = spawn(process.execPath, [BINARY, 'fds', SELF, ...args], { env: { ...rest, ...env }, stdio });
    let stdout = '';
    for await (const chunk of child.stdout!.setEncoding('utf8')) stdout += chunk;
    expect(stdout.includes(ESC)).toBe(painted);
    expect(stdout.length).toBeGreaterThan(100);
  });
});

describeNeeds(['script'], 'a terminal', () => {
  async function onTerminal(command: string, env: NodeJS.ProcessEnv): Promise<string> {
    const { FORCE_COLOR: _force, NO_COLOR: _no, ...rest } = plainEnv();
    const args = ['-qec', `stty cols 80 && ${command}`, '/dev/null'];
    const { stdout } = await run(findProgram('script')!, args, { env: { ...rest, TERM: 'xterm', ...env } });
    return stdout;
  }
  const command = `'${process.execPath}' '${BINARY}' fds ${SELF} --all`;

  it('has colours, lines that fit, and neither with NO_COLOR or TERM=dumb', async () => {
    const shown = await onTerminal(command, {});
    expect(shown).toContain(`${ESC}[`);
    const plain = await onTerminal(command, { NO_COLOR: '1' });
    expect(plain).not.toContain(ESC);
    expect(await onTerminal(command, { TERM: 'dumb' })).not.toContain(ESC);
    // An empty NO_COLOR counts as unset.
    expect(await onTerminal(command, { NO_COLOR: '' })).toContain(`${ESC}[`);
    // A command to copy is never folded.
    const lines = plain.split('\r\n').filter((line) => !/^ +(\$|fix:) /.test(line));
    expect(lines.filter((line) => [...line].length > 80)).toEqual([]);
  });
});

describe('formats and files', () => {
  it('several at once: files with mode 0600, text left on stdout', async () => {
    const folder = ownFolder('formats');
    const [json, ndjson] = [join(folder, 'report.json'), join(folder, 'report.ndjson')];
    const result = await reloadctl(['fds', SELF, '--format', `json=${json}`, '--format', `ndjson=${ndjson}`]);
    expect([result.code, result.stderr]).toEqual([0, '']);
    expect(result.stdout).toMatch(/^OK {2}/);
    const report = JSON.parse(readFileSync(json, 'utf8')) as Report<FdsData>;
    expect(report.target?.pids).toEqual([process.pid]);
    expect(JSON.parse(readFileSync(ndjson, 'utf8').trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ type: 'end', complete: true });
    for (const file of [json, ndjson]) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(['report.json', 'report.ndjson']);
  });

  it('one to a file, one on stdout', async () => {
    const file = join(ownFolder('formats'), 'lines');
    const result = await reloadctl(['fds', SELF, '--json', '--format', `ndjson=${file}`]);
    expect(JSON.parse(result.stdout)).toMatchObject({ command: 'fds' });
    expect(existsSync(file)).toBe(true);
    expect(JSON.parse((await reloadctl(['fds', SELF, '--format', 'json=-'])).stdout)).toMatchObject({ command: 'fds' });
  });

  it('replaces a file as a whole, and leaves it alone when it cannot', async () => {
    const folder = ownFolder('formats');
    const file = join(folder, 'old.json');
    writeFileSync(file, 'old', { mode: 0o644 });
    expect((await reloadctl(['fds', SELF, '--format', `json=${file}`])).code).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ command: 'fds' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    mkdirSync(join(folder, 'directory'));
    for (const bad of [join(folder, 'directory'), join(folder, 'missing/report.json')]) {
      const result = await reloadctl(['fds', SELF, '--format', `json=${bad}`]);
      expect(result.code).toBe(2);
      expect(result.stderr).toContain(bad);
      expect(result.stderr).not.toMatch(/\n {4}at /);
    }
    expect(readdirSync(folder).sort()).toEqual(['directory', 'old.json']);
  });

  it('--quiet: the verdict and nothing else', async () => {
    const result = await reloadctl(['fds', SELF, '--quiet']);
    expect(result.stdout).toMatch(/^OK {2}[^\n]+\n$/);
  });
});

describeNeeds(['python3'], '--fail-on and the exit code', () => {
  it('decides from which severity on the run fails; partial coverage never hides a fault', async () => {
    const { pid, stop } = await startFactory(['rlimit=100:200', 'devnull=79']);
    const codes = async (options: RunOptions): Promise<(number | null)[]> => {
      const runs = ['info', 'warning', 'critical', 'never'].map((level) => reloadctl(['fds', String(pid), '--fail-on', level], options));
      return (await Promise.all(runs)).map(({ code }) => code);
    };
    expect(await codes({})).toEqual([1, 1, 0, 0]);
    if (process.geteuid?.() === 0) expect(await codes({ uid: 65534, cwd: '/' })).toEqual([1, 1, 3, 3]);
    await stop();
  });
});

describeNeeds(['python3', 'bash'], 'head -1 in a shell', () => {
  it('keeps the exit code of a fault, without a word on stderr', async () => {
    const { pid, stop } = await startFactory(['rlimit=3000:4000', 'devnull=2980']);
    for (const format of ['', '--json', '--format ndjson']) {
      const script = `'${process.execPath}' '${BINARY}' fds ${pid} --list ${format} | head -1; echo "code \${PIPESTATUS[0]}"`;
      const { stdout, stderr } = await run(findProgram('bash')!, ['-c', script], { env: plainEnv() });
      expect([stdout.split('\n').slice(1), stderr]).toEqual([['code 1', ''], '']);
    }
    await stop();
  });
});

describe('very much output', { timeout: 120_000 }, () => {
  const COUNT = manyDescriptors(19_000);
  let target: Running<Truth>;
  let list: string[];

  beforeAll(async () => {
    target = await startNode('many-fds.mjs', [`count=${COUNT}`]);
    list = [process.execPath, BINARY, 'fds', String(target.pid), '--fail-on', 'never', '--list'];
  }, 120_000);
  afterAll(() => target.stop());

  /** Stopped until asked, so that its pipe is full before the first byte is taken. */
  async function slowly(command: string[]): Promise<{ text: string; code: number | null }> {
    const child = spawn(command[0]!, command.slice(1), { env: plainEnv(), stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    // 64 KiB in the pipe and the writer asleep: it waits for us.
    await until(() => writes(child.pid ?? -1), { deadlineMs: 20_000, what: 'reloadctl to be stopped by a full pipe' });
    let text = '';
    for await (const chunk of child.stdout.setEncoding('utf8')) text += chunk;
    return { text, code: await ended };
  }

  /** Sleeps and has not run for a while: with this much to write, it is the pipe. */
  function writes(pid: number): boolean {
    const ran = readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[0] ?? '';
    const since = seen.get(pid);
    if (since?.ran !== ran) seen.set(pid, { ran, at: performance.now() });
    return since?.ran === ran && performance.now() - since.at > 400;
  }
  const seen = new Map<number, { ran: string; at: number }>();

  it('waits for a slow reader: nothing is cut', async () => {
    const { text, code } = await slowly(list);
    const rows = text.split('\n').filter((line) => /^ *\d+ +(file|socket|device|pipe|epoll|eventfd|other)\b/.test(line));
    expect(code).toBe(0);
    expect(rows.length).toBeGreaterThan(COUNT);
    expect(text).toMatch(/^looked at node.*$/m);
    const json = JSON.parse((await slowly([...list, '--json'])).text) as Report<FdsData>;
    expect(json.data.fds).toHaveLength(json.data.open ?? -1);
    expect(json.data.fds?.length).toBe(rows.length);
  });

  it('fits one screen without --list', async () => {
    const { stdout } = await reloadctl(['fds', String(target.pid)]);
    expect(stdout.split('\n').length).toBeLessThanOrEqual(40);
    expect(stdout).toMatch(new RegExp(`^ *${(COUNT / 2).toLocaleString('en-US')} +(50|49\\.\\d)% +file `, 'm'));
  });

  it.each([
    ['text', []],
    ['json', ['--json']],
  ])('a reader that leaves after a line: no trace, its own exit code: %s', async (_name, args) => {
    const child = spawn(list[0]!, [...list.slice(1), ...args], { env: plainEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    expect([code, stderr]).toEqual([0, '']);
  });

  it('a closed stdout is no crash', async () => {
    const closed = run('/bin/sh', ['-c', `${list.map((word) => `'${word}'`).join(' ')} >&-`], { env: plainEnv() });
    const { stderr } = await closed.catch((error: { stderr: string }) => error);
    expect(stderr).not.toMatch(/\n {4}at |bug in reloadctl/);
  });
});
