/** The same truths at length, `npm run drill:suite`: twenty reloads of each, under more load. Minutes: not part of `npm test`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startChild } from './support/child.ts';
import { startHaproxy, startNginxDaemon } from './support/daemons.ts';
import { startServer } from './support/go.ts';
import { missing } from './support/need.ts';
import { ownFolder } from './support/program.ts';
import { drill, startReloadServer } from './support/reload.ts';
import { freePort } from './support/service.ts';
import { until } from './support/until.ts';

const LONG = ['--times', '20', '--rate', '300', '--control', '5s', '--rest', '500ms'];
const MINUTES = 15 * 60_000;

describe.skipIf(missing(['go', 'nginx', 'haproxy', 'prometheus', 'redis-server', 'root']).length > 0)('drills at length', { timeout: MINUTES }, () => {
  it('Go: kill -9 and start', async () => {
    const server = await startReloadServer('restart');
    const { data } = await drill(['--http', server.url, ...LONG, '--stream', '/stream?ms=2000', '--', `kill -9 $(cat ${server.dir}/pid); ${server.start} >/dev/null 2>&1 &`]);
    expect(data.outcome).toBe('fail');
    expect(data.reloads).toHaveLength(20);
    expect(data.traffic.new.byClass.refused).toBeGreaterThan(0);
    expect(data.traffic.stream.byClass.cut).toBeGreaterThan(0);
  });

  it('Go: TERM, then start', async () => {
    const server = await startReloadServer('restart');
    const stop = `pid=$(cat ${server.dir}/pid); kill $pid; while kill -0 $pid 2>/dev/null && ! grep -q 'State:.Z' /proc/$pid/status; do sleep 0.02; done`;
    const { data } = await drill(['--http', server.url, ...LONG, '--', `${stop}; ${server.start} >/dev/null 2>&1 &`]);
    expect(data.outcome).toBe('fail');
    expect(data.traffic.new.byClass.refused).toBeGreaterThan(0);
  });

  it('Go: the listener handed over', async () => {
    const server = await startReloadServer('fdpass');
    const { data } = await drill(['--http', server.url, ...LONG, '--pid', String(server.pid()), '--signal', 'USR2']);
    expect({ outcome: data.outcome, listener: data.listener, failed: data.traffic.new.failed, reloads: data.reloads.length }).toEqual({ outcome: 'pass', listener: 'kept', failed: 0, reloads: 20 });
  });

  it('Go: a queue of 4', async () => {
    const server = await startReloadServer('hold', ['-backlog', '4', '-stall', '600']);
    const { titles } = await drill(['--http', server.url, ...LONG, '--rate', '100', '--pid', String(server.pid()), '--signal', 'USR2']);
    expect(titles).toContain('the accept queue was full (5 of 4)');
  });

  it('Go: a reload every 100 ms, of which some come while another is under way', async () => {
    const server = await startReloadServer('hold', ['-stall', '1500']);
    const { data } = await drill(['--http', server.url, '--times', '20', '--rate', '50', '--every', '300ms', '--pid', String(server.pid()), '--signal', 'USR2']);
    expect(data.reloads).toHaveLength(20);
    expect(data.reloads.filter(({ happened }) => happened).length).toBeLessThan(20);
    expect(['not-reloaded', 'fail', 'invalid']).toContain(data.outcome);
  });

  it('Go: leaks', async () => {
    const server = await startReloadServer('leak');
    const { data } = await drill(['--http', server.url, ...LONG, '--pid', String(server.pid()), '--signal', 'HUP', '--expect', 'GET /version changes']);
    expect(data.leftovers.groups.filter(({ kind }) => kind === 'device' || kind === 'goroutine').map(({ slopePerReload }) => slopePerReload)).toEqual([1, 1]);
  });

  it('nginx: HUP and USR2', async () => {
    for (const signal of ['HUP', 'USR2']) {
      const nginx = await startNginxDaemon('/usr/sbin/nginx');
      const { data } = await drill(['--http', nginx.url, ...LONG, '--pid', nginx.pidFile, '--signal', signal]);
      expect({ signal, outcome: data.outcome, listener: data.listener, failed: data.traffic.new.failed, reloads: data.reloads.length }).toEqual({ signal, outcome: 'pass', listener: 'kept', failed: 0, reloads: 20 });
    }
  });

  it('haproxy: -sf -x', async () => {
    const haproxy = await startHaproxy();
    const { data } = await drill(['--http', haproxy.url, ...LONG, '--pid', haproxy.pidFile, '--', haproxy.reload]);
    expect({ outcome: data.outcome, listener: data.listener, failed: data.traffic.new.failed }).toEqual({ outcome: 'pass', listener: 'kept', failed: 0 });
  });

  it('Prometheus: its configuration, told by a metric', async () => {
    const { url, child } = await startServer('prometheus');
    const { data } = await drill(['--http', `${url}/-/healthy`, ...LONG, '--rate', '100', '--pid', String(child.pid), '--signal', 'HUP', '--expect-metric', 'prometheus_config_last_reload_success_timestamp_seconds']);
    expect({ outcome: data.outcome, mode: data.mode, listener: data.listener }).toEqual({ outcome: 'pass', mode: 'config', listener: 'kept' });
  });

  it('redis: by plain TCP, ended and started again', async () => {
    const dir = ownFolder('redis');
    const port = await freePort();
    writeFileSync(join(dir, 'redis.conf'), `port ${port}\nbind 127.0.0.1\ndir ${dir}\nsave ""\ndaemonize yes\npidfile ${dir}/redis.pid\n`);
    await (await startChild('redis-server', [join(dir, 'redis.conf')])).ended;
    await until(() => fetch(`http://127.0.0.1:${port}/`).then(() => true, (error: Error) => !String(error.cause).includes('ECONNREFUSED')), { what: 'redis' });
    const { data } = await drill(['--tcp', `127.0.0.1:${port}`, '--send', 'PING\\r\\n', '--times', '5', '--rate', '100', '--', `kill $(cat ${dir}/redis.pid); while kill -0 $(cat ${dir}/redis.pid) 2>/dev/null; do sleep 0.02; done; redis-server ${dir}/redis.conf`]);
    process.kill(data.reloads.at(-1)!.newPid!, 'SIGTERM');
    expect(data.outcome).toBe('fail');
    expect(data.traffic.new.byClass.refused).toBeGreaterThan(0);
  });
});
