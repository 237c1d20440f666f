import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterEach, describe, expect, it } from 'vitest';
import { runShellCommand } from '../../src/effects/shell-command.ts';
import { ownFolder } from '../live/support/program.ts';
import { until } from '../live/support/until.ts';

const folder = ownFolder('shell-command');
const signal = new AbortController().signal;
const run = (command: string, timeoutMs = 20_000) => runShellCommand(command, { timeoutMs, signal });

/** Its state letter; undefined when it has ended. */
function stateOf(pid: number): string | undefined {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.[0];
    return state === 'Z' ? undefined : state;
  } catch {
    return undefined;
  }
}

const written = (name: string): string => join(folder, name);
const pidIn = (name: string): Promise<number> => until(() => (existsSync(written(name)) ? Number(readFileSync(written(name), 'latin1')) : undefined), { what: name });

/** A program that has `runShellCommand`. */
async function bundled(name: string, program: string): Promise<string> {
  const outfile = written(name);
  const resolveDir = fileURLToPath(new URL('../../src/effects', import.meta.url));
  const contents = `import { runShellCommand } from './shell-command.ts';\n${program}`;
  await build({ stdin: { contents, resolveDir, loader: 'ts' }, bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' });
  return outfile;
}

const stray: (number | ChildProcess)[] = [];

afterEach(() => {
  for (const one of stray.splice(0)) {
    if (typeof one !== 'number') one.kill('SIGKILL');
    else if (stateOf(one) !== undefined) process.kill(one, 'SIGKILL');
  }
});

describe('a command of the user', () => {
  it.each([
    ['true', 0],
    ['exit 7', 7],
    ['kill -9 $$', 137],
    ['/nowhere/at/all 2>/dev/null', 127],
    ['set -- a b; [ $# = 2 ]', 0],
  ])('%s ends with %i', async (command, exitCode) => {
    const ran = await run(command);
    expect(ran).toMatchObject({ ended: 'done', exitCode });
    expect(ran.durationMs).toBeGreaterThan(0);
  });

  it('reads nothing, and has none of our pipes', async () => {
    expect(await run('[ -z "$(cat)" ] && [ ! -e /proc/self/fd/3 ]')).toMatchObject({ exitCode: 0 });
  });

  it('that hangs is killed with all it started, whatever they heed', async () => {
    const ran = await run(`trap "" TERM; sleep 600 & echo $! > ${written('hang')}; sleep 600`, 400);
    expect(ran).toMatchObject({ ended: 'timeout', exitCode: null });
    const pid = await pidIn('hang');
    await until(() => stateOf(pid) === undefined, { what: 'the sleep to end' });
  });

  it('that is stopped is killed with all it started', async () => {
    const stop = new AbortController();
    const running = runShellCommand(`sleep 600 & echo $! > ${written('stop')}; wait`, { timeoutMs: 20_000, signal: stop.signal });
    const pid = await pidIn('stop');
    stop.abort();
    expect(await running).toMatchObject({ ended: 'stopped', exitCode: null });
    await until(() => stateOf(pid) === undefined, { what: 'the sleep to end' });
    expect(await runShellCommand('true', { timeoutMs: 1000, signal: stop.signal })).toMatchObject({ ended: 'stopped' });
  });

  it('may leave a restarted server behind when it ends by itself', async () => {
    expect(await run(`sleep 600 & echo $! > ${written('server')}`)).toMatchObject({ exitCode: 0 });
    const pid = await pidIn('server');
    stray.push(pid);
    expect(stateOf(pid)).toBeDefined();
  });

  it('is not started, and says why, where no descriptor is left', async () => {
    const bundle = await bundled('full.mjs', `import { openSync } from 'node:fs';
try { for (;;) openSync('/dev/null'); } catch {}
const run = await runShellCommand('true', { timeoutMs: 1000, signal: new AbortController().signal });
process.stdout.write(JSON.stringify(run));`);
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', 'ulimit -n 60; exec "$0" "$1"', process.execPath, bundle]);
    expect(JSON.parse(stdout)).toMatchObject({ ended: 'failed', exitCode: null, problem: expect.stringContaining('(EMFILE)') });
  });

  it('is ended when we are killed', async () => {
    const bundle = await bundled('starter.mjs', 'await runShellCommand(process.argv[2], { timeoutMs: 600000, signal: new AbortController().signal });');
    rmSync(written('orphan'), { force: true });
    const starter = spawn(process.execPath, [bundle, `sleep 600 & echo $! > ${written('orphan')}; trap "" TERM; wait`], { stdio: 'ignore' });
    stray.push(starter);
    const pid = await pidIn('orphan');
    stray.push(pid);
    starter.kill('SIGKILL');
    await until(() => stateOf(pid) === undefined, { what: 'the sleep to end' });
  });
});
