import { statSync } from 'node:fs';
import { get } from 'node:http';
import { describe, expect, it } from 'vitest';
import { linkOf, openFds, tcpRowsOf } from './support/kernel.ts';
import { startNode } from './support/program.ts';
import { until } from './support/until.ts';

function read(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text)).on('error', reject);
    }).on('error', reject);
  });
}

describe('Node programs', () => {
  it('leak-server leaks a file and a CLOSE_WAIT socket with each request, and a deleted log', async () => {
    const { pid, truth, stop } = await startNode('leak-server.mjs', ['count=23']);
    const files = (truth.fds.files ?? []).map((fd) => linkOf(pid, fd));
    expect(files).toEqual(Array(23).fill(expect.stringMatching(/\/upload-[0-9a-f]{8}\.part$/)));
    const sockets = tcpRowsOf(pid, truth.fds['close-wait'] ?? []);
    expect(sockets).toEqual(Array(23).fill(expect.objectContaining({ state: '08', remotePort: truth.upstreamPort })));
    const log = statSync(`/proc/${pid}/fd/${truth.fds.deleted?.[0]}`);
    expect([log.nlink, log.size]).toEqual([0, 1_048_576]);
    expect(tcpRowsOf(pid, truth.fds.listener ?? [])).toMatchObject([{ state: '0A', localPort: truth.port }]);
    await stop();
  });

  it('leak-server goes on leaking when asked', async () => {
    const { pid, stop } = await startNode('leak-server.mjs', ['count=0', 'rate=50']);
    const files = (): number => openFds(pid).filter((fd) => linkIfOpen(pid, fd).endsWith('.part')).length;
    await until(() => files() >= 10, { what: 'ten leaked files' });
    await stop();
  });

  it('busy-server serves and leaks nothing', async () => {
    const { pid, truth, stop } = await startNode('busy-server.mjs', ['connections=8', 'seconds=1']);
    const served = Number(await read(truth.port ?? 0, '/served'));
    expect(served).toBeGreaterThanOrEqual(8 * 10);
    await until(async () => Number(await read(truth.port ?? 0, '/served')) > served, { what: 'more requests' });
    const files = (): number => openFds(pid).filter((fd) => linkIfOpen(pid, fd).endsWith('.tmp')).length;
    await until(() => files() === 0, { what: 'the end of the load', deadlineMs: 20_000 });
    await stop();
  });

  it('many-fds holds as many as told, of three kinds', async () => {
    const { pid, truth, stop } = await startNode('many-fds.mjs', ['count=2000']);
    const { files = [], udp = [], tcp = [] } = truth.fds;
    expect([files.length, udp.length, tcp.length]).toEqual([1000, 500, 500]);
    expect(new Set([...files, ...udp, ...tcp]).size).toBe(2000);
    expect(files.every((fd) => /\/shard-\d+\/segment-\d+\.db$/.test(linkOf(pid, fd)))).toBe(true);
    expect(udp.every((fd) => linkOf(pid, fd).startsWith('socket:'))).toBe(true);
    expect(tcpRowsOf(pid, tcp).every((row) => row?.state === '01')).toBe(true);
    await stop();
  });
});

/** readlink, or nothing when the descriptor was closed meanwhile. */
function linkIfOpen(pid: number, fd: number): string {
  try {
    return linkOf(pid, fd);
  } catch {
    return '';
  }
}
