/** What is healthy is not called ill: what detectors of leaks are wrong about, and a busy server. */
import { get } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Child } from '../support/child.ts';
import { startChild } from '../support/child.ts';
import { ANY_PORT, BAITS, look, loud, NODES, REGISTER, untilHandled, withNode } from './support.ts';

const KINDS = ['unref-interval', 'closed-server', 'keep-alive-pool', 'race-loser', 'dns-resolver', 'zlib', 'signal-listener', 'consumed-fetch'];

/** An HTTP server as they are: pools of connections, timers, a file that is read at each request, a log that stays open. */
const SERVER = `
const http = require('http'), fs = require('fs'), os = require('os'), path = require('path');
const log = fs.openSync(path.join(os.tmpdir(), 'reloadctl-busy-' + process.pid + '.log'), 'a');
process.on('exit', () => fs.rmSync(path.join(os.tmpdir(), 'reloadctl-busy-' + process.pid + '.log')));
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
const behind = http.createServer((q, r) => setTimeout(() => r.end('x'.repeat(2000)), 2)).listen(0, '127.0.0.1');
setInterval(() => fs.writeSync(log, 'alive\\n'), 50);
setInterval(() => {}, 1000).unref();
const server = http.createServer(async (q, r) => {
  await fs.promises.readFile(process.execPath.slice(0, 1) + 'etc/hostname').catch(() => {});
  const file = await fs.promises.open('/proc/self/stat'); await file.read(Buffer.alloc(64), 0, 64); await file.close();
  http.get({ port: behind.address().port, host: '127.0.0.1', agent }, (s) => s.pipe(r));
}).listen(0, '127.0.0.1', () => console.log(server.address().port));
process.on('SIGTERM', () => process.exit(0));`;

/** What services hold on purpose: files, a database pool, workers, children, upgraded connections, watchers. */
const HOLDER = `
const http = require('http'), fs = require('fs'), net = require('net'), { Worker } = require('worker_threads'), { spawn } = require('child_process');
(async () => {
  const files = []; for (let i = 0; i < 4; i++) files.push(await fs.promises.open('/etc/hosts'));
  const database = net.createServer((s) => s.pipe(s)).listen(0, '127.0.0.1');
  await new Promise((resolve) => database.once('listening', resolve));
  const pool = Array.from({ length: 10 }, () => net.connect(database.address().port, '127.0.0.1').on('data', () => {}));
  const worker = new Worker('require("worker_threads").parentPort.on("message", (m) => require("worker_threads").parentPort.postMessage(m)); setInterval(() => {}, 500)', { eval: true });
  const helper = spawn('cat', { stdio: ['pipe', 'pipe', 'inherit'] }); helper.stdout.on('data', () => {});
  fs.watch('/tmp', () => {});
  globalThis.kept = { files, pool, worker, helper };
  let turn = 0;
  setInterval(() => { pool[turn++ % 10].write('ping'); worker.postMessage(turn); helper.stdin.write('x'); }, 20);
  const server = http.createServer(async (q, r) => { await files[0].read(Buffer.alloc(16), 0, 16, 0); r.end('ok'); });
  // WebSockets as servers have them: quiet connections, for hours.
  server.on('upgrade', (q, s) => { s.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n\\r\\n'); s.on('data', () => {}); });
  server.listen(0, '127.0.0.1', () => {
    for (let i = 0; i < 8; i++) http.get({ port: server.address().port, headers: { connection: 'Upgrade', upgrade: 'websocket' } }).on('upgrade', (_, s) => s.on('data', () => {}));
    console.log(server.address().port);
  });
  process.on('exit', () => helper.kill());
})();
process.on('SIGTERM', () => process.exit(0));`;

let child: Child | undefined;
afterEach(async () => {
  await child?.stop('SIGTERM');
  child = undefined;
});

