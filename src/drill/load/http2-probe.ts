/** Whether somebody who gave no answer in HTTP/1.1 speaks HTTP/2 (RFC 9113, with prior knowledge or by ALPN). */
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { drop } from './exchange.ts';
import type { Endpoint } from './types.ts';

/** Preface of a client, and an empty SETTINGS frame (3.4, 6.5). */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');

/** The first frame of a server is SETTINGS (type 4) on stream 0. */
export const isHttp2 = (head: Buffer): boolean => head.length >= 9 && head[0] === 0 && head[3] === 4 && head.readUInt32BE(5) === 0;

/** Never rejects. */
export function speaksHttp2({ address, port, tls }: Endpoint, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const where = { host: address, port };
    let head = Buffer.alloc(0);
    const end = (yes: boolean): void => {
      clearTimeout(timer);
      drop(socket);
      resolve(yes);
    };
    const timer = setTimeout(() => end(false), timeoutMs);
    const socket = tls
      // Who it is does not matter, for nothing is asked.
      ? connectTls({ ...where, ...(tls.servername !== undefined && { servername: tls.servername }), rejectUnauthorized: false, ALPNProtocols: ['h2'] }, () => end(secure.alpnProtocol === 'h2'))
      : connect(where, () => socket.write(PREFACE));
    const secure = socket as ReturnType<typeof connectTls>;
    socket.on('error', () => end(false)).on('end', () => end(false)).on('data', (chunk: Buffer) => {
      head = Buffer.concat([head, chunk]);
      if (head.length >= 9) end(isHttp2(head));
    });
  });
}
