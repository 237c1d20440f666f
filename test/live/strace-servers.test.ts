/** Servers under load, recorded by strace: no line that is not known, and at the end of the load the tables are those of /proc. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import type { StraceData } from '../../src/strace/data.ts';
import { type Child, startChild } from './support/child.ts';
import { isAlive, isCloexec, openFds } from './support/kernel.ts';
import { describeNeeds } from './support/need.ts';
import { ownFolder, reloadctl } from './support/program.ts';
import { freePort } from './support/service.ts';
import { until } from './support/until.ts';

type Table = Record<number, boolean | null>;

/** All below the one process that strace started. */
function treeOf(root: number): number[] {
  const below = readdirSync(`/proc/${root}/task`).flatMap((tid) => readFileSync(`/proc/${root}/task/${tid}/children`, 'latin1').split(' ').filter((pid) => pid !== '').map(Number));
  return below.flatMap((pid) => [pid, ...treeOf(pid)]);
}

function truthOf(pids: readonly number[]): Record<number, Table> {
  return Object.fromEntries(pids.filter(isAlive).map((pid) => [pid, Object.fromEntries(openFds(pid).map((fd) => [fd, isCloexec(pid, fd)]))]));
}

async function dataOf(log: string): Promise<StraceData> {
  const { stdout } = await reloadctl(['strace', log, '--tables', '--json'], { timeoutMs: 60_000 });
  return (JSON.parse(stdout) as { data: StraceData }).data;
}

const tablesIn = (data: StraceData): Record<number, Table> => Object.fromEntries(data.tables!.map(({ pid, fds }) => [pid, Object.fromEntries(fds.map(({ fd, cloexec }) => [fd, cloexec]))]));

/** What the test was given itself came before the log, and a log cannot know of it. */
const ALONE = 'for fd in /proc/$$/fd/*; do n=$(basename "$fd"); [ "$n" -gt 2 ] && [ "$n" -ne 255 ] && eval "exec $n>&-"; done; exec "$@"';

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** Starts it under strace, asks it until it answers and then `requests` times more, and compares when it is at rest. */
async function compare(command: string[], requests: number, ask: () => Promise<unknown>, ready: () => Promise<boolean>): Promise<void> {
  const log = join(ownFolder('strace'), 'log');
  const strace: Child = await startChild('bash', ['-c', ALONE, 'bash', 'strace', '-f', '-tt', '-T', '-y', '-o', log, ...command]);
  await until(ready, { what: `${command[0]} under strace`, deadlineMs: 30_000 });
  for (let left = requests; left > 0; left -= 10) await Promise.all(Array.from({ length: 10 }, ask));
  const pids = treeOf(strace.pid);
  const isEqual = async (): Promise<boolean> => {
    const truth = truthOf(pids);
    const data = await dataOf(log);
    return JSON.stringify(tablesIn(data)) === JSON.stringify(truth) && data.unclassified === 0;
  };
  // What the last answers close may not have been written down.
  await until(isEqual, { what: 'tables as those of /proc', deadlineMs: 10_000 }).catch(() => undefined);
  const data = await dataOf(log);
  expect(tablesIn(data)).toEqual(truthOf(pids));
  expect([data.unclassified, data.repairs]).toEqual([0, 0]);
  expect(Object.keys(tablesIn(data)).length).toBeGreaterThan(0);
  for (const pid of pids.reverse()) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  await strace.ended;
}

describeNeeds(['strace', 'nginx'], 'nginx under strace', () => {
  it('has the tables of /proc after a load', async () => {
    const dir = ownFolder('nginx');
    const port = await freePort();
    mkdirSync(join(dir, 'html'));
    writeFileSync(join(dir, 'html/index.html'), 'hello\n');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`).join(' ');
    writeFileSync(join(dir, 'nginx.conf'), `daemon off; user root; worker_processes 2; pid ${dir}/pid; error_log ${dir}/error.log;\nevents { worker_connections 256; }\nhttp { access_log ${dir}/access.log; ${temporary} server { listen 127.0.0.1:${port}; root ${dir}/html; } }\n`);
    const url = `http://127.0.0.1:${port}/`;
    await compare(['nginx', '-p', dir, '-e', join(dir, 'error.log'), '-c', join(dir, 'nginx.conf')], 200, () => answers(url), () => answers(url));
  }, 90_000);
});

describeNeeds(['strace', 'redis-server', 'redis-cli'], 'redis under strace', () => {
  it('has the tables of /proc after a load', async () => {
    const port = await freePort();
    const ping = async (): Promise<boolean> => spawnSync('redis-cli', ['-p', String(port), 'ping'], { encoding: 'utf8' }).stdout.includes('PONG');
    await compare(['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', ownFolder('redis')], 20, ping, ping);
  }, 90_000);
});

describeNeeds(['strace'], 'a Node server under strace', () => {
  it('has the tables of /proc after a load', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    const program = `require('http').createServer((q, s) => require('fs').readFile('/etc/hostname', (e, d) => s.end(d))).listen(${port}, '127.0.0.1')`;
    await compare([process.execPath, '-e', program], 100, () => answers(url), () => answers(url));
  }, 90_000);
});

describeNeeds(['strace', 'go'], 'a Go server under strace', () => {
  it('has the tables of /proc after a load', async () => {
    const dir = ownFolder('go');
    const port = await freePort();
    writeFileSync(join(dir, 'main.go'), `package main\n\nimport (\n\t"net/http"\n\t"os"\n)\n\nfunc main() {\n\thttp.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {\n\t\tb, _ := os.ReadFile("/etc/hostname")\n\t\tw.Write(b)\n\t})\n\thttp.ListenAndServe("127.0.0.1:${port}", nil)\n}\n`);
    const built = spawnSync('go', ['build', '-o', join(dir, 'server'), join(dir, 'main.go')], { encoding: 'utf8', env: { ...process.env, CGO_ENABLED: '0' } });
    expect(built.status, built.stderr).toBe(0);
    const url = `http://127.0.0.1:${port}/`;
    await compare([join(dir, 'server')], 100, () => answers(url), () => answers(url));
  }, 180_000);
});

describeNeeds(['strace', 'npm'], 'npm install of a package that lies beside, under strace', () => {
  it('leaves no line unknown, needs no repair, and no process', async () => {
    const dir = ownFolder('npm');
    mkdirSync(join(dir, 'tiny'));
    mkdirSync(join(dir, 'app'));
    writeFileSync(join(dir, 'tiny/package.json'), '{"name":"tiny","version":"1.0.0"}');
    writeFileSync(join(dir, 'app/package.json'), '{"name":"app","version":"1.0.0"}');
    const log = join(dir, 'log');
    const strace = await startChild('strace', ['-f', '-tt', '-T', '-y', '-o', log, 'npm', 'install', '--offline', '--no-audit', '--no-fund', '../tiny'], { cwd: join(dir, 'app') });
    await strace.ended;
    const data = await dataOf(log);
    expect(data.lines).toBeGreaterThan(5000);
    expect([data.unclassified, data.tables]).toEqual([0, []]);
  }, 120_000);
});
