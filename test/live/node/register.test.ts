/** The preload: holds nothing, prints nothing, changes no result, and lets only its user in. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Child, plainEnv, startChild } from '../support/child.ts';
import { ownFolder } from '../support/program.ts';
import { until } from '../support/until.ts';
import { look, NODES, REGISTER, startScript } from './support.ts';

let child: Child | undefined;
afterEach(async () => {
  await child?.stop('SIGKILL');
  child = undefined;
});

const WAIT = `setInterval(() => {}, 60000); console.log('up')`;

function run(node: string, options: readonly string[], script: string, env: NodeJS.ProcessEnv = {}): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const started = spawn(node, [...options, '-e', script], { env: plainEnv(env), stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  started.stdout.on('data', (data) => (stdout += String(data)));
  started.stderr.on('data', (data) => (stderr += String(data)));
  return new Promise((resolve) => started.on('close', (code) => resolve({ code, stdout, stderr })));
}

/** The path of the control socket of a process, as the kernel has it. */
function socketOf(folder: string, pid: number): string | undefined {
  const directory = `${folder}/reloadctl`;
  return existsSync(directory) ? readdirSync(directory).filter((name) => name.startsWith(`node-${pid}-`)).map((name) => `${directory}/${name}`)[0] : undefined;
}

describe.each(NODES)('%s', (_name, node) => {
  it.each([['--import', REGISTER], ['--require', REGISTER]])('%s: a program ends by itself, and says nothing more than before', async (...options) => {
    expect(await run(node, options, `console.log('done')`)).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
  });

  it('names what no wrapped function makes where it may hook, after a look too', async () => {
    const script = `require('timers/promises').setTimeout(1e7, 0, { ref: true }); console.log('up');`;
    const siteOf = async (env: NodeJS.ProcessEnv): Promise<string | undefined> => {
      child = await startScript(node, script, ['--import', REGISTER], env);
      const sites = await Promise.all([look(child.pid), look(child.pid)]);
      expect(new Set(sites.map(({ data }) => data.handles.find(({ kind }) => kind === 'timer-timeout')?.site)).size).toBe(1);
      await child.stop('SIGKILL');
      return sites[0]!.data.handles.find(({ kind }) => kind === 'timer-timeout')?.site;
    };
    expect(await siteOf({})).toBeUndefined();
    expect(await siteOf({ RELOADCTL_REGISTER: 'deep' })).toMatch(/^\[eval\]:1:/);
  });

  it('what it wraps works as before', async () => {
    const script = `
      const assert = require('assert'), fs = require('fs'), util = require('util'), net = require('net'), timers = require('timers'), { MessageChannel } = require('worker_threads');
      (async () => {
        await util.promisify(setTimeout)(1);
        await require('timers/promises').setTimeout(1);
        assert.equal(setTimeout.name, 'setTimeout'); assert.equal(timers.setTimeout, setTimeout);
        await new Promise((resolve) => setTimeout((a, b) => { assert.deepEqual([a, b], [1, 2]); resolve(); }, 1, 1, 2));
        const t = setInterval(() => {}, 5); assert(t.hasRef()); clearInterval(t);
        assert.throws(() => setTimeout('x'), /callback/); assert.throws(() => fs.openSync('/none/x'), { code: 'ENOENT' });
        const fd = fs.openSync('/etc/hosts'); fs.closeSync(fd);
        await new Promise((resolve, reject) => fs.open('/etc/hosts', (e, n) => e ? reject(e) : fs.close(n, resolve)));
        await new Promise((resolve) => fs.open('/none/x', (e) => { assert.equal(e.code, 'ENOENT'); resolve(); }));
        const file = await fs.promises.open('/etc/hosts'); assert((await file.readFile()).length > 0); await file.close();
        await assert.rejects(fs.promises.open('/none/x'), { code: 'ENOENT' });
        for await (const chunk of fs.createReadStream('/etc/hosts')) assert(chunk.length > 0);
        const { port1, port2 } = new MessageChannel(); assert(new MessageChannel() instanceof MessageChannel); port1.close(); port2.close();
        const server = net.createServer((s) => s.end('x')).listen(0, '127.0.0.1', () => {
          net.connect(server.address().port, '127.0.0.1').on('data', () => {}).on('close', () => server.close(async () => {
            const http = require('http').createServer((q, r) => r.end(q.method)).listen(0, '127.0.0.1', async () => {
              const url = 'http://127.0.0.1:' + http.address().port + '/a?b=c';
              assert.equal(await (await fetch(url, { method: 'POST' })).text(), 'POST');
              assert.equal(await (await fetch(new Request(url))).text(), 'GET');
              await assert.rejects(fetch('nowhere'));
              http.closeAllConnections(); http.close(() => console.log('done'));
            });
          }));
        });
      })();`;
    expect(await run(node, ['--import', REGISTER], script)).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
  });

  it('opens its socket for its user only, and removes it', async () => {
    const folder = ownFolder('runtime');
    child = await startScript(node, WAIT, ['--import', REGISTER], { XDG_RUNTIME_DIR: folder });
    const path = await until(() => socketOf(folder, child!.pid), { what: 'the control socket' });
    expect([statSync(path).mode & 0o777, statSync(`${folder}/reloadctl`).mode & 0o777]).toEqual([0o600, 0o700]);
    expect((await look(child.pid)).data.attached).toBe('preload');
    const ended = await run(node, ['--import', REGISTER], `console.log(process.pid)`, { XDG_RUNTIME_DIR: folder });
    expect(socketOf(folder, Number(ended.stdout))).toBeUndefined();
  });

  it('knows lines in ES modules, in vm contexts and in workers', async () => {
    const script = `
      const vm = require('vm'), { Worker } = require('worker_threads');
      vm.runInNewContext('function inside() { setInterval(() => {}, 60001) }\\ninside()', { setInterval }, { filename: '/app/vm.js' });
      new Worker('setInterval(() => {}, 60002)', { eval: true }).once('online', () => console.log('up'));`;
    child = await startScript(node, script, ['--import', REGISTER]);
    const { data } = await look(child.pid);
    expect(data.handles.find(({ intervalMs }) => intervalMs === 60_001)?.site).toMatch(/^\/app\/vm\.js:1:/);
    expect(data.handles.find(({ kind }) => kind === 'worker')?.site).toBeDefined();
    expect(data.handles.find(({ intervalMs }) => intervalMs === 60_002)).toMatchObject({ thread: 1 });
  });

  it('knows the lines of what no code of the application ever holds', async () => {
    const folder = ownFolder('lines');
    const script = `const fs = require('fs'), util = require('util');
      require('timers/promises').setTimeout(90001);
      util.promisify(setTimeout)(90002);
      new BroadcastChannel('x').onmessage = () => {};
      fs.promises.watch('/')[Symbol.asyncIterator]().next();
      globalThis.dirs = [fs.opendirSync('/usr')]; fs.opendir('/etc', (_, dir) => dirs.push(dir));
      globalThis.stream = new fs.ReadStream('/etc/hosts');
      globalThis.child = require('child_process').fork(${JSON.stringify(join(folder, 'child.cjs'))});
      stream.once('ready', () => child.once('message', () => console.log('up')));`;
    writeFileSync(join(folder, 'child.cjs'), `process.send('up'); process.on('message', () => {})`);
    child = await startScript(node, script, ['--import', REGISTER]);
    const { data, report } = await look(child.pid);
    expect(report.coverage.find(({ source }) => source === 'lines')).toBeUndefined();
    const lineOf = (place: string | undefined): string | undefined => /^\[eval\]:(\d+):/.exec(place ?? '')?.[1];
    const site = (kind: string, more: object = {}): string | undefined => lineOf(data.handles.find((one) => one.kind === kind && Object.entries(more).every(([key, value]) => one[key as 'kind'] === value))?.site);
    expect({
      sleep: site('timer-timeout', { intervalMs: 90_001 }), promisified: site('timer-timeout', { intervalMs: 90_002 }), channel: site('message-port'), watch: site('fs-watcher'),
      stream: site('file-stream'), ipc: site('pipe-socket'), directories: data.orphanFds.flatMap((fd) => (/^\/(?:usr|etc)$/.test(fd.target) ? lineOf(fd.site) : [])),
    }).toEqual({ sleep: '2', promisified: '3', channel: '4', watch: '5', stream: '7', ipc: '8', directories: ['6', '6'] });
  });

  it('is inert where a test runner has workers, and where it is told to be', async () => {
    const script = `console.log(Symbol.for('reloadctl.register') in globalThis)`;
    expect((await run(node, ['--import', REGISTER], script, { RELOADCTL_REGISTER: 'off' })).stdout).toBe('false\n');
    // Code that a worker is given as text runs before what --import loads.
    const file = join(ownFolder('worker'), 'worker.cjs');
    writeFileSync(file, script);
    const inWorker = `new (require('worker_threads').Worker)(${JSON.stringify(file)})`;
    expect((await run(node, ['--import', REGISTER], inWorker, { JEST_WORKER_ID: '1' })).stdout).toBe('false\n');
    expect((await run(node, ['--import', REGISTER], inWorker, { JEST_WORKER_ID: '1', RELOADCTL_REGISTER: 'all' })).stdout).toBe('true\n');
  });
});

