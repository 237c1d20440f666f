/** Every kind of leak is found: with its line where the preload was there from the start, and without it as far as the runtime shows. */
import { afterEach, describe, expect, it } from 'vitest';
import { need } from '../support/need.ts';
import { until } from '../support/until.ts';
import { ANY_PORT, LEAKS, look, NODES, REGISTER, type Started, startNode, startScript, untilHandled, withNode } from './support.ts';

/** What each is called. `orphan`: a descriptor without a handle, where nothing tells more. */
const KINDS: readonly { leak: string; kind: string; bare?: 'orphan' }[] = [
  { leak: 'interval', kind: 'timer-interval' }, { leak: 'timeout', kind: 'timer-timeout' }, { leak: 'interval-after-await', kind: 'timer-interval' },
  { leak: 'http-server', kind: 'tcp-server' }, { leak: 'net-server', kind: 'tcp-server' }, { leak: 'tls-server', kind: 'tcp-server' }, { leak: 'unix-server', kind: 'pipe-server' },
  { leak: 'idle-client', kind: 'tcp-socket' }, { leak: 'close-wait', kind: 'tcp-socket' }, { leak: 'http-request', kind: 'tcp-socket' }, { leak: 'fetch-body', kind: 'tcp-socket' },
  { leak: 'fs-watch', kind: 'fs-watcher' }, { leak: 'fs-watch-file', kind: 'stat-watcher' }, { leak: 'child-process', kind: 'child-process' }, { leak: 'worker', kind: 'worker' },
  { leak: 'udp', kind: 'udp-socket' }, { leak: 'message-port', kind: 'message-port' }, { leak: 'stdin', kind: 'pipe-socket' },
  { leak: 'file-handle', kind: 'file-handle', bare: 'orphan' }, { leak: 'open-sync', kind: 'orphan', bare: 'orphan' }, { leak: 'read-stream', kind: 'file-stream', bare: 'orphan' },
];

let started: Started | undefined;
afterEach(async () => {
  await started?.child.stop('SIGTERM');
  started = undefined;
});

describe.each(NODES)('%s', (_name, node) => {
  it.concurrent.each([...KINDS])('$leak is found with its line, preloaded', ({ leak, kind }) => withNode(node, ['--import', REGISTER, LEAKS, leak], async (program) => {
    const { data, code } = await look(program.pid);
    expect(data.attached).toBe('preload');
    expect(code).not.toBe(3);
    const site = `${LEAKS}:${program.line}:`;
    if (kind === 'orphan') expect(data.orphanFds.filter((fd) => fd.site?.startsWith(site))).toHaveLength(1);
    else expect(data.handles.filter((handle) => handle.kind === kind && handle.site?.startsWith(site))).toHaveLength(1);
  }));
});

// Two versions here: the others differ in the runtime's own lists, which the lines above have shown.
describe.each(NODES.filter(([name], index) => index === 0 || name === 'node 26'))('%s', (_name, node) => {
  it.concurrent.each([...KINDS])('$leak is found by attaching', ({ leak, kind, bare }) => withNode(node, [ANY_PORT, LEAKS, leak], async (program) => {
    await untilHandled(program.pid);
    const { data } = await look(program.pid, '--yes');
    expect(data.attached).toBe('signal');
    if (bare) expect(data.orphanFds.filter(({ target }) => target === LEAKS)).toHaveLength(1);
    else expect(data.handles.map((handle) => handle.kind)).toContain(kind);
    expect(data.left).toMatchObject({ portClosed: true, fdsAfter: data.left?.fdsBefore, threadsAfter: data.left?.threadsBefore });
  }));
});