describe.each(NODES)('%s', (_name, node) => {
  it.concurrent.each(KINDS)('%s is nothing to speak of, preloaded and attached', async (kind) => {
    await withNode(node, ['--import', REGISTER, BAITS, kind], async ({ pid }) => {
      const { code, findings } = await look(pid);
      expect([code, loud(findings)]).toEqual([0, []]);
    });
    await withNode(node, [ANY_PORT, BAITS, kind], async ({ pid }) => {
      await untilHandled(pid);
      const { code, findings } = await look(pid, '--yes');
      expect([code, loud(findings)]).toEqual([0, []]);
    });
  });

  it.each([['pools, timers and files', SERVER, 2], ['workers, children, WebSockets and FileHandles that it holds', HOLDER, 2]])('a busy server with %s is nothing to speak of', async (_what, script, servers) => {
    for (const options of [['--import', REGISTER, ANY_PORT], [ANY_PORT]]) {
      child = await startChild(node, [...options, '-e', script]);
      const port = Number(await child.nextLine());
      const stop = load(port);
      await untilHandled(child.pid);
      const { code, findings, data } = await look(child.pid, '--yes');
      const failed = await stop();
      expect([code, loud(findings), failed]).toEqual([0, [], 0]);
      expect(data.handles.filter(({ kind }) => kind === 'tcp-server')).toHaveLength(servers);
      await child.stop('SIGTERM');
    }
  });
});

/** Slow readers of all sorts, and pools whose responses are read after a while: all of them are read. */
const SLOW = `
const http = require('http'), net = require('net'), fs = require('fs'), os = require('os'), path = require('path');
const file = path.join(os.tmpdir(), 'reloadctl-slow-' + process.pid);
fs.writeFileSync(file, Buffer.alloc(8 << 20)); process.on('exit', () => fs.rmSync(file));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const log = fs.createWriteStream(file + '.log'); process.on('exit', () => fs.rmSync(file + '.log')); setInterval(() => log.write('tick'), 100);
const server = http.createServer((q, r) => {
  if (q.url === '/file') return fs.createReadStream(file).pipe(r);
  if (q.url === '/proxy') return http.get({ port: server.address().port, host: '127.0.0.1', path: '/big' }, (u) => u.pipe(r));
  r.end(Buffer.alloc(q.url === '/big' ? 8 << 20 : 1000));
}).listen(0, '127.0.0.1', async () => {
  const port = server.address().port, agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  for (const p of ['/file', '/proxy']) { const c = net.connect(port, '127.0.0.1'); c.write('GET ' + p + ' HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'); c.pause(); setInterval(() => c.read(1000), 200); }
  for (let i = 0; i < 4; i++) (async () => { for (;;) { const r = await new Promise((resolve) => http.get({ port, host: '127.0.0.1', agent }, resolve)); await sleep(80); for await (const c of r); } })();
  (async () => { for await (const c of (await fetch('http://127.0.0.1:' + port + '/big')).body) await sleep(3000); })();
  (async () => { for await (const c of fs.createReadStream(file)) await sleep(3000); })();
  net.createServer({ allowHalfOpen: true }, (s) => { s.resume(); }).listen(0, '127.0.0.1', function () { net.connect({ port: this.address().port, host: '127.0.0.1', allowHalfOpen: true }).end('ask'); });
  await sleep(300); console.log('up');
});
process.on('SIGTERM', () => process.exit(0));`;

describe.each(NODES.filter(([name], index) => index === 0 || name === 'node 26'))('%s: who reads slowly', (_name, node) => {
  it('reads', async () => {
    child = await startChild(node, ['--import', REGISTER, '-e', SLOW]);
    await child.nextLine();
    const { code, findings } = await look(child.pid);
    expect([code, loud(findings)]).toEqual([0, []]);
  });
});

/** Four clients one after another; the function that comes back ends them and says how many requests failed. */
function load(port: number): () => Promise<number> {
  let on = true;
  let failed = 0;
  const one = async (): Promise<void> => {
    while (on) {
      await new Promise<void>((resolve) => {
        get({ port, host: '127.0.0.1' }, (response) => response.resume().on('end', resolve)).on('error', () => {
          failed++;
          resolve();
        });
      });
    }
  };
  const clients = [one(), one(), one(), one()];
  return async () => {
    on = false;
    await Promise.all(clients);
    return failed;
  };
}
