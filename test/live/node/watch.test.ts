/** What grows, with its rate and its line; what was hooked for that is gone afterwards. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Child } from '../support/child.ts';
import { until } from '../support/until.ts';
import { ANY_PORT, look, loud, NODES, REGISTER, startScript, untilHandled } from './support.ts';

/** Forgets a connection and a promise every 300 ms; opens and closes another ten times a second. */
const LEAKY = `
const net = require('net'), kept = [];
const server = net.createServer(() => {}).listen(0, '127.0.0.1', () => {
  function leakSocket() { kept.push(net.connect(server.address().port, '127.0.0.1')); }
  function leakPromise() { kept.push(new Promise(() => {})); }
  setInterval(leakSocket, 300); setInterval(leakPromise, 50);
  setInterval(() => { const s = net.connect(server.address().port, '127.0.0.1', () => s.destroy()); }, 100);
  console.log('up');
});
setInterval(() => process.stderr.write('hooks ' + (Symbol.for('reloadctl.hook') in globalThis) + '\\n'), 200);
setInterval(() => require('fs').openSync('/etc/hosts'), 100);
for (let made = 0; made < 600; made++) setTimeout(() => made, 1e7);`;

const STEADY = `
const http = require('http'), agent = new http.Agent({ keepAlive: true });
const server = http.createServer((q, r) => r.end('x')).listen(0, '127.0.0.1', () => {
  setInterval(() => http.get({ port: server.address().port, host: '127.0.0.1', agent }, (r) => r.resume()), 20);
  console.log('up');
});`;

let child: Child | undefined;
afterEach(async () => {
  await child?.stop('SIGKILL');
  child = undefined;
});

describe.each(NODES)('%s', (_name, node) => {
  it('a leak is found with its rate and its line, by attaching', async () => {
    child = await startScript(node, LEAKY, [ANY_PORT]);
    await untilHandled(child.pid);
    const { data, findings } = await look(child.pid, '--yes', '--watch', '8s', '--stacks', '--max-overhead', '0');
    const growth = findings.filter(({ id }) => id === 'node/handle-growth');
    expect(growth.length).toBeGreaterThan(0);
    expect(data.groups.find(({ by, key, growthPerMinute = 0 }) => by === 'site' && key.startsWith('[eval]:4:') && growthPerMinute > 50)).toBeDefined();
    expect(growth.map(({ title }) => title)).toContainEqual(expect.stringMatching(/\+\d{3}[.\d]* descriptors without a handle a minute on \/etc\/hosts$/));
    // A function of its own for each of them.
    expect(data.groups.find(({ kind, count }) => kind === 'timer-timeout' && count === 600)).toMatchObject({ by: 'callback', key: expect.stringMatching(/^\[eval\]:12:/) });
    expect(data.left).toMatchObject({ portClosed: true });
    expect(child.stderr()).toContain('hooks true');
    await until(() => child!.stderr().trim().endsWith('hooks false'), { what: 'the hook to be gone' });
  });

  it('a steady server does not grow', async () => {
    child = await startScript(node, STEADY, ['--import', REGISTER]);
    const { findings, code } = await look(child.pid, '--watch', '7s');
    expect([code, loud(findings)]).toEqual([0, []]);
  });
});

describe('--promises', () => {
  it('names the line whose promises do not settle, and unhooks', async () => {
    child = await startScript(process.execPath, LEAKY, [ANY_PORT]);
    await untilHandled(child.pid);
    const { data } = await look(child.pid, '--yes', '--watch', '6s', '--promises', '--max-overhead', '0');
    expect(data.promises?.[0]).toMatchObject({ site: expect.stringMatching(/^\[eval\]:5:/) });
    expect(data.promises![0]!.count).toBeGreaterThan(20);
    const { data: after } = await look(child.pid, '--yes');
    expect(after.handles.some(({ site }) => site !== undefined)).toBe(false);
  });

  it('goes with --watch only', async () => {
    const { reloadctl } = await import('../support/program.ts');
    expect((await reloadctl(['node', String(process.pid), '--promises'])).code).toBe(2);
    expect((await reloadctl(['node', String(process.pid), '--watch', '5s', '--max-overhead', 'x'])).code).toBe(2);
  });
});
