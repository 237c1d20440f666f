import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerReader } from '../../src/drill/load/answer.ts';

const read = (text: string, options = {}): AnswerReader => {
  const reader = new AnswerReader({ keeps: true, ...options });
  reader.push(Buffer.from(text, 'latin1'));
  return reader;
};

describe('AnswerReader', () => {
  it.each([
    ['nothing', ''],
    ['partial', 'HTT'],
    ['partial', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell'],
    ['whole', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
    ['whole', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['whole', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['whole', 'HTTP/1.1 304\r\n\r\n'],
    ['whole', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['partial', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['whole', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nTrailer: 1\r\n\r\n'],
    ['partial', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
    ['partial', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n'],
    ['to-the-end', 'HTTP/1.0 200 OK\r\n\r\nhello'],
    ['malformed', 'SSH-2.0-OpenSSH\r\n'],
    ['malformed', 'HTTP/2 200\r\n\r\n'],
    ['malformed', 'HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n'],
    ['malformed', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n'],
    ['malformed', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n'],
  ])('%s: %j', (state, text) => {
    expect(read(text).state).toBe(state);
  });

  it('knows who closes', () => {
    expect(read('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n').closes).toBe(false);
    expect(read('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n').closes).toBe(true);
    expect(read('HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n').closes).toBe(true);
    expect(read('HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n').closes).toBe(false);
  });

  it('has no body after HEAD', () => {
    expect(read('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', { hasBody: false }).state).toBe('whole');
  });

  it('says when there is more than one answer', () => {
    const reader = new AnswerReader();
    expect(reader.push(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab'))).toBe(false);
  });

  const body = fc.string({ maxLength: 300, unit: 'binary-ascii' });
  const pieces = (text: string, sizes: readonly number[]): Buffer[] => {
    const found: Buffer[] = [];
    for (let at = 0, i = 0; at < text.length; i++) {
      const size = sizes.length === 0 ? text.length : sizes[i % sizes.length]!;
      found.push(Buffer.from(text.slice(at, at + size), 'latin1'));
      at += size;
    }
    return found;
  };

  it('is whole with its last byte and not before, however it is cut', () => {
    fc.assert(
      fc.property(body, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }), fc.boolean(), (text, sizes, isChunked) => {
        const chunked = [...text.matchAll(/[\s\S]{1,7}/g)].map(([part]) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
        const answer = isChunked ? `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}0\r\n\r\n` : `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
        const reader = new AnswerReader({ keeps: true });
        const parts = pieces(answer, sizes);
        for (const [index, part] of parts.entries()) {
          expect(reader.state).toBe(index === 0 ? 'nothing' : 'partial');
          expect(reader.push(part)).toBe(true);
        }
        expect(reader).toMatchObject({ state: 'whole', kept: text, bodyBytes: text.length });
      }),
    );
  });

  it('takes whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 })), fc.boolean(), (parts, begins) => {
        const reader = new AnswerReader();
        if (begins) reader.push(Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'));
        for (const part of parts) reader.push(Buffer.from(part));
        expect(['nothing', 'partial', 'whole', 'to-the-end', 'malformed']).toContain(reader.state);
      }),
    );
  });
});
