/** WebSockets and kept connections through reloads of servers of which it is known how they end them. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startChild } from './support/child.ts';
import { startNginxDaemon } from './support/daemons.ts';
import { describeNeeds } from './support/need.ts';
import { reloadctl } from './support/program.ts';
import { drill } from './support/reload.ts';

const PROGRAM = join(import.meta.dirname, '../../fixtures/programs/ends-connections.mjs');
const HELD = 4;
/** On a machine that is too busy for the load it is INVALID, which is no failure of the server either. */
const NO_FAILURE = { code: expect.toBeOneOf([0, 3]), outcome: expect.toBeOneOf(['pass', 'invalid']) };

/** @param mode how it ends connections with SIGHUP */
async function startEndingServer(mode: 'closes' | 'cuts' | 'drops'): Promise<{ pid: number; url: string; ended(): Promise<number> }> {
  const child = await startChild(process.execPath, [PROGRAM, mode]);
  const url = `http://127.0.0.1:${await child.nextLine()}/`;
  return { pid: child.pid, url, ended: async () => Number(await (await fetch(`${url}ended`)).text()) };
}

const asked = (url: string): string[] => ['--http', url, '--times', '2', '--rate', '40', '--websocket', '/socket', '--websockets', String(HELD)];

describe('a drill with WebSockets', () => {
  it.concurrent('closed with a close frame: counted by code, no finding, and all came back', async () => {
    const server = await startEndingServer('closes');
    const { code, data, ids, report } = await drill([...asked(server.url), '--pid', String(server.pid), '--signal', 'HUP', '--expect', 'GET /version changes']);
    const ended = await server.ended();
    expect(ended).toBe(2 * HELD);
    expect({ code, outcome: data.outcome, ids }, JSON.stringify(report.findings)).toEqual({ ...NO_FAILURE, ids: [] });
    expect(data.websockets).toMatchObject({ asked: HELD, announced: ended, byCode: { 1001: ended }, cut: 0, silent: 0, control: { announced: 0, cut: 0, silent: 0 } });
    expect(data.websockets!.away.maxMs).toBeGreaterThan(0);
    expect(data.traffic.websocket.failed).toBe(0);
    expect(data.client).toMatchObject({ reconnects: ended, reconnectsInControl: 0 });
    expect(data.reloads.map(({ reconnects, mostReconnectsIn100Ms }) => [reconnects, mostReconnectsIn100Ms > 0])).toEqual([[HELD, true], [HELD, true]]);
  });

  it.concurrent('cut without a word: told as a warning, which is no failure of the drill', async () => {
    const server = await startEndingServer('cuts');
    const { code, data, ids, titles } = await drill([...asked(server.url), '--pid', String(server.pid), '--signal', 'HUP', '--expect', 'GET /version changes']);
    const ended = await server.ended();
    expect({ code, outcome: data.outcome, ids }, titles).toEqual({ ...NO_FAILURE, ids: ['reload/bad-response'] });
    expect(data.websockets).toMatchObject({ announced: 0, cut: ended, silent: 0, control: { cut: 0 } });
    expect(data.traffic.websocket).toMatchObject({ failed: ended, byClass: { cut: ended } });
    expect(data.traffic.new.failed + data.traffic.pooled.failed).toBe(0);
    expect(titles).toContain(`${ended} WebSockets cut without a close frame, of ${HELD} that were held through 2 reloads`);
  });

  it.concurrent('where no WebSocket opens nothing is begun', async () => {
    const server = await startEndingServer('closes');
    const { code, stderr } = await reloadctl(['drill', ...asked(server.url).slice(0, -4), '--websocket', '/elsewhere', '--pid', String(server.pid), '--signal', 'HUP', '--expect', 'GET /version changes', '--yes']);
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('no WebSocket: answered 400') });
    expect(await (await fetch(`${server.url}version`)).text()).toBe('0\n');
  });
});

describe('kept connections that are reset under a request', () => {
  const asked = (url: string): string[] => ['--http', url, '--times', '1', '--rate', '40', '--expect', 'GET /version changes'];

  it.concurrent('GET is asked anew, and what a POST would have met is told', async () => {
    const server = await startEndingServer('drops');
    const { data } = await drill([...asked(server.url), '--pid', String(server.pid), '--signal', 'HUP']);
    const { failed, raced, retrying } = data.traffic.pooled;
    const ended = await server.ended();
    expect(ended).toBeGreaterThan(0);
    // Where the answer to a reset came late, on a busy machine, it counts as a failure: both are the truth.
    expect({ met: failed + raced, retrying }).toEqual({ met: ended, retrying: { getFailed: failed, postFailed: ended } });
    expect(raced).toBeGreaterThan(0);
    expect(data.client.reconnects).toBeGreaterThanOrEqual(ended);
    expect(data.client.reconnectsInControl).toBe(0);
  });

  it.concurrent('a POST fails', async () => {
    const server = await startEndingServer('drops');
    const { data } = await drill([...asked(server.url), '--method', 'POST', '--pid', String(server.pid), '--signal', 'HUP']);
    const { failed, raced, byClass } = data.traffic.pooled;
    const ended = await server.ended();
    expect(ended).toBeGreaterThan(0);
    expect({ failed, raced, reset: byClass.reset }).toEqual({ failed: ended, raced: 0, reset: ended });
  });
});

describeNeeds(['nginx', 'root', 'bash'], 'a drill with WebSockets through nginx', () => {
  it('HUP with worker_shutdown_timeout: it closes those of its old workers without a word', async () => {
    const server = await startEndingServer('closes');
    const nginx = await startNginxDaemon('/usr/sbin/nginx', `location /socket { proxy_pass ${server.url}socket; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }`, { main: 'worker_shutdown_timeout 1s;' });
    const { data, ids, titles } = await drill([...asked(nginx.url), '--pid', nginx.pidFile, '--signal', 'HUP']);
    expect(data.reloads.map(({ happened }) => happened)).toEqual([true, true]);
    expect(data.websockets).toMatchObject({ announced: 0, cut: 2 * HELD, control: { cut: 0 } });
    expect(ids).toContain('reload/bad-response');
    expect(titles).toContain(`${2 * HELD} WebSockets cut without a close frame`);
    expect(await server.ended()).toBe(0);
  });
});
