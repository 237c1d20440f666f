/** Reloads of which the truth is known: what a drill says of each. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { loadNative } from '../../src/evidence/native/index.ts';
import { startHaproxy, startNginxDaemon } from './support/daemons.ts';
import { buildGoDeps } from './support/go-deps.ts';
import { isAlive } from './support/kernel.ts';
import { describeNeeds } from './support/need.ts';
import { ownFolder, reloadctl } from './support/program.ts';
import { drill, drillWhenFit, LEAKING_LINE, startReloadServer, startTableflip } from './support/reload.ts';
import { startNginx } from './support/nginx.ts';
import { until } from './support/until.ts';

// A machine that is too busy to judge is asked up to five times.
vi.setConfig({ testTimeout: 180_000 });

/** Of destroyed listeners native calls tell. */
const MAY_WATCH = loadNative() !== null;
const SOME = ['--times', '2', '--rate', '80'];
const ONE = ['--times', '1', '--rate', '80'];

describeNeeds(['go'], 'a Go server', () => {
  it.concurrent('killed and started again: FAIL, refused, and streams cut', async () => {
    const server = await startReloadServer('restart');
    const { code, data, ids, titles } = await drill(['--http', server.url, ...ONE, '--stream', '/stream?ms=1000', '--', `kill -9 ${'$'}(cat ${server.dir}/pid); sleep 0.1; ${server.start} >/dev/null 2>&1 &`]);
    expect({ code, outcome: data.outcome, listener: data.listener, happened: data.reloads.map(({ happened }) => happened) }).toEqual({ code: 1, outcome: 'fail', listener: 'changed', happened: [true] });
    expect(data.traffic.new.byClass.refused).toBeGreaterThan(0);
    expect(data.traffic.stream.byClass.cut).toBeGreaterThan(0);
    expect(ids).toEqual(expect.arrayContaining(['reload/refused', 'reload/bad-response']));
    expect(titles).toMatch(/nobody listened for up to \d+ ms/);
    if (MAY_WATCH) expect(data.reloads.map(({ destroyed }) => destroyed!.map(({ address }) => `http://${address}/`))).toEqual([[server.url]]);
    expect(data.traffic.new.failed).toBe(Object.values(data.traffic.new.byClass).reduce((sum, count) => sum + count, 0));
  });

  it.concurrent('ended in peace and then started: FAIL, refused', async () => {
    const server = await startReloadServer('restart');
    const stop = `pid=${'$'}(cat ${server.dir}/pid); kill $pid; while kill -0 $pid 2>/dev/null && ! grep -q 'State:.Z' /proc/$pid/status; do sleep 0.02; done; sleep 0.1`;
    const { code, data } = await drill(['--http', server.url, ...ONE, '--', `${stop}; ${server.start} >/dev/null 2>&1 &`]);
    expect({ code, outcome: data.outcome }).toEqual({ code: 1, outcome: 'fail' });
    expect(data.traffic.new.byClass.refused).toBeGreaterThan(0);
  });

  it.concurrent('SO_REUSEPORT with something in the queue: resets, named as such', async () => {
    const { code, data, titles, of: { server } } = await drillWhenFit(async () => {
      const server = await startReloadServer('reuseport', ['-stall', '300']);
      return { server, args: ['--http', server.url, ...ONE, '--pid', String(server.pid()), '--signal', 'USR2'] };
    });
    expect({ code, outcome: data.outcome, listener: data.listener }).toEqual({ code: 1, outcome: 'fail', listener: 'changed' });
    expect(data.traffic.new.byClass).toMatchObject({ refused: 0, reset: expect.any(Number) });
    if (MAY_WATCH) expect(data.reloads[0]!.destroyed).toEqual([{ inode: expect.stringMatching(/^\d+$/), address: new URL(server.url).host, afterMs: expect.toSatisfy((ms: number) => ms > 0) }]);
    expect(titles).toContain('accept queue of a socket that the old generation closed (SO_REUSEPORT)');
  });

  it.concurrent('the listener handed over: PASS, KEPT, and the pid followed', async () => {
    const { code, data, ids, titles, of: { server, first } } = await drillWhenFit(async () => {
      const started = await startReloadServer('fdpass');
      return { server: started, first: started.pid(), args: ['--http', started.url, ...SOME, '--pid', String(started.pid()), '--signal', 'USR2', '--expect-header', 'X-Pid'] };
    });
    expect({ code, outcome: data.outcome, listener: data.listener, failed: data.traffic.new.failed }, titles).toEqual({ code: 0, outcome: 'pass', listener: 'kept', failed: 0 });
    expect(data.reloads.map(({ pid }) => pid)).toEqual([first, data.reloads[0]!.newPid]);
    expect(data.reloads[1]!.newPid).toBe(server.pid());
    expect(ids.filter((id) => id !== 'reload/reset')).toEqual([]);
    expect(data.statistics.reloads).toMatchObject({ bad: 0, total: 2, low: 0 });
    if (MAY_WATCH) expect(data.reloads.map(({ destroyed }) => destroyed)).toEqual([[], []]);
  });

  it.concurrent('a short queue while nobody accepts: the accept queue is named', async () => {
    const server = await startReloadServer('hold', ['-backlog', '16', '-stall', '900']);
    const { data, titles } = await drill(['--http', server.url, ...ONE, '--pid', String(server.pid()), '--signal', 'USR2']);
    expect(data.traffic.new.byClass.refused).toBe(0);
    expect(titles).toMatch(/connections stood only after 1 s .*the accept queue was full \(17 of 16\)/);
    // What that added to the answers; it stands beside that of the control window.
    const { control, reloads } = data.latency.new;
    expect(reloads.maxMs).toBeGreaterThan(900);
    expect(control.maxMs).toBeGreaterThan(0);
    expect(data.listener).toBe('kept');
  });

  it.concurrent('a descriptor and a goroutine left by each reload: slope 1, with their kinds', async () => {
    const { code, data, ids, titles, report } = await drillWhenFit(async () => {
      const server = await startReloadServer('leak');
      return { args: ['--http', server.url, '--times', '4', '--rate', '40', '--pid', String(server.pid()), '--signal', 'HUP', '--expect', 'GET /version changes'] };
    });
    expect({ code, outcome: data.outcome, mode: data.mode }).toEqual({ code: 0, outcome: 'pass', mode: 'config' });
    expect(data.leftovers.groups.filter(({ kind }) => kind === 'device' || kind === 'goroutine').map(({ slopePerReload }) => slopePerReload)).toEqual([1, 1]);
    expect(ids).toContain('reload/residue');
    expect(titles).toContain('1 goroutine');
    const [site] = data.leftovers.goroutineSites;
    expect({ line: /main\.go:(\d+)$/.exec(site!.site)?.[1], slope: site!.slopePerReload }).toEqual({ line: String(LEAKING_LINE), slope: 1 });
    expect(report.findings.flatMap(({ evidence }) => evidence.map(({ source }) => source))).toContain(`made at ${site!.site}`);
    expect(titles).toContain('1 device');
  });

  it.concurrent('the same process as before, and nothing that shows a reload: NOT-RELOADED', async () => {
    const { code, data } = await drillWhenFit(async () => {
      const server = await startReloadServer('leak');
      return { args: ['--http', server.url, ...SOME, '--pid', String(server.pid()), '--signal', 'HUP', '--reload-timeout', '500ms'] };
    });
    expect({ code, outcome: data.outcome }).toEqual({ code: 3, outcome: 'not-reloaded' });
    expect(data.why).toContain('nothing was replaced');
  });

  it.concurrent('a file watched by inode: the second atomic save is not seen, the dead watch is named, and the file is as it was', async () => {
    const server = await startReloadServer('watch', [], 'version: 7\n');
    const config = join(server.dir, 'config');
    const { code, data, ids } = await drill(['--http', server.url, '--times', '3', '--rate', '40', '--pid', String(server.pid()), '--change', `${config}:rename`, '--expect', 'GET /version changes', '--reload-timeout', '1s']);
    expect({ code, happened: data.reloads.map(({ happened }) => happened), notSeen: data.visible?.notSeen }).toEqual({ code: 1, happened: [true, false], notSeen: 1 });
    expect(ids).toEqual(expect.arrayContaining(['reload/not-visible', 'inotify/dead-watch']));
    expect(readFileSync(config, 'utf8')).toBe('version: 7\n');
  });

  it.concurrent('errors of the server after a reload', async () => {
    const { data, titles } = await drillWhenFit(async () => {
      const server = await startReloadServer('worse', ['-stall', '200']);
      return { args: ['--http', server.url, '--times', '1', '--rate', '80', '--pid', String(server.pid()), '--signal', 'HUP', '--expect', 'GET /version changes'] };
    });
    expect(data.outcome).toBe('fail');
    expect(data.traffic.new.byClass.status).toBeGreaterThan(0);
    expect(titles).toContain('503');
  });

  it.concurrent('a server that ends for good: told when, and no more is done', async () => {
    const server = await startReloadServer('restart');
    const { code, data, titles } = await drill(['--http', server.url, ...SOME, '--pid', String(server.pid()), '--reload-timeout', '500ms', '--', `kill -9 ${server.pid()}`]);
    expect({ code, outcome: data.outcome, reloads: data.reloads.length }).toEqual({ code: 1, outcome: 'fail', reloads: 1 });
    expect(data.diedAtMs).toBeGreaterThan(0);
    expect(titles).toContain('nobody listens any more');
  });

  it.concurrent('a command that hangs is ended with all it started', async () => {
    const file = join(ownFolder('hang'), 'pid');
    const { code, data } = await drillWhenFit(async () => {
      const server = await startReloadServer('restart');
      return { args: ['--http', server.url, '--times', '1', '--rate', '40', '--command-timeout', '300ms', '--reload-timeout', '300ms', '--', `sleep 1000 & echo $! >${file}; wait`] };
    });
    expect({ code, outcome: data.outcome }).toEqual({ code: 3, outcome: 'not-reloaded' });
    expect(data.reloads[0]!.problem).toContain('did not end in 300 ms');
    expect(isAlive(Number(readFileSync(file, 'utf8')))).toBe(false);
  });

  it.concurrent('tableflip, signalled every second while it answers slowly: the upgrades that it refuses are counted', async ({ skip }) => {
    if ((await buildGoDeps()) === undefined) return skip('no Go, or no module proxy');
    const { data, of: { server } } = await drillWhenFit(async () => {
      const started = (await startTableflip())!;
      return { server: started, args: ['--http', started.url, '--times', '3', '--rate', '40', '--every', '1s', '--stream', '/?ms=1500', '--pid', String(started.pid()), '--signal', 'HUP'] };
    });
    // The last one may be answered after the drill.
    const upgrades = await until(() => (server.upgrades().length === 3 ? server.upgrades() : undefined), { what: 'three answers' });
    expect({ isPass: data.outcome === 'pass', happened: data.reloads.filter(({ happened }) => happened).length }).toEqual({ isPass: false, happened: upgrades.filter((line) => line === 'upgraded').length });
    expect(upgrades.filter((line) => line.includes("parent hasn't exited")).length).toBeGreaterThan(0);
  });

  it('a client too fast for the machine: INVALID', async () => {
    const server = await startReloadServer('fdpass');
    const { code, data } = await drill(['--http', server.url, '--times', '1', '--rate', '20000', '--pid', String(server.pid()), '--signal', 'USR2', '--timeout', '2s']);
    expect({ code, outcome: data.outcome }).toEqual({ code: 3, outcome: 'invalid' });
    expect(data.client.problems.length).toBeGreaterThan(0);
  });
});

