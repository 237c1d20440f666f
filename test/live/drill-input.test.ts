/** What users get wrong, and servers that a drill cannot ask: said before anything is done, or as what it is. */
import { execFile } from 'node:child_process';
import { chownSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createSecureServer, createServer as createHttp2 } from 'node:http2';
import { createServer as createTls } from 'node:https';
import { type AddressInfo, createServer as createPlain, type Server as PlainServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { plainEnv, startChild } from './support/child.ts';
import { describeNeeds } from './support/need.ts';
import { ownFolder, reloadctl } from './support/program.ts';
import { startRedis } from './support/redis.ts';
import { drillWhenFit, startReloadServer } from './support/reload.ts';
import { until } from './support/until.ts';

// A machine that is too busy to judge is asked up to five times.
vi.setConfig({ testTimeout: 180_000 });

const BIN = join(import.meta.dirname, '../../bin/reloadctl.js');
const servers: { close(): unknown }[] = [];

async function portOf(server: PlainServer): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

afterAll(() => {
  for (const server of servers) server.close();
});

describeNeeds(['openssl'], 'who is asked', () => {
  const urls = new Map<string, string>();

  beforeAll(async () => {
    const dir = ownFolder('certificate');
    await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', join(dir, 'key'), '-out', join(dir, 'cert'), '-days', '2', '-subj', '/CN=localhost'], { env: plainEnv() });
    const [key, cert] = [readFileSync(join(dir, 'key')), readFileSync(join(dir, 'cert'))];
    const answer = (_request: unknown, response: { end(text: string): void }): void => response.end('hello');
    const add = async (name: string, scheme: string, server: PlainServer): Promise<void> => void urls.set(name, `${scheme}://127.0.0.1:${await portOf(server)}/`);
    await add('h2c', 'http', createHttp2(answer));
    await add('h2', 'https', createSecureServer({ key, cert }, answer));
    await add('tls', 'https', createTls({ key, cert }, answer));
    await add('client certificate', 'https', createTls({ key, cert, ca: cert, requestCert: true, rejectUnauthorized: true }, answer));
    await add('plain', 'http', createServer(answer));
    await add('closes', 'http', createPlain((socket) => void socket.end()));
    await add('silent', 'http', createPlain(() => undefined));
    await add('told', 'http', createServer((_request, response) => void response.writeHead(400).end('Client sent an HTTP request to an HTTPS server.')));
    await add('mail', 'http', createPlain((socket) => void socket.end('220 mail\r\n')));
  });

  it.concurrent.each<[string, string[], RegExp, (url: string) => string]>([
    ['h2c', [], /speaks HTTP\/2 only, and the load of a drill is HTTP\/1\.1/, (url) => url],
    ['h2', ['--insecure'], /speaks HTTP\/2 only, and the load of a drill is HTTP\/1\.1/, (url) => url],
    ['tls', [], /its certificate is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)\n {2}--insecure takes any/, (url) => url],
    ['tls', [], /closed the connection without an answer\n {2}if it expects TLS: https/, (url) => url.replace('https', 'http')],
    ['client certificate', ['--insecure'], /asks for a certificate of the client, and a drill has none/, (url) => url],
    ['plain', [], /does not speak TLS\n {2}is it plain HTTP/, (url) => url.replace('http', 'https')],
    ['closes', [], /closed the connection without an answer/, (url) => url],
    ['silent', ['--timeout', '300ms'], /connected, and no answer in 300 ms/, (url) => url],
    ['silent', ['--timeout', '300ms'], /connected, and no TLS in 300 ms/, (url) => url.replace('http', 'https')],
    ['told', [], /answers 400: it expects TLS\n {2}use https/, (url) => url],
    ['mail', [], /does not answer in HTTP: "220 mail/, (url) => url],
  ])('%s %j', async (name, more, words, change) => {
    const marker = join(ownFolder('marker'), 'done');
    const { code, stderr } = await reloadctl(['drill', '--http', change(urls.get(name)!), '--yes', ...more, '--', `touch ${marker}`], { env: { XDG_STATE_HOME: '/nonexistent' } });
    expect({ code, stderr, done: existsSync(marker) }).toEqual({ code: 3, stderr: expect.stringMatching(words), done: false });
  });
});

describe('what shows a reload', () => {
  async function served(): Promise<string> {
    const state = { asked: 0, isLost: false, hasTurned: false };
    const server: Server = createServer((request, response) => {
      if (request.url === '/lose') state.isLost = true;
      if (request.url === '/turn') state.hasTurned = true;
      response.statusCode = state.isLost && request.url === '/' ? 404 : 200;
      response.end(request.url === '/count' ? String(++state.asked) : `${state.isLost} ${state.hasTurned}`);
    });
    return `http://127.0.0.1:${await portOf(server)}/`;
  }

  const SMALL = ['--times', '1', '--rate', '40', '--reload-timeout', '500ms', '--drain', '300ms'];

  it('changes by itself: nothing is done, for it would show nothing', async () => {
    const marker = join(ownFolder('marker'), 'done');
    const { code, data } = await drillWhenFit(async () => ({ args: ['--http', await served(), ...SMALL, '--expect', 'GET /count changes', '--', `touch ${marker}`] }));
    expect({ code, outcome: data.outcome, why: data.why, reloads: data.reloads.length, done: existsSync(marker) }).toEqual({ code: 3, outcome: 'not-reloaded', why: expect.stringContaining('came in the control window, too'), reloads: 0, done: false });
  });

  it('was so before', async () => {
    const { code, data } = await drillWhenFit(async () => ({ args: ['--http', await served(), ...SMALL, '--expect', 'GET /state contains false', '--', 'true'] }));
    expect({ code, outcome: data.outcome, why: data.why }).toEqual({ code: 3, outcome: 'not-reloaded', why: expect.stringContaining('it was so before this reload, too') });
  });

  it('comes with a command that takes longer than a reload may: it is seen', async () => {
    const { code, data } = await drillWhenFit(async () => {
      const url = await served();
      return { args: ['--http', url, ...SMALL, '--reload-timeout', '300ms', '--expect', 'GET /state changes', '--', `sleep 0.5; ${process.execPath} -e 'fetch("${url}turn")'`] };
    });
    expect({ code, outcome: data.outcome, happened: data.reloads[0]?.happened }).toEqual({ code: 0, outcome: 'pass', happened: true });
  });

  it('came, and with it the page was gone: FAIL', async () => {
    const { code, data, titles } = await drillWhenFit(async () => {
      const url = await served();
      return { args: ['--http', url, ...SMALL, '--expect', 'GET /state changes', '--', `${process.execPath} -e 'fetch("${url}lose")'`] };
    });
    expect({ code, outcome: data.outcome, happened: data.reloads[0]?.happened }).toEqual({ code: 1, outcome: 'fail', happened: true });
    expect(titles).toMatch(/answered with an error in reload 1 of 1: 404/);
  });
});

describeNeeds(['redis-server', 'redis-cli'], 'by plain TCP', () => {
  it('redis takes a new configuration: PASS, told by itself', async () => {
    const { code, data } = await drillWhenFit(async () => {
      const { port, pid } = await startRedis();
      const more = `redis-cli -p ${port} config set maxmemory $(( $(redis-cli -p ${port} config get maxmemory | tail -1) + 1048576 ))`;
      return { args: ['--tcp', `127.0.0.1:${port}`, '--send', 'PING\\r\\n', '--times', '1', '--rate', '80', '--pid', String(pid), '--expect', 'SEND CONFIG GET maxmemory\\r\\n changes', '--', more] };
    });
    expect({ code, outcome: data.outcome, mode: data.mode, listener: data.listener, notSeen: data.visible?.notSeen }).toEqual({ code: 0, outcome: 'pass', mode: 'config', listener: 'kept', notSeen: 0 });
  });
});

describeNeeds(['go', 'root'], 'a file that is changed is as it was, with its owner,', () => {
  /** Its bytes are no UTF-8, and it belongs to somebody else. */
  async function served(): Promise<{ config: string; args: string[]; bytes: Buffer }> {
    const server = await startReloadServer('config', [], 'version: 7\n');
    const config = join(server.dir, 'config');
    const bytes = Buffer.from('# gr\u00fc\u00dfe\nversion: 7\n', 'latin1');
    writeFileSync(config, bytes);
    chownSync(config, 1234, 1234);
    process.kill(server.pid(), 'SIGHUP');
    await until(async () => (await (await fetch(`${server.url}version`)).text()).includes('version'), { what: 'its configuration' });
    return { config, bytes, args: ['--http', server.url, '--rate', '40', '--pid', String(server.pid()), '--change', config, '--expect', 'GET /version changes'] };
  }

  const asWritten = (config: string): [string, number] => [readFileSync(config).toString('hex'), statSync(config).uid];

  it('when all went well', async () => {
    const { code, data, of: { config, bytes } } = await drillWhenFit(async () => {
      const { args, ...rest } = await served();
      return { ...rest, args: [...args, '--signal', 'HUP', '--times', '1'] };
    });
    expect({ code, outcome: data.outcome }).toEqual({ code: 0, outcome: 'pass' });
    expect(asWritten(config)).toEqual([bytes.toString('hex'), 1234]);
  });

  it('when the command failed', async () => {
    const { code, data, of: { config, bytes } } = await drillWhenFit(async () => {
      const { args, ...rest } = await served();
      return { ...rest, args: [...args, '--times', '2', '--reload-timeout', '300ms', '--', 'exit 3'] };
    });
    expect({ code, why: data.why }).toEqual({ code: 3, why: expect.stringContaining('the command ended with 3') });
    expect(asWritten(config)).toEqual([bytes.toString('hex'), 1234]);
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('after %s', async (signal) => {
    const { config, args, bytes } = await served();
    const child = await startChild(process.execPath, [BIN, 'drill', ...args, '--signal', 'HUP', '--times', '900', '--control', '300ms', '--rest', '100ms', '--yes'], { env: { XDG_STATE_HOME: ownFolder('state') } });
    await until(() => asWritten(config)[0] !== bytes.toString('hex'), { what: 'the file to be changed' });
    process.kill(child.pid, signal);
    await child.ended;
    await until(() => asWritten(config)[0] === bytes.toString('hex') && asWritten(config)[1] === 1234, { what: 'the file to be as it was' });
  });
});
