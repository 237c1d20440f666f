/** Nobody is hurt: what happens to each sort of process when it is to be signalled, and that all is as it was when we have gone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { BINARY } from '../../cli/support/start.ts';
import { type Child, plainEnv, startChild } from '../support/child.ts';
import { findProgram } from '../support/need.ts';
import { reloadctl } from '../support/program.ts';
import { bunPath } from '../support/runtimes.ts';
import { until } from '../support/until.ts';
import { ANY_PORT, countFds, isAlive, listens, look, loud, NODES, REGISTER, ROOT, startScript, untilHandled, untilOld } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'reloadctl-node-safety-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const WAIT = `setInterval(() => {}, 60000); console.log('up')`;
let child: Child | undefined;
afterEach(async () => {
  await child?.stop('SIGKILL');
  child = undefined;
});

async function refused(pid: number): Promise<string | undefined> {
  const { code, data } = await look(pid, '--yes');
  expect(code).toBe(3);
  expect(isAlive(pid)).toBe(true);
  return data.refusal?.code;
}

describe.each(NODES)('%s', (name, node) => {
  it('is attached to and left as it was, twice', async () => {
    child = await startScript(node, WAIT);
    await untilHandled(child.pid);
    const fds = countFds(child.pid);
    for (let round = 0; round < 2; round++) {
      const { data, code } = await look(child.pid, '--yes');
      expect(code).toBe(0);
      expect(data.attached).toBe('signal');
      expect(data.left).toMatchObject({ portClosed: true, fdsBefore: fds, fdsAfter: fds });
      expect(listens(child.pid)).toBe(false);
      expect(countFds(child.pid)).toBe(fds);
    }
    expect(isAlive(child.pid)).toBe(true);
  });

  it('whose handler was removed is not signalled: it would die', async () => {
    child = await startScript(node, `const f = () => {}; process.on('SIGUSR1', f); process.off('SIGUSR1', f); ${WAIT}`);
    await untilOld(child.pid);
    expect(await refused(child.pid)).toBe('no-handler');
  });

  it('that handles SIGUSR1 itself goes on, and that is said', async () => {
    child = await startScript(node, `process.on('SIGUSR1', () => console.log('called')); ${WAIT}`);
    await untilOld(child.pid);
    expect(await refused(child.pid)).toBe('own-handler');
    expect(await child.nextLine()).toBe('called');
  });

  it('with --inspect is asked through that, which stays open', async () => {
    child = await startScript(node, WAIT, ['--inspect=127.0.0.1:0']);
    const { data, code } = await look(child.pid);
    expect(code).toBe(0);
    expect(data.attached).toBe('existing inspector');
    expect(data.left?.portClosed).toBeNull();
    expect(listens(child.pid)).toBe(true);
  });

  // Node 20 has no such option.
  if (name !== 'node 20')
    it('with --disable-sigusr1 is refused', async () => {
      child = await startScript(node, WAIT, ['--disable-sigusr1']);
      await untilOld(child.pid);
      expect(await refused(child.pid)).toBe('deaf');
    });

  it('with the preload needs no signal', async () => {
    child = await startScript(node, WAIT, ['--import', REGISTER]);
    const { data, code, stderr } = await look(child.pid);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(data.attached).toBe('preload');
    expect(child.stderr()).toBe('');
  });

  it('that spins is looked into, and left', async () => {
    child = await startScript(node, `console.log('up'); setTimeout(() => { function spin() { for (;;); } spin(); }, 1500)`);
    await untilHandled(child.pid);
    await until(() => true);
    const { data, findings, code } = await look(child.pid, '--yes', '--busy');
    if (data.loop?.blocked !== true) return expect(data.loop?.delayMs).toBeDefined();
    expect(code).toBe(1);
    expect(findings[0]).toMatchObject({ id: 'node/loop-blocked', severity: 'critical', confidence: 'certain' });
    expect(data.busy.map(({ func }) => func)).toContain('spin');
    expect(listens(child.pid)).toBe(false);
  });
});

describe('what is no Node', () => {
  it('is refused: sleep, python, and sleep under the name of node', async () => {
    copyFileSync(findProgram('sleep')!, join(folder, 'node'));
    for (const [command, args] of [['sleep', ['60']], ['python3', ['-c', 'import time; time.sleep(60)']], [join(folder, 'node'), ['60']]] as const) {
      child = await startChild(command, [...args]);
      await untilOld(child.pid);
      expect(await refused(child.pid)).toBe('not-node');
      await child.stop('SIGKILL');
    }
  });

  it.skipIf(bunPath() === undefined)('is refused: Bun', async () => {
    child = await startScript(bunPath()!, WAIT);
    await untilOld(child.pid);
    expect(await refused(child.pid)).toBe('bun');
  });

  it('is refused: a zombie, a pid that is gone', async () => {
    child = await startChild('sh', ['-c', 'sleep 0 & exec sleep 60']);
    const zombie = await until(() => zombieOf(child!.pid), { what: 'a zombie' });
    const { code, data } = await look(zombie, '--yes');
    expect([code, data.refusal?.code]).toEqual([3, 'zombie']);
    expect((await reloadctl(['node', '4194303', '--yes'])).code).toBe(3);
  });
});

describe('what stands in the way', () => {
  it('young processes are not signalled', async () => {
    child = await startChild(process.execPath, ['-e', WAIT]);
    const { code, data } = await look(child.pid, '--yes');
    if (data.refusal === undefined) return; // the machine was slow enough for it to grow up
    expect([code, data.refusal.code === 'too-young' || data.refusal.code === 'deaf' || data.refusal.code === 'not-node']).toEqual([3, true]);
    await child.nextLine();
    expect(isAlive(child.pid)).toBe(true);
  });

  it('nobody is signalled without being asked', async () => {
    child = await startScript(process.execPath, WAIT);
    await untilHandled(child.pid);
    const { code, stderr } = await reloadctl(['node', String(child.pid)]);
    expect(code).toBe(2);
    expect(stderr).toContain('--yes');
    expect(child.stderr()).toBe('');
  });

  it('port 9229 of another process is named, and nobody is signalled', async () => {
    const holder = createServer().listen(9229, '127.0.0.1');
    const listening = await Promise.race([once(holder, 'listening').then(() => true), once(holder, 'error').then(() => false)]);
    if (!listening) return; // somebody else has it: that is their test
    child = await startScript(process.execPath, WAIT, []);
    await untilHandled(child.pid);
    const { code, data } = await look(child.pid, '--yes');
    holder.close();
    expect([code, data.refusal?.code]).toEqual([3, 'port-taken']);
    expect(data.refusal?.why).toContain(`(pid ${process.pid})`);
    expect(child.stderr()).toBe('');
  });
});

describe('killed with -9 while it is in', () => {
  it('leaves no inspector open', async () => {
    child = await startScript(process.execPath, WAIT);
    await untilHandled(child.pid);
    const { pid } = child;
    const fds = countFds(pid);
    const ours = spawn(process.execPath, [BINARY, 'node', String(pid), '--yes', '--watch', '30s'], { stdio: 'ignore', env: plainEnv() });
    await until(() => listens(pid), { what: 'the inspector to open', deadlineMs: 20_000 });
    ours.kill('SIGKILL');
    await until(() => !listens(pid), { what: 'the guard to close it', deadlineMs: 20_000 });
    await until(() => countFds(pid) === fds, { what: 'the descriptors to be gone' });
    expect(isAlive(pid)).toBe(true);
  });
});

describe('a main thread that a system call holds', () => {
  const EXEC = (seconds: number): string => `console.log('up'); setTimeout(() => { require('child_process').execSync('sleep ${seconds}'); setInterval(() => {}, 60000); }, 1500)`;
  const untilInChild = (pid: number): Promise<unknown> => until(() => readChildren(pid).length > 0, { what: 'the child' });

  it.each(NODES.filter(([name], index) => index === 0 || name === 'node 26'))('%s: is not signalled, and the call is named', async (_name, node) => {
    child = await startScript(node, EXEC(20));
    await untilHandled(child.pid);
    await untilInChild(child.pid);
    const grandchildren = readChildren(child.pid);
    const { code, data, findings } = await look(child.pid, '--yes');
    for (const pid of grandchildren) process.kill(pid);
    expect([code, data.refusal?.code]).toEqual([1, 'blocked']);
    expect(findings[0]).toMatchObject({ id: 'node/loop-blocked', severity: 'critical', title: expect.stringContaining('waits for a child process') });
    expect(child.stderr()).toBe('');
  });

  it('in fs.readSync() would be ended by the signal (EINTR)', async () => {
    child = await startChild(process.execPath, ['-e', `console.log('up'); require('fs').readSync(0, Buffer.alloc(1))`]);
    await child.nextLine();
    await untilHandled(child.pid);
    const { data, findings } = await look(child.pid, '--yes');
    expect(data.refusal?.code).toBe('blocked');
    expect(findings[0]?.title).toMatch(/sits in read\(\) of (?:pipe|socket):.* \(descriptor 0\)/);
    expect(isAlive(child.pid)).toBe(true);
  });

  it('is waited for by the guard, and the inspector that opens then is closed', async () => {
    child = await startScript(process.execPath, EXEC(9));
    await untilHandled(child.pid);
    const { pid } = child;
    await untilInChild(pid);
    const fds = countFds(pid);
    process.kill(pid, 'SIGUSR1');
    const guard = spawn(process.execPath, [`${ROOT}dist/node-helper.cjs`, 'undo', String(pid), startTimeOf(pid), ''], { stdio: 'ignore', env: plainEnv() });
    const ended = once(guard, 'exit');
    await until(() => child!.stderr().includes('Debugger listening'), { what: 'the inspector to open after the call', deadlineMs: 20_000 });
    await until(() => !listens(pid), { what: 'the guard to close it', deadlineMs: 20_000 });
    await ended;
    expect(countFds(pid)).toBeLessThan(fds);
    expect(isAlive(pid)).toBe(true);
  });
});

describe('an inspector', () => {
  it('that NODE_OPTIONS opened is asked, without a signal', async () => {
    child = await startScript(process.execPath, WAIT, [], { NODE_OPTIONS: '--inspect=127.0.0.1:0' });
    const { data } = await look(child.pid);
    expect([data.attached, data.left?.portClosed]).toEqual(['existing inspector', null]);
  });

  it('that the program opened is asked, without a signal', async () => {
    child = await startScript(process.execPath, `require('inspector').open(0, '127.0.0.1'); ${WAIT}`);
    expect((await look(child.pid)).data.attached).toBe('existing inspector');
  });

  it('that nobody could close is not opened', async () => {
    child = await startScript(process.execPath, WAIT, [ANY_PORT, '--inspect-publish-uid=stderr']);
    await untilHandled(child.pid);
    expect(await refused(child.pid)).toBe('hidden');
    expect(listens(child.pid)).toBe(false);
  });
});

describe('several of us at once', () => {
  it('leave nothing open: the last one closes it', async () => {
    child = await startScript(process.execPath, WAIT);
    await untilHandled(child.pid);
    const { pid } = child;
    const fds = countFds(pid);
    const looks = await Promise.all([look(pid, '--yes'), look(pid, '--yes'), look(pid, '--yes')]);
    expect(looks.flatMap(({ findings }) => loud(findings))).toEqual([]);
    expect(looks.map(({ code }) => code)).toEqual([0, 0, 0]);
    await until(() => !listens(pid), { what: 'the inspector to be closed' });
    await until(() => countFds(pid) === fds, { what: 'the descriptors to be gone' });
  });
});

describe('worker threads', () => {
  it('are all listed, in the time that is promised', async () => {
    child = await startScript(process.execPath, `const { Worker } = require('worker_threads'); let up = 0; for (let i = 0; i < 12; i++) new Worker('setInterval(() => {}, 60000)', { eval: true }).on('online', () => ++up === 12 && console.log('up'))`);
    await untilHandled(child.pid);
    const { data } = await look(child.pid, '--yes');
    expect(data.handles.filter(({ kind }) => kind === 'worker')).toHaveLength(12);
    expect(data.left!.openMs).toBeLessThan(10_000);
  });
});

describe('somebody else at the inspector', () => {
  const urlOf = (target: Child): string | undefined => /ws:\/\/\S+/.exec(target.stderr())?.[0];
  const connect = async (url: string): Promise<WebSocket> => {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    return socket;
  };

  it('who was there before is not disturbed', async () => {
    child = await startScript(process.execPath, WAIT, ['--inspect=127.0.0.1:0']);
    const socket = await connect((await until(() => urlOf(child!)))!);
    const { data, code } = await look(child.pid);
    expect([code, data.attached]).toEqual([0, 'existing inspector']);
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.terminate();
  });

  it('who has stopped the program finds it where it was', async () => {
    child = await startScript(process.execPath, `setInterval(function work() { for (let n = 0; n < 1e6; n++); }, 20); console.log('up')`, ['--inspect=127.0.0.1:0']);
    const socket = await connect((await until(() => urlOf(child!)))!);
    const told: string[] = [];
    socket.on('message', (data) => told.push((JSON.parse(String(data)) as { method?: string }).method ?? ''));
    for (const [index, method] of ['Debugger.enable', 'Debugger.pause'].entries()) socket.send(JSON.stringify({ id: index + 1, method }));
    await until(() => told.includes('Debugger.paused'), { what: 'the program to stop' });
    const { findings } = await look(child.pid, '--busy');
    expect(findings.find(({ id }) => id === 'node/loop-blocked')).toMatchObject({ severity: 'warning', title: expect.stringContaining('a debugger has stopped the program') });
    expect([told.filter((method) => method === 'Debugger.paused').length, told.includes('Debugger.resumed')]).toEqual([1, false]);
    socket.terminate();
  });

  it('who only looks on is not stopped by us', async () => {
    child = await startScript(process.execPath, WAIT, ['--inspect=127.0.0.1:0']);
    const socket = await connect((await until(() => urlOf(child!)))!);
    const { code, report } = await look(child.pid, '--busy');
    expect([code, report.coverage.find(({ source }) => source === 'stacks')?.status]).toEqual([3, 'unsupported']);
    socket.terminate();
  });

  it('who came meanwhile keeps it', async () => {
    child = await startScript(process.execPath, WAIT);
    await untilHandled(child.pid);
    const looking = look(child.pid, '--yes', '--watch', '6s');
    const socket = await connect((await until(() => urlOf(child!), { deadlineMs: 20_000, what: 'the inspector to open' }))!);
    const { data } = await looking;
    expect(data.left).toMatchObject({ portClosed: false, note: expect.stringContaining('left open') });
    expect(socket.readyState).toBe(WebSocket.OPEN);
    expect(listens(child.pid)).toBe(true);
    socket.terminate();
  });
});

describe.skipIf(findProgram('unshare') === undefined || process.geteuid?.() !== 0)('in a network namespace of its own', () => {
  it('is reached through it', async () => {
    child = await startChild('unshare', ['-n', 'sh', '-c', `ip link set lo up; exec ${process.execPath} --inspect-port=0 -e "${WAIT.replaceAll('"', '\\"')}"`]);
    await child.nextLine();
    await untilHandled(child.pid);
    const { data, code } = await look(child.pid, '--yes');
    expect([code, data.attached, data.left?.portClosed]).toEqual([0, 'signal', true]);
    expect(data.handles.map(({ kind }) => kind)).toContain('timer-interval');
  });
});

function startTimeOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!;
}

function zombieOf(parent: number): number | undefined {
  const children = readChildren(parent);
  return children.find((pid) => !isAlive(pid));
}

function readChildren(parent: number): number[] {
  return readFileSync(`/proc/${parent}/task/${parent}/children`, 'latin1').trim().split(/\s+/).filter(Boolean).map(Number);
}

