/** WebSockets of a drill against servers that do one evil each, and frames in pieces of any size. */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Tally } from '../../src/drill/load/tally.ts';
import type { Endpoint, Ended } from '../../src/drill/load/types.ts';
import { WebSocketConnection, type WebSocketEnd } from '../../src/drill/load/websocket/connection.ts';
import { Crowd } from '../../src/drill/load/websocket/crowd.ts';
import { CLOSE, type ControlFrame, closeCode, encodeControl, FrameReader, PING, PONG } from '../../src/drill/load/websocket/frames.ts';
import { acceptOf } from '../../src/drill/load/websocket/handshake.ts';
import { firstThatOpens } from '../../src/drill/load/websocket/probe.ts';
import { until } from '../live/support/until.ts';

const servers: { close(): void }[] = [];
const sockets = new Set<Socket>();
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

const keyOf = (request: string): string => /^sec-websocket-key: (.*)\r$/im.exec(request)![1]!;
const welcome = (request: string): Buffer => Buffer.from(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptOf(keyOf(request))}\r\n\r\n`);
const close = (code: number): Buffer => Buffer.from([0x80 | CLOSE, 2, code >> 8, code & 255]);

/** `onRequest` gets the connection when the handshake is there whole; `onFrames` all that comes later. */
async function evil(onRequest: (socket: Socket, request: string) => void, onFrames: (socket: Socket, bytes: Buffer) => void = () => undefined): Promise<Endpoint> {
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = '';
    let isOpen = false;
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket)).on('data', (chunk) => {
      if (isOpen) return onFrames(socket, chunk);
      text += chunk.toString('latin1');
      if (!text.endsWith('\r\n\r\n')) return undefined;
      isOpen = true;
      return onRequest(socket, text);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { label: `ws://127.0.0.1:${port}/`, address: '127.0.0.1', port, isLoopback: true, http: { host: `127.0.0.1:${port}`, path: '/', method: 'GET' } };
}

/** One connection until its end. */
function live(endpoint: Endpoint, timeoutMs = 5000): Promise<{ end: WebSocketEnd | undefined; noted: Ended['result'][] }> {
  return new Promise((resolve) => {
    const noted: Ended['result'][] = [];
    new WebSocketConnection(endpoint, timeoutMs, { onEnded: ({ result }) => noted.push(result), onEnd: (end) => resolve({ end, noted }) });
  });
}

