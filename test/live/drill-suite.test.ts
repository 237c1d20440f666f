/** The same truths at length, `npm run drill:suite`: twenty reloads of each, under more load. Minutes: not part of `npm test`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startChild } from './support/child.ts';
import { startHaproxy, startNginxDaemon } from './support/daemons.ts';
import { startServer } from './support/go.ts';
import { missing } from './support/need.ts';
import { ownFolder } from './support/program.ts';
import { drill as drillShortly, startReloadServer, startTableflip } from './support/reload.ts';
import { startRedis } from './support/redis.ts';
import { freePort } from './support/service.ts';
import { until } from './support/until.ts';

const LONG = ['--times', '20', '--rate', '150', '--control', '5s', '--rest', '500ms'];
const MINUTES = 15 * 60_000;
/** Each has its time, which ends before that of the test does. */
const drill = (args: string[]) => drillShortly(args, MINUTES - 60_000);

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

  it('Go: SO_REUSEPORT with something in the queue', async () => {
    const server = await startReloadServer('reuseport', ['-stall', '300']);
    const { data, titles } = await drill(['--http', server.url, ...LONG, '--pid', String(server.pid()), '--signal', 'USR2']);
    expect({ outcome: data.outcome, listener: data.listener, refused: data.traffic.new.byClass.refused }).toEqual({ outcome: 'fail', listener: 'changed', refused: 0 });
    expect(titles).toContain('accept queue of a socket that the old generation closed (SO_REUSEPORT)');
  });

  it('tableflip, signalled every second while it answers slowly: the upgrades that it refuses are counted', async ({ skip }) => {
    const server = await startTableflip();
    if (!server) return skip('no Go, or no module proxy');
    const { data, titles } = await drill(['--http', server.url, '--times', '20', '--rate', '300', '--control', '5s', '--every', '1s', '--stream', '/?ms=1500', '--pid', String(server.pid()), '--signal', 'HUP']);
    const upgrades = server.upgrades();
    const refused = upgrades.filter((line) => line.includes("parent hasn't exited")).length;
    expect({ signals: upgrades.length, other: upgrades.filter((line) => line !== 'upgraded').length - refused }).toEqual({ signals: 20, other: 0 });
    expect(refused).toBeGreaterThan(0);
    expect({ outcome: data.outcome, happened: data.reloads.filter(({ happened }) => happened).length, listener: data.listener, failed: data.traffic.new.failed }, titles).toEqual({ outcome: 'not-reloaded', happened: 20 - refused, listener: 'kept', failed: 0 });
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

  it('nginx: reuseport, and fewer workers than before', async () => {
    const nginx = await startNginxDaemon('/usr/sbin/nginx', '', { listen: 'reuseport' });
    const count = (from: number, to: number): string => `sed -i 's/worker_processes ${from}/worker_processes ${to}/' ${nginx.dir}/n.conf; kill -HUP $(cat ${nginx.pidFile})`;
    // Workers that are busy for a moment have something in their queues.
    const busy = (what: string): string => `workers=$(pgrep -P $(cat ${nginx.pidFile})); kill -STOP $workers; sleep 0.1; ${what}; sleep 0.2; kill -CONT $workers`;
    const { data, titles } = await drill(['--http', nginx.url, ...LONG, '--pid', nginx.pidFile, '--', `if grep -q 'worker_processes 2' ${nginx.dir}/n.conf; then ${count(2, 4)}; else ${busy(count(4, 2))}; fi`]);
    expect({ outcome: data.outcome, listener: data.listener, refused: data.traffic.new.byClass.refused }, titles).toEqual({ outcome: 'fail', listener: 'changed', refused: 0 });
    expect(titles).toContain('accept queue of a socket that the old generation closed (SO_REUSEPORT)');
  });

  it('nginx: its configuration, told by a header', async () => {
    const nginx = await startNginxDaemon('/usr/sbin/nginx', 'add_header X-Version 1;');
    const { data } = await drill(['--http', nginx.url, ...LONG, '--mode', 'config', '--pid', nginx.pidFile, '--signal', 'HUP', '--change', join(nginx.dir, 'n.conf'), '--expect-header', 'X-Version']);
    expect({ outcome: data.outcome, mode: data.mode, listener: data.listener, notSeen: data.visible?.notSeen }).toEqual({ outcome: 'pass', mode: 'config', listener: 'kept', notSeen: 0 });
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

  it('redis: its configuration, told by itself', async () => {
    const { port, pid } = await startRedis();
    const more = `redis-cli -p ${port} config set maxmemory $(( $(redis-cli -p ${port} config get maxmemory | tail -1) + 1048576 ))`;
    const { data } = await drill(['--tcp', `127.0.0.1:${port}`, '--send', 'PING\\r\\n', ...LONG, '--pid', String(pid), '--expect', 'SEND CONFIG GET maxmemory\\r\\n changes', '--', more]);
    expect({ outcome: data.outcome, mode: data.mode, listener: data.listener, reloads: data.reloads.length, failed: data.traffic.new.failed }).toEqual({ outcome: 'pass', mode: 'config', listener: 'kept', reloads: 20, failed: 0 });
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
