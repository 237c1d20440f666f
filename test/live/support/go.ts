/** Go programs in tests: our fixtures, built once per test file, and the servers of the distribution. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Child, plainEnv, startChild } from './child.ts';
import { ownFolder } from './program.ts';
import { until } from './until.ts';

const run = promisify(execFile);
const SOURCE = fileURLToPath(new URL('../../../fixtures/programs/go', import.meta.url));

let built: Promise<string> | undefined;

async function buildNow(): Promise<string> {
  const output = join(ownFolder('go'), 'blocked');
  await run('go', ['build', '-o', output, '.'], { cwd: SOURCE, env: plainEnv({ GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local' }) });
  return output;
}

export interface GoTruth {
  pid: number;
  port: number;
  class: string;
  count: number;
  go: string;
}

export interface GoProgram {
  truth: GoTruth;
  url: string;
  child: Child;
  stop(): Promise<void>;
}

/** Starts fixtures/programs/go with a class of goroutines; see its main.go. */
export async function startGo(name: string, count: number, env: NodeJS.ProcessEnv = {}): Promise<GoProgram> {
  built ??= buildNow();
  const child = await startChild(await built, [name, String(count)], { env });
  const truth = JSON.parse(await child.nextLine()) as GoTruth;
  return { truth, url: `http://127.0.0.1:${truth.port}`, child, stop: () => child.stop() };
}

/** One that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

export const SERVERS = ['etcd', 'prometheus', 'caddy'] as const;

/** A server of the distribution, whose pprof is at the URL returned. */
export async function startServer(name: (typeof SERVERS)[number]): Promise<{ url: string; child: Child }> {
  const folder = ownFolder(name);
  const port = await freePort();
  const peer = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const commands: Record<typeof name, [args: string[], env: NodeJS.ProcessEnv]> = {
    etcd: [
      ['--data-dir', join(folder, 'data'), '--enable-pprof', '--listen-client-urls', url, '--advertise-client-urls', url, '--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl, '--initial-cluster', `default=${peerUrl}`],
      {},
    ],
    prometheus: [['--config.file=/dev/null', `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=127.0.0.1:${port}`], {}],
    caddy: [['run', '--config', join(folder, 'caddy.json')], { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }],
  };
  // The variable for it is of later versions.
  if (name === 'caddy') writeFileSync(join(folder, 'caddy.json'), JSON.stringify({ admin: { listen: `127.0.0.1:${port}` } }));
  const [args, env] = commands[name];
  const child = await startChild(name, args, { env, cwd: folder });
  await until(() => fetch(`${url}/debug/pprof/`).then((answer) => answer.ok, () => false), { what: `${name} to answer`, deadlineMs: 30_000 });
  return { url, child };
}
