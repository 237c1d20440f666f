/** Services that keep something of each request, and services that do not, beside a command that asks them. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { AssertData } from '../../src/assert/data.ts';
import type { Report } from '../../src/report/types.ts';
import { type Child, plainEnv, startChild } from './support/child.ts';
import { startLoad } from './support/load.ts';
import { describeNeeds, need } from './support/need.ts';
import { startNginx } from './support/nginx.ts';
import { ownFolder, reloadctl, startNode } from './support/program.ts';
import { startRedis } from './support/redis.ts';

const PROGRAMS = join(import.meta.dirname, '../../fixtures/programs');
const ask = (port: number, path: string, times: number): string => `${process.execPath} ${join(PROGRAMS, 'ask.mjs')} http://127.0.0.1:${port}${path} ${times}`;

async function during(pid: number | string, command: string, options: string[] = []) {
  const { code, stdout, stderr } = await reloadctl(['assert', '--json', '--grace', '300ms', ...options, '--pid', String(pid), '--during', command], { timeoutMs: 50_000 });
  expect(stdout, stderr).toMatch(/^\{/);
  const report = JSON.parse(stdout) as Report<AssertData>;
  const loud = report.findings.filter(({ severity }) => severity !== 'info');
  return { code, report, loud, titles: loud.map(({ title }) => title), stderr };
}

describeNeeds([], 'assert --pid --during', () => {
  it.concurrent('goes red for what each request leaves open, with its rate; pools and requests that close are green', async () => {
    const { truth } = await startNode('request-server.mjs');
    const fine = await during(truth.pid, ask(truth.port!, '/fine', 60));
    expect({ code: fine.code, titles: fine.titles }).toEqual({ code: 0, titles: [] });
    const pool = await during(truth.pid, ask(truth.port!, '/pool', 100));
    expect({ code: pool.code, titles: pool.titles }).toEqual({ code: 0, titles: [] });
    const files = await during(truth.pid, ask(truth.port!, '/files', 200));
    expect(files.code).toBe(1);
    expect(files.titles).toEqual([expect.stringMatching(/keeps 200 more descriptors after the command: .*part-\*\.tmp, 0 became 200 in .* \([\d,]+ a minute\)/)]);
    expect(files.report.data.during?.groups[0]).toMatchObject({ what: 'descriptors', kind: 'file', gain: 200 });
    const watches = await during(truth.pid, `${ask(truth.port!, '/files', 20)}; ${ask(truth.port!, '/watch', 40)}`, ['--inotify', '--max-growth', '30']);
    expect(watches.titles).toEqual([expect.stringMatching(/keeps 40 more watches/)]);
  });

  it.concurrent('keeps the code of the command, and is inconclusive where the service ends or is not there', async () => {
    const { truth, stop } = await startNode('request-server.mjs');
    expect((await during(truth.pid, 'exit 7')).code).toBe(7);
    expect((await during(truth.pid, 'sleep 30', ['--timeout', '200ms'])).code).toBe(3);
    const ended = during(truth.pid, `kill ${truth.pid}; while kill -0 ${truth.pid}; do sleep 0.05; done`);
    expect((await ended).report.coverage).toContainEqual(expect.objectContaining({ source: 'target', status: 'absent', needed: true }));
    await stop();
    const none = await reloadctl(['assert', '--pid', String(truth.pid), '--during', 'echo was run']);
    expect({ code: none.code, stderr: none.stderr.includes('was run') }).toEqual({ code: 3, stderr: false });
  });

  it.concurrent.each([
    [['--during', 'true'], /--during needs --pid/],
    [['--pid', '1'], /--pid needs --during/],
    [['--pid', '1', '--during', 'true', '--max-growth', 'some'], /--max-growth: some is not a number/],
    [['--pid', '1', '--during', 'true', '--', 'true'], /the command is that of --during/],
    [['--max-growth', '3', '--', 'true'], /--max-growth is for --pid/],
  ])('refuses what does not go together: %j', async (args, message) => {
    const { code, stderr } = await reloadctl(['assert', ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it.skipIf(!need('nginx', 'redis-server'))('stays green beside servers that others use meanwhile', { concurrent: true }, async () => {
    const [nginx, redis] = await Promise.all([startNginx(), startRedis()]);
    const load = startLoad({ port: nginx.port, durationMs: 20_000, fresh: 4 });
    const own = ask(nginx.port, '/', 100);
    const [web, store] = await Promise.all([during(nginx.pid, own), during(redis.pid, `for i in 1 2 3 4 5 6 7 8; do redis-cli -p ${redis.port} ping; sleep 0.1; done`)]);
    await load.stop();
    expect({ code: web.code, titles: web.titles }, web.stderr).toEqual({ code: 0, titles: [] });
    expect({ code: store.code, titles: store.titles }, store.stderr).toEqual({ code: 0, titles: [] });
  });

  it.skipIf(!need('go'))('names the line whose goroutines each request of a Go server leaves', { concurrent: true }, async () => {
    const binary = join(ownFolder('go-server'), 'server');
    execFileSync('go', ['build', '-C', join(PROGRAMS, 'go-server'), '-o', binary, '.'], { env: plainEnv({ GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local' }), stdio: 'ignore' });
    const child: Child = await startChild(binary, []);
    const { pid, port } = JSON.parse(await child.nextLine()) as { pid: number; port: number };
    const fine = await during(pid, ask(port, '/fine', 60), ['--goroutines']);
    expect({ code: fine.code, titles: fine.titles }, fine.stderr).toEqual({ code: 0, titles: [] });
    const leak = await during(pid, ask(port, '/leak', 200), ['--goroutines']);
    expect(leak.code).toBe(1);
    expect(leak.titles).toEqual([expect.stringMatching(/keeps 200 more goroutines after the command: main\.main\.func\d+, 0 became 200 in .* a minute\), made at .*main\.go:\d+$/)]);
  });
});
