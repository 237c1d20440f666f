/** The opening handshake of WebSocket, RFC 6455 section 4. */
import { createHash, randomBytes } from 'node:crypto';
import type { AnswerReader } from '../answer.ts';
import type { Endpoint } from '../types.ts';

/** Of section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** 16 bytes nobody can foresee, as base64. */
export function newKey(): string {
  return randomBytes(16).toString('base64');
}

export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}${GUID}`).digest('base64');
}

export function upgradeText({ http }: Endpoint, key: string): string {
  const { host, path } = http!;
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: reloadctl-drill\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`;
}

/** Why this whole head opens no WebSocket; undefined when it does. */
export function whyNot({ status, headers }: AnswerReader, key: string): string | undefined {
  if (status !== 101) return String(status);
  if (headers.get('upgrade')?.toLowerCase() !== 'websocket') return '101 without Upgrade: websocket';
  if (headers.get('sec-websocket-accept') !== acceptOf(key)) return '101 with another Sec-WebSocket-Accept than that of the key';
  return undefined;
}