describe.concurrent('one WebSocket', () => {
  it.each<[string, WebSocketEnd, (socket: Socket, request: string) => void]>([
    ['a close frame', { how: 'announced', code: 1001 }, (socket, request) => socket.write(welcome(request), () => socket.end(close(1001)))],
    ['a close frame in one piece with the welcome', { how: 'announced', code: 1012 }, (socket, request) => socket.write(Buffer.concat([welcome(request), close(1012)]))],
    ['a close frame without a code', { how: 'announced', code: 1005 }, (socket, request) => socket.write(Buffer.concat([welcome(request), Buffer.from([0x80 | CLOSE, 0])]))],
    ['an end without a word', { how: 'cut', detail: 'closed' }, (socket, request) => socket.end(welcome(request))],
    ['an end behind half a close frame', { how: 'cut', detail: 'closed' }, (socket, request) => socket.end(Buffer.concat([welcome(request), close(1001).subarray(0, 3)]))],
    ['a frame with a mask', { how: 'cut', detail: 'a frame of the server is masked' }, (socket, request) => socket.write(Buffer.concat([welcome(request), encodeControl({ opcode: PING, payload: Buffer.from('x') })]))],
  ])('%s', async (_what, end, onRequest) => {
    const lived = await live(await evil(onRequest));
    expect(lived.end).toEqual(end);
    expect(lived.noted[0]).toEqual({ what: 'ok' });
    expect(lived.noted.slice(1)).toEqual(end.how === 'cut' ? [{ what: 'failed', class: 'cut', during: 'answer', detail: end.detail }] : []);
  });

  it('a reset after it stood is a cut', async () => {
    // A ping of ours is there: the welcome was read.
    const endpoint = await evil((socket, request) => socket.write(welcome(request)), (socket) => socket.resetAndDestroy());
    const { end, noted } = await live(endpoint);
    expect(end).toEqual({ how: 'cut', detail: 'ECONNRESET' });
    expect(noted).toMatchObject([{ what: 'ok' }, { what: 'failed', class: 'cut' }]);
  });

  it('a server that answers no ping', async () => {
    const { end, noted } = await live(await evil((socket, request) => socket.write(welcome(request))), 300);
    expect(end).toEqual({ how: 'silent' });
    expect(noted).toMatchObject([{ what: 'ok' }, { what: 'failed', class: 'timeout' }]);
  });

  it('pings are answered in kind, from both sides', async () => {
    const said: number[] = [];
    const endpoint = await evil((socket, request) => socket.write(Buffer.concat([welcome(request), Buffer.from([0x80 | PING, 2, 104, 105])])), (socket, bytes) => {
      said.push(bytes[0]! & 15);
      // What a client sends is masked; a server must not.
      const [length, mask] = [bytes[1]! & 127, bytes.subarray(2, 6)];
      const payload = Buffer.from(bytes.subarray(6, 6 + length).map((byte, i) => byte ^ mask[i & 3]!));
      if ((bytes[0]! & 15) === PONG) expect(payload.toString()).toBe('hi');
      else socket.write(Buffer.concat([Buffer.from([0x80 | PONG, payload.length]), payload, close(1000)]));
    });
    const { end, noted } = await live(endpoint);
    expect(end).toEqual({ how: 'announced', code: 1000 });
    expect(noted).toEqual([{ what: 'ok' }, { what: 'ok' }]);
    expect(said.slice(0, 2)).toEqual([PONG, PING]);
  });

  it.each<[string, object, (socket: Socket, request: string) => void]>([
    ['404', { class: 'status', detail: '404' }, (socket) => socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')],
    ['200', { class: 'status', detail: '200' }, (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')],
    ['101 to another key', { class: 'status', detail: '101 with another Sec-WebSocket-Accept than that of the key' }, (socket) => socket.write(welcome('sec-websocket-key: x\r\n'))],
    ['an end before an answer', { class: 'reset', detail: 'closed without an answer' }, (socket) => socket.end()],
    ['a reset before an answer', { class: 'reset', detail: 'ECONNRESET' }, (socket) => socket.resetAndDestroy()],
    ['no answer', { class: 'timeout' }, () => undefined],
  ])('not opened: %s', async (_what, failure, onRequest) => {
    const endpoint = await evil(onRequest);
    expect(await live(endpoint, 400)).toMatchObject({ end: undefined, noted: [{ what: 'failed', ...failure }] });
    await expect(firstThatOpens([endpoint], 400)).rejects.toThrow('no WebSocket');
  });

  it('many come back when they were sent away, and tell how', async () => {
    let opened = 0;
    const endpoint = await evil((socket, request) => {
      const number = ++opened;
      socket.write(welcome(request));
      if (number <= 4) setImmediate(() => (number % 2 === 0 ? socket.end(close(1001)) : socket.end()));
    });
    const tally = new Tally();
    tally.begin(1);
    const crowd = new Crowd(endpoint, { size: 4, timeoutMs: 5000 }, tally);
    crowd.begin();
    await until(() => crowd.life.away.count === 4, { what: 'four that came back' });
    crowd.stop();
    const ends = crowd.life.ends.get(1)!;
    expect(Object.fromEntries(ends)).toEqual({ 1001: 2, cut: 2 });
    expect(tally.phases[0]!.reconnects).toMatchObject({ count: 4 });
    expect(tally.phases[0]!.by.websocket).toMatchObject({ total: 10, failed: 2 });
  });
});

describe('frames', () => {
  it('the example of RFC 6455 1.3', () => {
    expect(acceptOf('dGhlIHNhbXBsZSBub25jZQ==')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  });

  it('are read the same in pieces of any size', () => {
    const frame = fc.oneof(
      fc.record({ opcode: fc.constantFrom(CLOSE, PING, PONG), payload: fc.uint8Array({ maxLength: 125 }) }).map(({ opcode, payload }) => Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload])),
      fc.record({ isLast: fc.boolean(), length: fc.constantFrom(0, 1, 125, 126, 300, 65_536) }).map(({ isLast, length }) => {
        const head = length > 65_535 ? Buffer.from([1, 127, 0, 0, 0, 0, 0, 1, 0, 0]) : length > 125 ? Buffer.from([1, 126, length >> 8, length & 255]) : Buffer.from([1, length]);
        if (isLast) head[0]! |= 0x80;
        return Buffer.concat([head, Buffer.alloc(length, 0x89)]);
      }),
    );
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }), (frames, steps) => {
        const read = (pieces: readonly Buffer[]): unknown => {
          const seen: ControlFrame[] = [];
          const reader = new FrameReader((one) => seen.push(one));
          for (const piece of pieces) reader.push(piece);
          return { seen, messages: reader.messages, problem: reader.problem };
        };
        const all = Buffer.concat(frames);
        const pieces: Buffer[] = [];
        for (let at = 0, n = 0; at < all.length; n++) pieces.push(all.subarray(at, (at += steps[n % steps.length]!)));
        expect(read(pieces)).toEqual(read([all]));
        expect(read([all])).toMatchObject({ problem: undefined });
      }),
    );
  });

  it('never throw on any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
        const reader = new FrameReader(({ payload }) => void closeCode(payload));
        for (const piece of pieces) reader.push(Buffer.from(piece));
      }),
    );
  });
});
