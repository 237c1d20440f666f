/** `import { assertNoLeaks } from 'reloadctl'`, from the package as npm packs it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { plainEnv } from './support/child.ts';
import { hasNode, nodeOf, OTHER_NODES } from './support/runtimes.ts';
import { ownFolder } from './support/program.ts';

const ROOT = join(import.meta.dirname, '../..');
const folder = ownFolder('library');
const LEAKS: Record<string, string> = {
  'tcp-server': "const server = net.createServer().listen(0, '127.0.0.1'); await once(server, 'listening'); keep.push(server)",
  'tcp-socket': "const socket = net.connect(port, '127.0.0.1'); await once(socket, 'connect'); keep.push(socket)",
  'timer-interval': 'keep.push(setInterval(() => {}, 1000))',
  'fs-watcher': "keep.push(fs.watch('/etc'))",
  'child-process': "const child = spawn('sleep', ['20'], { stdio: 'ignore' }); await once(child, 'spawn'); keep.push({ close: () => child.kill('SIGKILL') })",
  worker: "const worker = new Worker('setInterval(() => {}, 1000)', { eval: true }); await once(worker, 'online'); keep.push({ close: () => worker.terminate() })",
  'file-descriptor': "keep.push(fs.openSync('/etc/hostname'))",
  'file-handle': "keep.push(await fs.promises.open('/etc/hostname'))",
  'udp-socket': "const udp = dgram.createSocket('udp4'); udp.bind(0); await once(udp, 'listening'); keep.push(udp)",
};
const USE = `import { once } from 'node:events';
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { Worker } from 'node:worker_threads';
import zlib from 'node:zlib';
import { assertNoLeaks, LeakError, leaksOf } from 'reloadctl';
const keep = [];
const peer = net.createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
await once(peer, 'listening');
const { port } = peer.address();
const told = {};
const works = {
${Object.entries(LEAKS).map(([kind, code]) => `  '${kind}': async () => { ${code}; },`).join('\n')}
};
// Beside each other: each is told of its own only.
await Promise.all(Object.entries(works).map(async ([kind, work]) => {
  told[kind] = await assertNoLeaks(work, { graceMs: 100 }).then(() => 'none', (error) => error instanceof LeakError && error.leaks.map((leak) => leak.kind + ' ' + leak.site.replace(/^.*\\/(use\\.mjs:\\d+):\\d+$/, '$1')).join());
}));
const site = http.createServer((request, response) => response.end('ok')).listen(0, '127.0.0.1');
await once(site, 'listening');
told.fine = await assertNoLeaks(async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  await new Promise((resolve) => server.close(resolve));
  await (await fetch('http://127.0.0.1:' + site.address().port)).text();
  setInterval(() => {}, 1000).unref();
  zlib.gzipSync('x');
  await Promise.race([1, new Promise(() => {})]);
  fs.closeSync(fs.openSync('/etc/hostname'));
  setTimeout(() => {}, 50);
  return 'result';
}).catch((error) => error.message);
told.own = await assertNoLeaks(() => { throw new Error('of the work'); }).catch((error) => error.message);
told.allowed = (await leaksOf(() => { keep.push(setInterval(() => {}, 9)); }, { graceMs: 0, allow: ({ kind }) => kind === 'timer-interval' })).leaks.length;
console.log(JSON.stringify(told));
for (const one of keep) one?.close?.();
process.exit(0);
`;

beforeAll(() => {
  const packed = JSON.parse(execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], { cwd: ROOT, env: plainEnv(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })) as { filename: string }[];
  const own = join(folder, 'node_modules/reloadctl');
  mkdirSync(own, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, packed[0]!.filename), '-C', own, '--strip-components=1']);
  writeFileSync(join(folder, 'use.mjs'), USE);
});

describe('the library', () => {
  it.each([process.execPath, ...OTHER_NODES.filter(hasNode).map(nodeOf)])('tells each leak with its line, and nothing else: %s', (node) => {
    const { stdout, stderr } = spawnSync(node, [join(folder, 'use.mjs')], { encoding: 'utf8', env: plainEnv(), timeout: 30_000 });
    expect(stdout, stderr).toMatch(/^\{/);
    const lines = USE.split('\n');
    const expected = Object.keys(LEAKS).map((kind) => [kind, `${kind} use.mjs:${lines.findIndex((line) => line.startsWith(`  '${kind}':`)) + 1}`]);
    expect(JSON.parse(stdout)).toEqual({ ...Object.fromEntries(expected), fine: 'result', own: 'of the work', allowed: 0 });
  });

  it('is there for require, too, once for both', () => {
    writeFileSync(join(folder, 'both.cjs'), "const { assertNoLeaks } = require('reloadctl'); import('reloadctl').then((other) => console.log(other.assertNoLeaks === assertNoLeaks));");
    expect(spawnSync(process.execPath, [join(folder, 'both.cjs')], { encoding: 'utf8', env: plainEnv() }).stdout).toBe('true\n');
  });

  it.each([['node16', 'node16'], ['esnext', 'bundler']])('has types for module %s, moduleResolution %s', (kind, resolution) => {
    const text = "import { assertNoLeaks, type Leak, LeakError } from 'reloadctl';\nconst word: Promise<string> = assertNoLeaks(async () => 'word', { graceMs: 5, allow: (leak: Leak) => leak.kind === 'worker' });\nvoid word.catch((error: unknown) => (error instanceof LeakError ? error.leaks : []));\n";
    for (const name of ['a.mts', 'b.cts']) writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, 'wrong.mts'), "import { assertNoLeaks } from 'reloadctl';\nconst word: Promise<number> = assertNoLeaks(() => 'word');\nvoid word;\n");
    // No types but its own: it must stand alone.
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { noEmit: true, strict: true, target: 'es2022', lib: ['es2022'], types: [], module: kind, moduleResolution: resolution }, files: ['a.mts', 'b.cts', 'wrong.mts'] }));
    const { stdout } = spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder], { cwd: folder, encoding: 'utf8' });
    expect(stdout.trim().split('\n').filter((line) => /error TS/.test(line))).toEqual([expect.stringMatching(/^wrong\.mts\(2,7\): error TS2322/)]);
  });
});
