/** Frames of a WebSocket, as a server sends them and as it reads ours. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as ws from 'ws';
import { FrameReader, NEXT_BYTES, textFrame } from '../../src/effects/inspector/frames.ts';
import { objectionTo } from '../../src/effects/inspector/websocket.ts';

/** Not among its types. */
const { Receiver, Sender } = ws as unknown as {
  Receiver: new (options: object) => NodeJS.WritableStream;
  Sender: { frame(data: Buffer, options: object): Buffer[] };
};

function serverFrame(payload: Buffer, code = 1, final = true): Buffer {
  return Buffer.concat(Sender.frame(payload, { opcode: code, fin: final, mask: false, readOnly: true, rsv1: false }));
}

function readAll(bytes: Buffer, cuts: readonly number[], most = 1e6): (string | undefined)[] {
  const reader = new FrameReader(most);
  const ends = [...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
  return [...ends, bytes.length].flatMap((end, index) => [...reader.take(bytes.subarray(index === 0 ? 0 : ends[index - 1], end))]);
}

describe('what we are told', () => {
  it('is read however it is cut, in one frame or in several, with pings between', () => {
    const message = fc.record({ text: fc.string({ unit: 'binary', maxLength: 400 }), pieces: fc.integer({ min: 1, max: 4 }), ping: fc.boolean() });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 12 }), (messages, cuts) => {
        const texts = messages.map(({ text }) => Buffer.from(text).toString());
        const frames = messages.flatMap(({ pieces, ping }, index) => {
          const payload = Buffer.from(texts[index]!);
          const size = Math.ceil(payload.length / pieces) || 1;
          const parts = Array.from({ length: pieces }, (_, at) => serverFrame(payload.subarray(at * size, (at + 1) * size), at === 0 ? 1 : 0, at === pieces - 1));
          return ping ? [parts[0]!, serverFrame(Buffer.from('ping'), 9), ...parts.slice(1)] : parts;
        });
        expect(readAll(Buffer.concat(frames), cuts)).toEqual(texts);
      }),
    );
  });

  it('has the three forms of a length', () => {
    for (const length of [0, 125, 126, 65_535, 65_536]) expect(readAll(serverFrame(Buffer.alloc(length, 'x')), [1, 3, 7])).toEqual(['x'.repeat(length)]);
  });

  it('ends with its close frame', () => {
    expect(readAll(Buffer.concat([serverFrame(Buffer.from('a')), serverFrame(Buffer.alloc(2), 8)]), [])).toEqual(['a', undefined]);
  });

  it('is refused where it is too long, masked, or no frame, and never hangs', () => {
    expect(() => readAll(serverFrame(Buffer.alloc(101)), [], 100)).toThrow('too long');
    expect(() => readAll(Buffer.concat([serverFrame(Buffer.alloc(60), 1, false), serverFrame(Buffer.alloc(60), 0)]), [], 100)).toThrow('too long');
    expect(() => readAll(Buffer.from([0x81, 0x7f, 0x7f, 0, 0, 0, 0, 0, 0, 0]), [])).toThrow('too long');
    expect(() => readAll(textFrame('{}', randomBytes(4)), [])).toThrow('no frame');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(), { maxLength: 5 }), (bytes, cuts) => {
        try {
          expect(Array.isArray(readAll(Buffer.from(bytes), cuts))).toBe(true);
        } catch (error) {
          expect((error as Error).message).toMatch(/too long|no frame/);
        }
      }),
    );
  });
});

describe('what we say', () => {
  it('is understood, begun beforehand or not', async () => {
    for (const text of ['{}', JSON.stringify({ a: 'ä€😀'.repeat(40) }), JSON.stringify({ long: 'x'.repeat(60_000) })]) {
      for (const begun of [0, 1, 2]) {
        const receiver = new Receiver({ isServer: true });
        const heard = new Promise<string>((resolve, reject) => receiver.once('message', (data: unknown) => resolve(String(data))).once('error', reject));
        receiver.write(NEXT_BYTES.subarray(0, begun));
        receiver.write(textFrame(text, randomBytes(4)).subarray(begun));
        expect(JSON.parse(await heard)).toEqual(JSON.parse(text));
      }
    }
  });

  it('is never longer than one frame with two bytes of length', () => {
    expect(() => textFrame('x'.repeat(65_536), randomBytes(4))).toThrow('too long');
  });
});

describe('objectionTo', () => {
  const good = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nsec-websocket-accept:  KEY=';

  it('is none where our key was accepted', () => expect(objectionTo(good, 'KEY=')).toBeUndefined());

  it.each([
    ['another key', good.replace('KEY', 'YEK')],
    ['no key', 'HTTP/1.1 101 Switching Protocols'],
    ['another answer', good.replace('101', '200')],
    ['no HTTP', 'SSH-2.0-OpenSSH'],
    ['nothing', ''],
  ])('is there for %s', (_, head) => expect(objectionTo(head, 'KEY=')).toMatch(/^no WebSocket/));
});
