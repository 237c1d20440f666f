/** Servers that do one evil each, and what the client of the drill calls it. */
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { exchange, openSocket, type Question } from '../../src/drill/load/exchange.ts';
import type { Endpoint, Ended } from '../../src/drill/load/types.ts';

const servers: { close(): void }[] = [];
const sockets = new Set<Socket>();
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

/** `onRequest` gets the connection when the request is there whole. */
async function evil(onRequest: (socket: Socket) => void, onConnection?: (socket: Socket) => void): Promise<Endpoint> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    if (onConnection) onConnection(socket);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (!text.endsWith('\r\n\r\n')) return;
      text = '';
      onRequest(socket);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return endpointOf((server.address() as AddressInfo).port);
}

function endpointOf(port: number): Endpoint {
  return { label: `http://127.0.0.1:${port}/`, address: '127.0.0.1', port, isLoopback: true, http: { host: `127.0.0.1:${port}`, path: '/', method: 'GET' } };
}

function ask(endpoint: Endpoint, more: Partial<Question> = {}): Promise<{ ended: Ended; socket?: Socket | undefined }> {
  return new Promise((resolve) => exchange(endpoint, { traffic: 'new', intended: performance.now(), timeoutMs: 3000, keeps: false, ...more }, (ended, socket) => resolve({ ended, socket })));
}

const HELLO = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';

describe('one question', () => {
  it.each<[string, object, (socket: Socket) => void]>([
    ['an answer', { what: 'ok', status: 200 }, (socket) => socket.end(HELLO)],
    ['an answer, and a reset behind it', { what: 'ok', status: 200 }, (socket) => socket.write(HELLO, () => socket.resetAndDestroy())],
    ['a reset before the answer', { what: 'failed', class: 'reset', during: 'before', detail: 'ECONNRESET' }, (socket) => socket.resetAndDestroy()],
    ['an end before the answer', { what: 'failed', class: 'reset', during: 'before', detail: 'closed without an answer' }, (socket) => socket.end()],
    ['an end in the head', { what: 'failed', class: 'cut', during: 'answer' }, (socket) => socket.end('HTTP/1.1 200 OK\r\nConte')],
    ['an end in the body', { what: 'failed', class: 'cut', during: 'answer', detail: 'closed after 3 bytes of the body' }, (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel')],
    ['an end before the last chunk', { what: 'failed', class: 'cut' }, (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n')],
    ['a reset in the body', { what: 'failed', class: 'cut', during: 'answer', detail: 'ECONNRESET' }, (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel', () => setTimeout(() => socket.resetAndDestroy(), 20))],
    ['a body to the end of the connection', { what: 'unknown' }, (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nhello')],
    ['an error of the server', { what: 'failed', class: 'status', detail: '503' }, (socket) => socket.end('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n')],
    ['not found, which is an answer', { what: 'ok', status: 404 }, (socket) => socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')],
    ['another protocol', { what: 'failed', class: 'status' }, (socket) => socket.end('220 mail\r\n')],
  ])('%s', async (_name, result, onRequest) => {
    expect((await ask(await evil(onRequest))).ended.result).toMatchObject(result);
  });

  it('nobody listens', async () => {
    const endpoint = await evil(() => undefined);
    const { port } = endpoint;
    await new Promise<void>((resolve) => (servers.pop() as { close(done: () => void): void }).close(resolve));
    expect((await ask(endpointOf(port))).ended.result).toMatchObject({ what: 'failed', class: 'refused', during: 'connect' });
  });

  it('no answer in time', async () => {
    expect((await ask(await evil(() => undefined), { timeoutMs: 50 })).ended.result).toMatchObject({ what: 'failed', class: 'timeout', during: 'before' });
  });

  it('no local port is our own fault', async () => {
    const endpoint = await evil((socket) => socket.end(HELLO));
    expect((await ask(endpoint, { localAddress: '192.0.2.1' })).ended.result).toEqual({ what: 'own', code: 'EADDRNOTAVAIL' });
  });

  it('keeps a connection, and tells a close under a second request from one under the first', async () => {
    let asked = 0;
    const endpoint = await evil((socket) => (asked++ === 0 ? socket.write(HELLO) : socket.resetAndDestroy()));
    const first = await ask(endpoint, { keeps: true });
    expect(first.ended.result).toEqual({ what: 'ok', status: 200 });
    const second = await ask(endpoint, { keeps: true, socket: first.socket! });
    expect(second).toMatchObject({ ended: { result: { what: 'failed', class: 'reset', during: 'before' } }, socket: undefined });
  });

  it('does not keep a connection that the server closes', async () => {
    const endpoint = await evil((socket) => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'));
    expect((await ask(endpoint, { keeps: true })).socket).toBeUndefined();
  });

  it('plain TCP: bytes for bytes, an end for an end, or a connection that stands', async () => {
    const plain = async (onConnection: (socket: Socket) => void): Promise<Endpoint> => {
      const { http: _none, ...rest } = await evil(() => undefined, onConnection);
      return rest;
    };
    const echoes = await plain((socket) => socket.on('data', (chunk) => socket.write(chunk)).on('end', () => socket.end()));
    expect((await ask({ ...echoes, send: Buffer.from('PING') })).ended.result).toEqual({ what: 'ok' });
    expect((await ask({ ...echoes, answersEnd: true })).ended.result).toEqual({ what: 'ok' });
    expect((await ask(echoes)).ended.result).toEqual({ what: 'ok' });
    const resets = await plain((socket) => socket.resetAndDestroy());
    expect((await ask(resets)).ended.result).toMatchObject({ what: 'failed', class: 'reset' });
    expect((await ask({ ...resets, answersEnd: true })).ended.result).toMatchObject({ what: 'failed', class: 'reset' });
    expect((await ask({ ...(await plain((socket) => socket.end())), send: Buffer.from('PING') })).ended.result).toMatchObject({ what: 'failed', class: 'reset' });
  });
});

it('a socket of its own is told at once', async () => {
  const endpoint = await evil((socket) => socket.end(HELLO));
  let told: Socket | undefined;
  await ask(endpoint, { onSocket: (socket) => void (told = socket) });
  expect(told).toBeDefined();
  const own = openSocket(endpoint);
  own.on('error', () => undefined).destroy();
});
