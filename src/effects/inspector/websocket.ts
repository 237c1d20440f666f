/**
 * The inspector of a Node process over its WebSocket (RFC 6455), as much of it as an inspector speaks: text frames, and the end. A
 * client of our own, since it starts at once, and since it can tell the kernel of the other side that what it sent has come: see Wire.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { FrameReader, NEXT_BYTES, textFrame } from './frames.ts';
import { type Endpoint, openStream } from './transport.ts';
import type { Wire } from './wire.ts';

/** What a target may answer at once: it is hostile, or large. */
const MOST_BYTES = 48 * 1024 * 1024;
const MOST_HEAD = 16 * 1024;
/** RFC 6455, 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Rejects with the reason when there is no inspector, or it does not answer in time. */
export function openWebSocket(url: string, endpoint: Endpoint, timeoutMs: number): Promise<Wire> {
  // The URL names a path; where it leads is ours to say.
  const { pathname } = new URL(url);
  const key = randomBytes(16).toString('base64');
  const expected = createHash('sha1').update(key + GUID).digest('base64');
  const stream = openStream(endpoint);
  return new Promise((resolve, reject) => {
    let why = 'the connection was closed';
    const timer = setTimeout(() => stream.destroy(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
    stream.on('error', (error: Error) => {
      why = error.message;
    });
    stream.on('close', () => {
      clearTimeout(timer);
      reject(new Error(why));
    });
    let head = Buffer.alloc(0);
    const onHead = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0 && head.length < MOST_HEAD) return;
      stream.off('data', onHead);
      const objection = objectionTo(head.toString('latin1', 0, Math.max(0, end)), expected);
      if (objection !== undefined) return void stream.destroy(new Error(objection));
      clearTimeout(timer);
      resolve(wireOf(stream, head.subarray(end + 4), { why: () => why, whole: endpoint.whole === true }));
    };
    stream.on('data', onHead);
    const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
    stream.write(
      `GET ${pathname} HTTP/1.1\r\nHost: ${host}:${endpoint.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
  });
}

/** Why this answer to our offer opens no WebSocket. */
export function objectionTo(head: string, accept: string): string | undefined {
  const [status = '', ...lines] = head.split('\r\n');
  if (!/^HTTP\/1\.1 101(?: |$)/.test(status)) return `no WebSocket: ${status.slice(0, 100)}`;
  const named = lines.find((line) => /^sec-websocket-accept:/i.test(line));
  return named?.slice(named.indexOf(':') + 1).trim() === accept ? undefined : 'no WebSocket: it did not accept our key';
}

function wireOf(stream: Duplex, first: Buffer, { why, whole }: { why(): string; whole: boolean }): Wire {
  let begun = 0;
  const reader = new FrameReader(MOST_BYTES);
  return {
    send: (text) => {
      if (stream.writable) stream.write(textFrame(text, randomBytes(4)).subarray(begun));
      begun = 0;
    },
    acknowledge: () => {
      if (whole || begun === NEXT_BYTES.length || !stream.writable) return false;
      stream.write(NEXT_BYTES.subarray(begun, ++begun));
      return true;
    },
    onMessage: (listener) => {
      const read = (chunk: Buffer): void => {
        try {
          for (const message of reader.take(chunk)) {
            if (message === undefined) return void stream.destroy();
            listener(message);
          }
        } catch (error) {
          stream.destroy(error as Error);
        }
      };
      stream.on('data', read);
      if (first.length > 0) read(first);
    },
    onEnd: (listener) => void (stream.destroyed ? queueMicrotask(() => listener(why())) : stream.once('close', () => listener(why()))),
    close: () => void stream.destroy(),
  };
}
