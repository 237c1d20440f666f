/** Programs at work, each with one fault that can be planted in it and stays as it is: for looks that are made one after the other. */
import { execFileSync } from 'node:child_process';
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { startChild } from './child.ts';
import { startGo, startServer } from './go.ts';
import { startLoad } from './load.ts';
import { findProgram } from './need.ts';
import { startNginx } from './nginx.ts';
import { ownFolder } from './program.ts';
import { startRedis } from './redis.ts';
import { freePort } from './service.ts';
import { until } from './until.ts';

export interface AtWork {
  name: string;
  /** What `report` is told. */
  args: string[];
  /** Absent where it is sick from its start. */
  plant?(): Promise<void>;
  /** The first finding then. */
  finds: string;
  stop(): Promise<void>;
}

export const AT_WORK_NEEDS = ['nginx', 'redis-server', 'etcd', 'postgres', 'go', 'mkfifo', 'setpriv', 'prlimit', 'root'];

const CLIENTS = 150;
/** Nearer to its limit than what is critical, and some way from having none left: one more or less changes nothing. */
const USED = 0.95;

const openOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
const openIn = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + openOf(pid), 0);

/** Clients that connect and never go, until the one of `pids` that has most of them is as near to its limit as a leak brings it. Returns how they go. */
async function crowd(pids: readonly number[], port: number): Promise<() => void> {
  const before = openIn(pids);
  const sockets = Array.from({ length: CLIENTS }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  await until(() => openIn(pids) >= before + CLIENTS, { what: 'clients to be accepted', deadlineMs: 60_000 });
  const [worst] = pids.map((pid) => ({ pid, open: openOf(pid) })).sort((a, b) => b.open - a.open);
  const { pid, open } = worst!;
  const { uid, gid } = statSync(`/proc/${pid}`);
  execFileSync('setpriv', [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', 'prlimit', '--pid', String(pid), `--nofile=${Math.floor(open / USED)}:`]);
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

export async function nginxAtWork(): Promise<AtWork & { master: number; port: number }> {
  const nginx = await startNginx();
  const idle = openIn(nginx.workers());
  const load = startLoad({ port: nginx.port, keepAlive: 20, fresh: 4, pauseMs: 5, durationMs: 60_000 });
  await until(() => load.answered() > 50, { what: 'answers' });
  let leave = (): void => undefined;
  const plant = async (): Promise<void> => {
    await load.stop();
    // What its clients left is closed when it is noticed.
    await until(() => openIn(nginx.workers()) <= idle, { what: 'connections to be closed' });
    leave = await crowd(nginx.workers(), nginx.port);
  };
  const stop = (): Promise<void> => nginx.stop().then(() => leave());
  return { name: 'nginx', args: [String(nginx.pid), '--tree'], plant, finds: 'fd/near-limit', master: nginx.pid, port: nginx.port, stop };
}

export async function redisAtWork(): Promise<AtWork> {
  const redis = await startRedis();
  const client = connect(redis.port, '127.0.0.1', () => client.write('PING\r\n'));
  client.on('data', () => setTimeout(() => client.write('PING\r\n'), 5)).on('error', () => undefined);
  let leave = (): void => undefined;
  const plant = async (): Promise<void> => {
    leave = await crowd([redis.pid], redis.port);
  };
  const stop = async (): Promise<void> => {
    await redis.stop();
    client.destroy();
    leave();
  };
  return { name: 'redis', args: [String(redis.pid)], plant, finds: 'fd/near-limit', stop };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(Boolean(socket.destroy())));
    socket.on('error', () => resolve(false));
  });
}

/** Its postmaster is stopped, as by a debugger, and clients knock. */
export async function postgresAtWork(): Promise<AtWork> {
  const tools = dirname(realpathSync(findProgram('postgres')!));
  const folder = ownFolder('postgres');
  execFileSync('chown', ['postgres', folder]);
  const as = ['--reuid=postgres', '--regid=postgres', '--clear-groups'];
  execFileSync('setpriv', [...as, `${tools}/initdb`, '-D', `${folder}/data`, '-U', 'test', '-A', 'trust', '-N'], { stdio: 'ignore' });
  const port = await freePort();
  const child = await startChild('setpriv', ['--pdeathsig', 'TERM', ...as, `${tools}/postgres`, '-D', `${folder}/data`, '-h', '127.0.0.1', '-p', String(port), '-k', folder, '-F', '-c', 'max_connections=10'], { cwd: folder });
  await until(() => accepts(port), { what: 'postgres to accept', deadlineMs: 60_000 });
  const knocking: Socket[] = [];
  const plant = async (): Promise<void> => {
    process.kill(child.pid, 'SIGSTOP');
    for (let number = 0; number < 300; number++) knocking.push(connect(port, '127.0.0.1').on('error', () => undefined));
    await until(() => knocking.filter(({ connecting }) => !connecting).length > 10, { what: 'a queue' });
    // Those for whom there is no room would knock again and again: at one look, and not at the next.
    for (const socket of knocking) if (socket.connecting) socket.destroy();
  };
  const stop = async (): Promise<void> => {
    for (const socket of knocking) socket.destroy();
    process.kill(child.pid, 'SIGCONT');
    await child.stop('SIGINT');
  };
  return { name: 'postgres', args: [String(child.pid), '--tree'], plant, finds: 'listen/accept-queue-full', stop };
}

export async function etcdAtWork(): Promise<AtWork> {
  const { child, url } = await startServer('etcd');
  let leave = (): void => undefined;
  const plant = async (): Promise<void> => {
    leave = await crowd([child.pid], Number(new URL(url).port));
  };
  return { name: 'etcd', args: [String(child.pid)], plant, finds: 'fd/near-limit', stop: () => child.stop('SIGTERM').then(() => leave()) };
}

/** Two locks, taken in turn. */
export async function goLockedUp(): Promise<AtWork> {
  const { truth, stop } = await startGo('ab-ba', 20);
  return { name: 'go', args: [String(truth.pid)], finds: 'goroutine/lock-cycle', stop };
}

const POOL = "import { readFile } from 'node:fs'; for (const path of process.argv.slice(1)) readFile(path, () => {}); setInterval(() => {}, 1000); console.log('ready');";

/** Node whose thread pool opens FIFOs nobody writes to, one thread each. */
export async function nodeAtFifos(fifos: number): Promise<AtWork & { pid: number }> {
  const folder = ownFolder('pool');
  const paths = Array.from({ length: fifos }, (_, number) => join(folder, `${number}.fifo`));
  execFileSync('mkfifo', paths);
  const child = await startChild(process.execPath, ['--input-type=module', '-e', POOL, ...paths]);
  await child.nextLine();
  return { name: 'node', pid: child.pid, args: [String(child.pid)], finds: 'task/threadpool-starved', stop: () => child.stop() };
}