describeNeeds(['nginx', 'root'], 'nginx', () => {
  it('HUP: PASS, KEPT', async () => {
    const { code, data, of: { nginx } } = await drillWhenFit(async () => {
      const started = await startNginx();
      return { nginx: started, args: ['--http', `http://127.0.0.1:${started.port}/`, ...SOME, '--pid', String(started.pid), '--signal', 'HUP'] };
    });
    expect({ code, outcome: data.outcome, listener: data.listener, failed: data.traffic.new.failed }).toEqual({ code: 0, outcome: 'pass', listener: 'kept', failed: 0 });
    expect(data.reloads.map(({ newPid }) => newPid)).toEqual([nginx.pid, nginx.pid]);
  });

  it('a signal that would kill is not sent', async () => {
    const nginx = await startNginx();
    const { code, data, ids } = await drill(['--http', `http://127.0.0.1:${nginx.port}/`, ...SOME, '--pid', String(nginx.workers()[0]), '--signal', 'PWR']);
    expect({ code, outcome: data.outcome, reloads: data.reloads.length }).toEqual({ code: 1, outcome: 'not-reloaded', reloads: 0 });
    expect(ids).toContain('preflight/signal-kills');
    expect(isAlive(nginx.workers()[0]!)).toBe(true);
  });
});

