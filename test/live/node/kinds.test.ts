/** What the runtime's own list of handles does not tell: what is on a connection, behind a watcher, and in a cluster. */
import { readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Child, startChild } from '../support/child.ts';
import { ownFolder } from '../support/program.ts';
import { look, NODES, REGISTER, startScript, untilHandled } from './support.ts';

let child: Child | undefined;
afterEach(async () => {
  await child?.stop('SIGTERM');
  child = undefined;
});

/** Workers take the next ones; 0 is none to count from. */
const INSPECT_PORT = `--inspect-port=${20_000 + (process.pid % 10_000)}`;
const ENDS = NODES.filter(([name], index) => index === 0 || name === 'node 26');

describe.each(ENDS)('%s', (_name, node) => {
  it('HTTP/2 sessions are told from sockets, with the requests that hang, and watchers with the descriptor they share', async () => {
    const script = `
      const http2 = require('http2'), fs = require('fs');
      fs.watch('/tmp'); fs.watch('/');
      const server = http2.createServer(() => console.log('up')).listen(0, '127.0.0.1', () => {
        const session = http2.connect('http://127.0.0.1:' + server.address().port);
        session.request({ ':path': '/hangs?secret', ':method': 'POST' }).end();
      });`;
    child = await startScript(node, script);
    await untilHandled(child.pid);
    const { data } = await look(child.pid, '--yes');
    const sessions = data.handles.filter(({ kind }) => kind === 'http2-session');
    const http = { method: 'POST', url: expect.stringMatching(/\/hangs\?\.\.\.$/) };
    expect(sessions).toHaveLength(2);
    expect(sessions.find((one) => !one.accepted)).toMatchObject({ fd: expect.any(Number), remote: expect.any(String), streams: 1, http: { ...http, side: 'client' } });
    expect(sessions.find((one) => one.accepted)).toMatchObject({ streams: 1, http: { ...http, side: 'server' } });
    expect(data.handles.filter(({ kind }) => kind === 'tcp-socket')).toEqual([]);
    const watchers = data.handles.filter(({ kind }) => kind === 'fs-watcher');
    expect(watchers.map(({ fd, path }) => [readlinkSync(`/proc/${child!.pid}/fd/${fd}`), path])).toEqual([['anon_inode:inotify', '/tmp'], ['anon_inode:inotify', '/']]);
  });

  it.each([['attached', [INSPECT_PORT]], ['preloaded', ['--import', REGISTER]]])('workers of a cluster serve, and the primary listens: %s', async (_how, options) => {
    const program = join(ownFolder('cluster'), 'cluster.cjs');
    const script = `
      const cluster = require('cluster'), http = require('http');
      if (cluster.isPrimary) cluster.fork().on('listening', ({ port }) => console.log(port));
      else http.createServer(function served() {}).listen(0, '127.0.0.1');`;
    writeFileSync(program, script);
    child = await startChild(node, [...options, program]);
    await child.nextLine();
    await untilHandled(child.pid);
    const { data } = await look(child.pid, '--yes', '--tree');
    const servers = data.handles.filter(({ kind }) => kind === 'tcp-server');
    const local = servers.find(({ shared }) => shared === 'primary')?.local;
    expect(local).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(servers.find(({ shared }) => shared === 'primary')?.connections).toBe(1);
    const worker = servers.find(({ shared }) => shared === 'worker');
    expect(worker).toMatchObject({ local, callback: expect.stringContaining(`${program}:4:`) });
    expect(worker?.pid).not.toBe(child.pid);
    if (options.includes(REGISTER)) expect(worker?.site).toContain(`${program}:4:`);
    expect(data.handles.filter(({ kind, pid }) => kind.startsWith('timer') && pid === worker?.pid)).toEqual([]);
  });
});
