/** Targets that defend themselves, end meanwhile, or lie: we come back, with the port closed and the target unharmed. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type Child, startChild } from '../support/child.ts';
import { findProgram } from '../support/need.ts';
import { until } from '../support/until.ts';
import { ANY_PORT, isAlive, listens, look, REGISTER, startScript, untilHandled } from './support.ts';

const NODE = process.execPath;
let child: Child | undefined;
afterEach(async () => {
  await child?.stop('SIGKILL');
  child = undefined;
});

/** The limit, and what a busy machine adds. */
const LONGEST_MS = 30_000;

const HOSTILE: Record<string, string> = {
  'getters that throw': `const s = require('net').createServer().listen(0, '127.0.0.1', () => { for (const k of ['_pipeName', '_connectionKey', '_connections', '_events', 'constructor']) Object.defineProperty(s, k, { get() { throw new Error('no'); } }); });`,
  'a getter that never returns': `process._getActiveHandles = () => [{ get _events() { for (;;); } }];`,
  'a list without an end': `process._getActiveHandles = () => new Proxy([], { get: (_, key) => key === 'length' ? Infinity : { get a() { throw 1; } } });`,
  'a list that never comes': `process._getActiveHandles = () => { for (;;); };`,
  'timers in a circle': `const t = setTimeout(() => {}, 60000); const u = setTimeout(() => {}, 60000); t._idlePrev = u; u._idlePrev = t;`,
  'names of half a gigabyte': `const c = require('child_process').spawn('sleep', ['20']); c.spawnfile = 'x'.repeat(2 ** 29 - 30); process.on('exit', () => c.kill());`,
  'no JSON': `JSON.stringify = () => { throw new Error('no'); };`,
  'a stack formatter that throws': `Error.prepareStackTrace = () => { throw new Error('no'); };`,
  'a stack formatter that never returns, and no clock': `Error.prepareStackTrace = () => { for (;;); }; globalThis.performance = undefined; Object.preventExtensions(globalThis);`,
  'no process': `console.log('up'); globalThis.process = undefined;`,
  'no timers': `const keep = setInterval(() => {}, 1000); delete globalThis.setTimeout;`,
  'another process.pid': `Object.defineProperty(process, 'pid', { value: 1 });`,
};

describe('a target with', () => {
  // Each has its own: others go beside it.
  it.concurrent.each(Object.entries(HOSTILE))('%s', async (_, script) => {
    const target = await startScript(NODE, `setInterval(() => {}, 60000); ${script} console.log('up')`, [ANY_PORT]);
    try {
      await untilHandled(target.pid);
      const { code, report, durationMs } = await look(target.pid, '--yes');
      expect([0, 3]).toContain(code);
      if (code === 3) expect(report.coverage.filter(({ status, needed }) => status !== 'ok' && needed)).not.toEqual([]);
      expect(durationMs).toBeLessThan(LONGEST_MS);
      if (!script.includes('createServer')) expect(listens(target.pid)).toBe(false);
      expect(isAlive(target.pid)).toBe(true);
      await until(() => stateOfMain(target.pid) === 'S', { what: 'nothing of ours to run in the target' });
    } finally {
      await target.stop('SIGKILL');
    }
  });
});

describe('a target that ends while it is watched', () => {
  it('is not held up by us', async () => {
    child = await startScript(NODE, `setTimeout(() => process.exit(0), 4000); console.log('up')`, [ANY_PORT]);
    await untilHandled(child.pid);
    const { pid } = child;
    const looking = look(pid, '--yes', '--watch', '60s');
    await until(() => !isAlive(pid), { what: 'the target to end', deadlineMs: 20_000 });
    expect((await looking).code).toBe(3);
  });
});

describe('a target that opens servers of its own meanwhile', () => {
  it('is asked through its inspector all the same', async () => {
    child = await startScript(NODE, `let n = 0; const t = setInterval(() => { require('net').createServer(() => {}).listen(0, '127.0.0.1'); if (++n > 100) clearInterval(t); }, 30); console.log('up')`, [ANY_PORT]);
    await untilHandled(child.pid);
    const { data, code } = await look(child.pid, '--yes');
    expect([code, data.attached, data.left?.portClosed]).toEqual([0, 'signal', true]);
  });
});

describe('a preloaded target whose loop does not turn', () => {
  it('is looked into by an inspector then', async () => {
    child = await startScript(NODE, `console.log('up'); setTimeout(() => { for (;;); }, 1500)`, [ANY_PORT, '--import', REGISTER]);
    await untilHandled(child.pid);
    await until(() => stateOfMain(child!.pid) === 'R', { what: 'the loop to spin' });
    const { data, findings } = await look(child.pid, '--yes');
    expect(data.attached).toBe('signal');
    expect(findings[0]?.id).toBe('node/loop-blocked');
  });
});

describe.skipIf(findProgram('unshare') === undefined || process.geteuid?.() !== 0)('a network namespace whose loopback is down', () => {
  it('is not opened a port in', async () => {
    child = await startChild('unshare', ['-n', NODE, '-e', `setInterval(() => {}, 60000); console.log('up')`]);
    await child.nextLine();
    await untilHandled(child.pid);
    const { code, data } = await look(child.pid, '--yes');
    expect([code, data.refusal?.code]).toEqual([3, 'unreachable']);
    expect(child.stderr()).toBe('');
  });
});

describe('--heap', () => {
  it('counts what is held, and asks before it may end a process', async () => {
    child = await startScript(NODE, `globalThis.kept = Array.from({ length: 50 }, () => new Promise(() => {})); setInterval(() => {}, 60000); console.log('up')`, [ANY_PORT]);
    await untilHandled(child.pid);
    const { data } = await look(child.pid, '--yes', '--heap');
    expect(data.heap?.pending).toBeGreaterThanOrEqual(50);
    expect(isAlive(child.pid)).toBe(true);
  });
});

describe('a tree', () => {
  it('is one report with each process', async () => {
    child = await startChild(NODE, ['--import', REGISTER, new URL('../../../fixtures/programs/node-cluster.mjs', import.meta.url).pathname]);
    await child.nextLine();
    const { data } = await look(child.pid, '--tree');
    expect(data.processes).toHaveLength(3);
    expect(new Set(data.handles.map(({ pid }) => pid)).size).toBe(3);
  });
});

function stateOfMain(pid: number): string | undefined {
  return /^\d+ \(.*\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1];
}