describeNeeds(['nginx', 'root', 'bash'], 'nginx as a daemon', () => {
  it.concurrent('USR2 by its whole path: PASS, KEPT, the old one is ended and the new one signalled next', async () => {
    const { code, data, of: { first } } = await drillWhenFit(async () => {
      const nginx = await startNginxDaemon('/usr/sbin/nginx');
      return { first: nginx.pid(), args: ['--http', nginx.url, ...SOME, '--pid', nginx.pidFile, '--signal', 'USR2'] };
    });
    expect({ code, outcome: data.outcome, listener: data.listener, failed: data.traffic.new.failed }).toEqual({ code: 0, outcome: 'pass', listener: 'kept', failed: 0 });
    expect(data.reloads.map(({ pid }) => pid)).toEqual([first, data.reloads[0]!.newPid]);
    expect(isAlive(first)).toBe(false);
  });

  it.concurrent('USR2 by its bare name: preflight is red, and nothing is sent', async () => {
    const nginx = await startNginxDaemon('nginx');
    const { code, data, ids } = await drill(['--http', nginx.url, ...SOME, '--pid', nginx.pidFile, '--signal', 'USR2']);
    expect({ code, outcome: data.outcome, reloads: data.reloads.length }).toEqual({ code: 1, outcome: 'not-reloaded', reloads: 0 });
    expect(ids).toContain('preflight/binary-unresolvable');
    expect((await fetch(nginx.url)).status).toBe(200);
  });

  it.concurrent('a change of its configuration, told by a header: PASS, and the file is as it was', async () => {
    const { code, data, of: { file, before } } = await drillWhenFit(async () => {
      const nginx = await startNginxDaemon('/usr/sbin/nginx', 'add_header X-Version 1;');
      const config = join(nginx.dir, 'n.conf');
      return { file: config, before: readFileSync(config, 'utf8'), args: ['--http', nginx.url, ...SOME, '--mode', 'config', '--pid', nginx.pidFile, '--signal', 'HUP', '--change', config, '--expect-header', 'X-Version'] };
    });
    expect({ code, outcome: data.outcome, mode: data.mode }).toEqual({ code: 0, outcome: 'pass', mode: 'config' });
    expect(data.visible).toMatchObject({ notSeen: 0 });
    expect(readFileSync(file, 'utf8')).toBe(before);
  });
});

