// nginx, redis and postgres with traffic of their own, with or without a planted leak.
import { execFileSync, fork, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const FORGET = fileURLToPath(new URL('../../fixtures/programs/zoo/forget.c', import.meta.url));
const TRAFFIC = fileURLToPath(new URL('../zoo-traffic.mjs', import.meta.url));
const EVERY = '50';

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function untilAccepts(port) {
  for (let tries = 0; tries < 100; tries++) {
    const yes = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      setTimeout(() => socket.destroy(), 100);
    });
    if (yes) return;
    await sleep(100);
  }
  throw new Error(`nobody accepts on ${port}`);
}

const childrenOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
const traffic = (kind, port) => fork(TRAFFIC, [kind, String(port)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });

/** Each: starts its server in `folder`, gives its process, the pid to look at, and its traffic. `run(command, args)` starts it, leak and all. */
const servers = {
  async nginx(folder, port, run) {
    mkdirSync(join(folder, 'html'));
    writeFileSync(join(folder, 'html/index.html'), 'hello\n');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
    writeFileSync(
      join(folder, 'nginx.conf'),
      `${process.getuid() === 0 ? 'user root;' : ''} daemon off; worker_processes 1; pid ${folder}/pid; env FORGET_EVERY; env FORGET_LOG; env LD_PRELOAD;
events { worker_connections 4096; }
http { access_log ${folder}/access.log; ${temporary} server { listen 127.0.0.1:${port}; root ${folder}/html; } }\n`,
    );
    const child = run('nginx', ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')]);
    await untilAccepts(port);
    return { child, pid: childrenOf(child.pid)[0], load: traffic('http', port) };
  },
  async redis(folder, port, run) {
    const child = run('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]);
    await untilAccepts(port);
    return { child, pid: child.pid, load: traffic('redis', port) };
  },
  async postgres(folder, port, run) {
    const tools = ['/usr/lib/postgresql/15/bin', '/usr/lib/postgresql/16/bin', '/usr/lib/postgresql/17/bin'].find((path) => existsSync(path));
    if (!tools) throw new Error('postgres is not installed');
    // It refuses to be root.
    const user = process.getuid() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : ['env'];
    if (process.getuid() === 0) execFileSync('chown', ['-R', 'postgres', folder]);
    execFileSync(user[0], [...user.slice(1), join(tools, 'initdb'), '-D', join(folder, 'data'), '-U', 'zoo', '-A', 'trust', '-N'], { stdio: 'ignore' });
    const place = ['-h', '127.0.0.1', '-p', String(port), '-U', 'zoo'];
    const child = run(user[0], [...user.slice(1), join(tools, 'postgres'), '-D', join(folder, 'data'), '-h', '127.0.0.1', '-p', String(port), '-k', folder, '-F', '-c', 'max_connections=50']);
    await untilAccepts(port);
    await sleep(1000);
    execFileSync(join(tools, 'pgbench'), [...place, '-i', '-q', 'postgres'], { stdio: 'ignore' });
    // A new connection for each transaction.
    const load = spawn(join(tools, 'pgbench'), [...place, '-C', '-S', '-c', '4', '-R', '40', '-T', '3600', 'postgres'], { stdio: 'ignore' });
    return { child, pid: child.pid, load };
  },
};

/** Starts one. {pid, forgotten(): [time...], stop}. */
export async function startServer(name, leaks) {
  const folder = mkdtempSync(join(tmpdir(), 'reloadctl-zoo-'));
  execFileSync('chmod', ['777', folder]);
  const log = join(folder, 'forgotten.log');
  const library = join(folder, 'forget.so');
  if (leaks) execFileSync('cc', ['-O1', '-shared', '-fPIC', '-o', library, FORGET, '-ldl']);
  const planted = leaks ? { LD_PRELOAD: library, FORGET_EVERY: EVERY, FORGET_LOG: log } : {};
  const run = (command, args) => spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...planted } });
  const { child, pid, load } = await servers[name](folder, await freePort(), run);
  const ended = new Promise((resolve) => child.on('exit', resolve));
  return {
    pid,
    forgotten: () => timesIn(log, pid),
    stop: async () => {
      load.kill();
      // postgres: a fast shutdown.
      child.kill('SIGINT');
      setTimeout(() => child.kill('SIGKILL'), 10_000).unref();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** When `pid` forgot, wall clock ms. */
export function timesIn(log, pid) {
  if (!existsSync(log)) return [];
  const lines = readFileSync(log, 'latin1').split('\n').filter(Boolean).map((line) => line.split(' ').map(Number));
  return lines.flatMap(([who, when]) => (who === pid ? [when] : []));
}
