/** The socket of `reloadctl/register`: one message a line. */
import { connect } from 'node:net';
import type { Wire } from './wire.ts';

const MOST_BYTES = 48 * 1024 * 1024;

export function openUnixWire(path: string, timeoutMs: number): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const timer = setTimeout(() => socket.destroy(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
    let why = 'the connection was closed';
    socket.on('error', (error) => {
      why = error.message;
      clearTimeout(timer);
      reject(error);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve({
        send: (text) => void socket.write(`${text}\n`),
        onMessage: (listener) => readLines(socket.setEncoding('utf8'), listener),
        onEnd: (listener) => void socket.once('close', () => listener(why)),
        close: () => void socket.destroy(),
      });
    });
  });
}

function readLines(socket: NodeJS.ReadableStream & { destroy(error: Error): unknown }, listener: (line: string) => void): void {
  let parts: string[] = [];
  let size = 0;
  socket.on('data', (chunk: string) => {
    size += chunk.length;
    if (size > MOST_BYTES) return void socket.destroy(new Error('the answer is too long'));
    const lines = chunk.split('\n');
    parts.push(lines[0]!);
    for (const line of lines.slice(1)) {
      listener(parts.join(''));
      parts = [line];
      size = line.length;
    }
  });
}
