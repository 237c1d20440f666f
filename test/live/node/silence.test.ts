/** What is healthy is not called ill: what detectors of leaks are wrong about, and a busy server. */
import { get } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Child } from '../support/child.ts';
import { startChild } from '../support/child.ts';
import { ANY_PORT, BAITS, look, loud, NODES, REGISTER, startNode, untilHandled } from './support.ts';

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

let child: Child | undefined;
afterEach(async () => {
  await child?.stop('SIGTERM');
  child = undefined;
});

describe.each(NODES)('%s', (_name, node) => {
  it.each(KINDS)('%s is nothing to speak of, preloaded and attached', async (kind) => {
    const preloaded = await startNode(node, ['--import', REGISTER, BAITS, kind]);
    ({ child } = preloaded);
    const first = await look(preloaded.pid);
    expect([first.code, loud(first.findings)]).toEqual([0, []]);
    await child.stop();
    const plain = await startNode(node, [ANY_PORT, BAITS, kind]);
    ({ child } = plain);
    await untilHandled(plain.pid);
    const second = await look(plain.pid, '--yes');
    expect([second.code, loud(second.findings)]).toEqual([0, []]);
  });

  it('a busy server with pools, timers and files is nothing to speak of', async () => {
    for (const options of [['--import', REGISTER], [ANY_PORT]]) {
      child = await startChild(node, [...options, '-e', SERVER]);
      const port = Number(await child.nextLine());
      const stop = load(port);
      await untilHandled(child.pid);
      const { code, findings, data } = await look(child.pid, '--yes');
      const failed = await stop();
      expect([code, loud(findings), failed]).toEqual([0, [], 0]);
      expect(data.handles.filter(({ kind }) => kind === 'tcp-server')).toHaveLength(2);
      await child.stop('SIGTERM');
    }
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
