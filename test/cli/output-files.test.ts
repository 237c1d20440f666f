/** Files and pipes that reports and tapes are written to and read from. */
import { execFile, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { plainEnv } from '../live/support/child.ts';
import { describeNeeds, findProgram } from '../live/support/need.ts';
import { ownFolder, type RunResult, reloadctl, startNode } from '../live/support/program.ts';
import { until } from '../live/support/until.ts';
import { tapeFile, tapeText } from '../tapes/support/tapes.ts';
import { BINARY, startReloadctl, untilSecondLook } from './support/start.ts';

const run = promisify(execFile);
const SELF = String(process.pid);
/** Longer than any test: whoever waits for it has not looked at the file before. */
const LONG = ['--watch', '1h'];
const PIPE_BYTES = 65_536;
const TAPE = tapeFile('ok', 'fd-near-limit');

/** Refused with one line that names the file, at once. */
function expectRefusal(result: RunResult, words: string): void {
  expect([result.code, result.stdout, result.timedOut]).toEqual([2, '', false]);
  expect(result.stderr).toBe(`reloadctl: ${words}\n`);
}

describe('a place that cannot be written is told before the look', () => {
  const folder = ownFolder('places');
  const [missing, link] = [join(folder, 'missing/out'), join(folder, 'link')];
  writeFileSync(join(folder, 'victim'), 'kept');
  symlinkSync(join(folder, 'victim'), link);

  it.each([
    ['record', (path: string) => ['record', SELF, ...LONG, '-o', path]],
    ['fds --format', (path: string) => ['fds', SELF, ...LONG, '--format', `json=${path}`]],
  ])('%s', async (_name, args) => {
    expectRefusal(await reloadctl(args(missing)), `${missing}: cannot be written: its folder does not exist (ENOENT)`);
    expectRefusal(await reloadctl(args(folder)), `${folder}: is a directory`);
    expectRefusal(await reloadctl(args(link)), `${link}: is a symbolic link, name the file itself (or - for stdout)`);
    expect([readFileSync(join(folder, 'victim'), 'utf8'), readlinkSync(link)]).toEqual(['kept', join(folder, 'victim')]);
    expect(readdirSync(folder).sort()).toEqual(['link', 'victim']);
  });

  it('a full device: one line, exit 2', async () => {
    expectRefusal(await reloadctl(['record', SELF, '-o', '/dev/full']), '/dev/full: cannot be written: no space left on its device (ENOSPC)');
  });

  it('a target that is not there leaves no file', async () => {
    const own = ownFolder('nothing');
    expect((await reloadctl(['record', 'no-such-name-anywhere', '-o', join(own, 'x.rctl')])).code).toBe(3);
    expect(readdirSync(own)).toEqual([]);
  });
});

describeNeeds(['mkfifo'], 'a FIFO', () => {
  async function fifo(): Promise<string> {
    const path = join(ownFolder('fifo'), 'pipe');
    await run(findProgram('mkfifo')!, [path]);
    return path;
  }

  function writtenBy(pid: number): number {
    return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1]);
  }

  it('that nobody reads is refused, not waited for', async () => {
    const path = await fifo();
    expectRefusal(await reloadctl(['fds', SELF, '--format', `json=${path}`]), `${path}: cannot be written: nobody reads this pipe: start its reader first (ENXIO)`);
  });

  it('with a slow reader gets all of it, more than a pipe holds', async () => {
    const path = await fifo();
    const target = await startNode('many-fds.mjs', ['count=900']);
    // Open for reading and writing: it is a reader that is there before, and takes nothing yet.
    const reader = spawn('/bin/sh', ['-c', 'exec 3<>"$0"; echo ready; read -r _; exec cat 0<"$0" 3>&-', path], { stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    reader.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await until(() => text === 'ready\n', { what: 'the reader' });
    text = '';
    const closed = new Promise((resolve) => reader.on('close', resolve));
    const writer = startReloadctl(['fds', target.pid, '--list', '--format', `json=${path}`, '--fail-on', 'never']);
    // As much as a pipe holds: by then it is full.
    await until(() => writtenBy(writer.pid) >= PIPE_BYTES, { what: 'the pipe to be full' });
    reader.stdin.end('go\n');
    const { code, stderr } = await writer.ended;
    expect([code, stderr]).toEqual([0, '']);
    await closed;
    expect((JSON.parse(text) as { data: { fds: unknown[] } }).data.fds.length).toBeGreaterThanOrEqual(900);
    expect(text.length).toBeGreaterThan(2 * PIPE_BYTES);
    await target.stop();
  });
});

describe('- is stdout and stdin', () => {
  it('record -o -: the tape on stdout, its report on stderr, no file', async () => {
    const cwd = ownFolder('dash');
    const { code, stdout, stderr } = await reloadctl(['record', SELF, '-o', '-'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\{"reloadctl":"tape"/);
    expect(stderr).toMatch(/descriptors on stdout, .* pseudonyms/);
    expect(readdirSync(cwd)).toEqual([]);
    const replayed = await reloadctl(['fds', '--from', '-', '--json', '--fail-on', 'never'], { input: stdout, cwd });
    expect([replayed.code, JSON.parse(replayed.stdout).target.pids]).toEqual([0, [process.pid]]);
  });

  it('the same report as from the file', async () => {
    const named = await reloadctl(['fds', '--from', TAPE]);
    const piped = await reloadctl(['fds', '--from', '-'], { input: tapeText('ok', 'fd-near-limit') });
    expect([piped.code, piped.stdout]).toEqual([named.code, named.stdout.replaceAll(TAPE, '-')]);
  });

  it('messages call it stdin', async () => {
    const { code, stderr } = await reloadctl(['fds', '--from', '-'], { input: 'x' });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^reloadctl: stdin:1: not a reloadctl tape/)]);
  });

  it('one thing on stdout: a tape and a report exclude each other, a report in a file does not', async () => {
    const file = join(ownFolder('both'), 'report.json');
    expectRefusal(await reloadctl(['record', SELF, '-o', '-', '--json']), 'the tape and the report (json) both want stdout: give one of them a file');
    const both = await reloadctl(['record', '--from', TAPE, '-o', '-', '--format', `json=${file}`]);
    expect(both.stdout).toMatch(/^\{"reloadctl":"tape"/);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ command: 'record', data: { file: '-' } });
  });

  it('a signal ends the waiting for stdin, with its code', async () => {
    const child = spawn(process.execPath, [BINARY, 'fds', '--from', '-'], { env: plainEnv(), stdio: ['pipe', 'pipe', 'pipe'] });
    const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve([code, signal])));
    // At rest: it waits for its input.
    await untilSecondLook({ pid: child.pid as number });
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
  });
});

describe('what is no tape file', () => {
  it.each([
    ['/nowhere/x.rctl', '/nowhere/x.rctl: no such file'],
    ['/dev/zero', '/dev/zero: is not a regular file'],
    ['/', '/: is a directory'],
  ])('%s', async (path, words) => {
    expectRefusal(await reloadctl(['fds', '--from', path]), words);
  });
});
