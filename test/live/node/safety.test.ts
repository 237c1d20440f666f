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
import { countFds, isAlive, listens, look, NODES, REGISTER, startScript, untilHandled, untilOld } from './support.ts';

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

function zombieOf(parent: number): number | undefined {
  const children = readChildren(parent);
  return children.find((pid) => !isAlive(pid));
}

function readChildren(parent: number): number[] {
  return readFileSync(`/proc/${parent}/task/${parent}/children`, 'latin1').trim().split(/\s+/).filter(Boolean).map(Number);
}