describe('what is behind a handle', () => {
  const node = process.execPath;

  it('is told of an HTTP request: method, path, and no query', async () => {
    started = await startNode(node, ['--import', REGISTER, LEAKS, 'http-request']);
    const { report } = await look(started.pid);
    expect(report.data.handles.find(({ http }) => http)?.http).toMatchObject({ method: 'GET', side: 'client', url: expect.stringMatching(/\/slow\?\.\.\.$/) });
    expect(JSON.stringify(report)).not.toContain('secret');
  });

  it('is told of a response that nobody reads', async () => {
    started = await startNode(node, ['--import', REGISTER, LEAKS, 'fetch-body']);
    const unread = async () => (await look(started!.pid)).findings.find(({ id }) => id === 'node/unconsumed-stream');
    expect(await unread()).toBeDefined();
    // A machine that is too busy for a second look within the first tells it by its age.
    await until(async () => (await unread())?.severity === 'warning');
    expect(await unread()).toMatchObject({ severity: 'warning', confidence: 'likely' });
  });

  it('is told of a connection that the other side hung up', async () => {
    started = await startNode(node, ['--import', REGISTER, LEAKS, 'close-wait']);
    const { data, findings } = await look(started.pid);
    expect(data.handles.find(({ kind }) => kind === 'tcp-socket')).toMatchObject({ state: 'CLOSE_WAIT', remote: expect.stringMatching(/^127\.0\.0\.1:/) });
    expect(findings[0]).toMatchObject({ id: 'node/open-handle', severity: 'warning' });
  });

  it('is told of timers, watchers and children', async () => {
    started = await startNode(node, ['--import', REGISTER, LEAKS, 'child-process']);
    const { data } = await look(started.pid);
    expect(data.handles.find(({ kind }) => kind === 'child-process')).toMatchObject({ command: 'sleep', childPid: expect.any(Number) });
    await started.child.stop('SIGTERM');
    started = await startNode(node, ['--import', REGISTER, LEAKS, 'fs-watch-file']);
    expect((await look(started.pid)).data.handles.find(({ kind }) => kind === 'stat-watcher')).toMatchObject({ path: LEAKS });
  });

  it('ends the process at a garbage collection: a FileHandle, from Node 25 on', async () => {
    const [, newest] = NODES.find(([name]) => name === 'node 26') ?? [];
    started = await startNode(newest ?? node, ['--import', REGISTER, LEAKS, 'file-handle-lost']);
    const { findings, code } = await look(started.pid);
    expect(findings.find(({ id }) => id === 'node/file-handle')?.severity).toBe(newest === undefined ? 'warning' : 'critical');
    expect(code).toBe(newest === undefined ? 0 : 1);
  });
});

describe.each(NODES)('%s, what was made 23 times', (_name, node) => {
  const MANY = `
    const net = require('net'), fs = require('fs'), kept = globalThis.kept = [], held = [];
    function leakSocket(port) { kept.push(net.connect(port, '127.0.0.1').on('connect', up)); }
    function leakTimer() { kept.push(setInterval(() => {}, 60000)); }
    function leakFile() { kept.push(fs.openSync('/etc/hosts')); }
    function leakWatcher() { kept.push(fs.watch('/tmp', () => {})); }
    async function leakHandle() { held.push(await fs.promises.open('/etc/hosts')); }
    let left = 23; const up = () => { if (--left > 0) return; held.length = 0; console.log('up'); };
    const server = net.createServer(() => {}).listen(0, '127.0.0.1', async () => {
      for (let i = 0; i < 23; i++) { leakTimer(); leakFile(); leakWatcher(); await leakHandle(); leakSocket(server.address().port); }
    });`;
  const LINES: Record<string, number> = { 'tcp-socket': 3, 'timer-interval': 4, 'fs-watcher': 6, 'file-handle': 7 };

  it('is counted 23 times, by its line', async () => {
    const child = await startScript(node, MANY, ['--import', REGISTER]);
    try {
      const { data, findings } = await look(child.pid);
      for (const [kind, line] of Object.entries(LINES)) {
        const ours = data.groups.filter((group) => group.kind === kind && group.key.startsWith(`[eval]:${line}:`));
        expect([kind, ours.map(({ count }) => count)]).toEqual([kind, [23]]);
      }
      expect(data.orphanFds.filter(({ site }) => site?.startsWith('[eval]:5:'))).toHaveLength(23);
      expect(findings.find(({ id }) => id === 'node/file-handle')).toMatchObject({ confidence: 'certain', evidence: [{ value: 23 }, {}, {}, {}] });
      expect(findings.find(({ id, severity }) => id === 'node/orphan-fd' && severity === 'warning')?.title).toContain('23 descriptors');
    } finally {
      await child.stop('SIGKILL');
    }
  });
});

describe('the versions', () => {
  it.skipIf(!need('node22', 'node24', 'node26'))('are all there', () => {
    expect(NODES.length).toBeGreaterThanOrEqual(4);
  });
});
