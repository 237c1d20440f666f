/** The server of fixtures/programs/reload, built once per test file, and drills of it. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';
import type { DrillData } from '../../../src/drill/data.ts';
import type { Report } from '../../../src/report/index.ts';
import { compileSchema } from '../../schema/support.ts';
import { plainEnv, startChild } from './child.ts';
import { buildGoDeps } from './go-deps.ts';
import { ownFolder, reloadctl } from './program.ts';
import { freePort } from './service.ts';
import { until } from './until.ts';

const run = promisify(execFile);
const SOURCE = fileURLToPath(new URL('../../../fixtures/programs/reload', import.meta.url));
/** Where it makes the goroutine that it leaves behind. */
export const LEAKING_LINE = 1 + readFileSync(join(SOURCE, 'main.go'), 'utf8').split('\n').findIndex((line) => line.includes('go func() { <-make(chan int) }()'));
const validate = compileSchema();
let built: Promise<string> | undefined;

async function buildNow(): Promise<string> {
  const output = join(ownFolder('reload'), 'reload');
  await run('go', ['build', '-o', output, '.'], { cwd: SOURCE, env: plainEnv({ GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local' }) });
  return output;
}

export interface ReloadServer {
  dir: string;
  url: string;
  /** Of its newest generation. */
  pid(): number;
  /** How a shell starts another one in its place. */
  start: string;
}

const servers: ReloadServer[] = [];

afterAll(() => {
  for (const server of servers) {
    try {
      process.kill(server.pid(), 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
});

/** @param more flags, see its main.go */
export async function startReloadServer(mode: string, more: string[] = [], config?: string): Promise<ReloadServer> {
  const program = await (built ??= buildNow());
  const dir = ownFolder(`reload-${mode}`);
  if (config !== undefined) writeFileSync(join(dir, 'config'), config);
  const port = await freePort();
  const args = ['-mode', mode, '-addr', `127.0.0.1:${port}`, '-dir', dir, '-parent', String(process.pid), ...more];
  return started(mode, dir, port, program, args);
}

/** A server as the README of tableflip has it; undefined where its module cannot be had. `upgrades`: what became of each signal. */
export async function startTableflip(): Promise<(ReloadServer & { upgrades(): string[] }) | undefined> {
  const program = await buildGoDeps();
  if (program === undefined) return undefined;
  const dir = ownFolder('tableflip');
  const port = await freePort();
  const server = await started('tableflip', dir, port, program, ['serve', dir, `127.0.0.1:${port}`, String(process.pid)]);
  return { ...server, upgrades: () => readFileSync(join(dir, 'upgrades'), 'utf8').split('\n').slice(0, -1) };
}

async function started(name: string, dir: string, port: number, program: string, args: string[]): Promise<ReloadServer> {
  const child = await startChild(program, args);
  const read = (): string | undefined => {
    try {
      return readFileSync(join(dir, 'pid'), 'latin1');
    } catch {
      return undefined;
    }
  };
  await until(() => read() === String(child.pid), { what: `the server (${name})` });
  const server = { dir, url: `http://127.0.0.1:${port}/`, pid: () => Number(read()), start: [program, ...args].join(' ') };
  servers.push(server);
  return server;
}

export interface Drilled {
  code: number | null;
  report: Report<DrillData>;
  data: DrillData;
  stderr: string;
  /** Above info. */
  ids: string[];
  titles: string;
}

const SHORT = ['--control', '600ms', '--rest', '200ms', '--yes', '--json'];

const MOST_TRIES = 5;
const IS_LATE = /late or more$|could be sent at their time$/;

/**
 * A drill of which the verdict is wanted, on a machine that may be too busy for it: then it says so, and another server is drilled.
 * @param start starts one, and says how it is drilled
 */
export async function drillWhenFit<T extends { args: string[] }>(start: () => Promise<T>): Promise<Drilled & { of: T }> {
  for (let attempt = 1; ; attempt++) {
    const of = await start();
    const drilled = await drill(of.args);
    const { outcome, client } = drilled.data;
    const wasLate = outcome === 'invalid' && client.problems.every((problem) => IS_LATE.test(problem));
    if (!wasLate || attempt === MOST_TRIES) return { ...drilled, of };
  }
}

/** A short drill, of which nothing is left in the state of the user. */
export async function drill(args: string[], timeoutMs = 60_000): Promise<Drilled> {
  const at = args.indexOf('--');
  const [own, command] = at < 0 ? [args, []] : [args.slice(0, at), args.slice(at)];
  const { code, stdout, stderr } = await reloadctl(['drill', ...SHORT, ...own, ...command], { env: { XDG_STATE_HOME: ownFolder('state') }, timeoutMs });
  if (stdout === '') throw new Error(`exit ${code}: ${stderr}`);
  const report = JSON.parse(stdout) as Report<DrillData>;
  if (!validate(report)) throw new Error(JSON.stringify(validate.errors));
  const found = report.findings.filter(({ severity }) => severity !== 'info');
  return { code, report, data: report.data, stderr, ids: found.map(({ id }) => id), titles: found.map(({ title }) => title).join('\n') };
}