describeNeeds(['haproxy'], 'haproxy', () => {
  it.concurrent('-sf -x: PASS, KEPT', async () => {
    const { code, data } = await drillWhenFit(async () => {
      const haproxy = await startHaproxy();
      return { args: ['--http', haproxy.url, ...SOME, '--pid', haproxy.pidFile, '--', haproxy.reload] };
    });
    expect({ code, outcome: data.outcome, listener: data.listener, failed: data.traffic.new.failed }).toEqual({ code: 0, outcome: 'pass', listener: 'kept', failed: 0 });
  });
});

describeNeeds(['haproxy'], 'haproxy with a master', () => {
  it.concurrent('-W: the master gets every signal, though its workers listen', async () => {
    const { code, data, of: { master } } = await drillWhenFit(async () => {
      const haproxy = await startHaproxy(['-W']);
      return { master: haproxy.pid(), args: ['--http', haproxy.url, ...SOME, '--pid', haproxy.pidFile, '--signal', 'USR2'] };
    });
    expect({ code, outcome: data.outcome, failed: data.traffic.new.failed }).toEqual({ code: 0, outcome: 'pass', failed: 0 });
    expect(data.reloads.map(({ pid, newPid }) => [pid, newPid])).toEqual([[master, master], [master, master]]);
  });
});

describe('what is refused', () => {
  const HERE = ['--http', 'http://127.0.0.1:9/'];
  it.concurrent.each<[string[], number, RegExp]>([
    [[...HERE, '--pid', '1', '--signal', 'HUP', '--yes'], 2, /process 1 is not drilled/],
    [[...HERE, '--', 'true'], 3, /nobody listens at http:\/\/127\.0\.0\.1:9\//],
    [['--http', 'http://192.0.2.1/', '--', 'true'], 2, /not of the loopback net/],
  ])('%j', async (args, code, words) => {
    const result = await reloadctl(['drill', ...args], { env: { XDG_STATE_HOME: '/nonexistent' } });
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code, stderr: expect.stringMatching(words) });
  });

  it('without a terminal it needs --yes, and nothing is done', async () => {
    const server = createServer((_request, response) => void response.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const marker = join(ownFolder('yes'), 'done');
    const { code, stderr } = await reloadctl(['drill', '--http', url, '--', `touch ${marker}`]);
    server.close();
    expect({ code, stderr, done: existsSync(marker) }).toEqual({ code: 2, stderr: expect.stringContaining('needs --yes'), done: false });
  });
});