describe.skipIf(!NODES.some(([name]) => name === 'node 24'))('under the permission model', () => {
  it('lists what it knows by itself', async () => {
    const [, node] = NODES.find(([name]) => name === 'node 24')!;
    child = await startChild(node, ['--permission', '--allow-fs-read=*', '--allow-fs-write=*', '--import', REGISTER, '-e', `require('net').createServer().listen(0, '127.0.0.1', () => console.log('up'))`]);
    await child.nextLine();
    const { data, code } = await look(child.pid);
    expect([code, data.attached]).toEqual([0, 'preload']);
    expect(data.handles.find(({ kind }) => kind === 'tcp-server')?.site).toBeDefined();
  });

  it('is told what it lacks, where it may not open its socket', async () => {
    const [, node] = NODES.find(([name]) => name === 'node 24')!;
    child = await startScript(node, WAIT, ['--permission', '--allow-fs-read=*', '--import', REGISTER]);
    const { code, report } = await look(child.pid, '--yes');
    const { fix = '' } = report.coverage.find(({ source }) => source === 'inspector')!;
    expect([code, /--allow-fs-write/.test(fix), /--allow-inspector/.test(fix), /--import/.test(fix)]).toEqual([3, true, true, false]);
    await child.stop('SIGKILL');
    child = await startScript(node, WAIT, ['--permission', '--allow-fs-read=*']);
    expect((await look(child.pid, '--yes')).report.coverage.find(({ source }) => source === 'inspector')?.fix).toContain('--import');
  });
});

describe('the socket of a process that was killed', () => {
  it('is removed by the next one', async () => {
    const folder = ownFolder('stale');
    child = await startScript(process.execPath, WAIT, ['--import', REGISTER], { XDG_RUNTIME_DIR: folder });
    const path = await until(() => socketOf(folder, child!.pid));
    await child.stop('SIGKILL');
    expect(existsSync(path)).toBe(true);
    await run(process.execPath, ['--import', REGISTER], '0', { XDG_RUNTIME_DIR: folder });
    expect(existsSync(path)).toBe(false);
    expect(readFileSync('/proc/net/unix', 'latin1')).not.toContain(path);
  });
});
