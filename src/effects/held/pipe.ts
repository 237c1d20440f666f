/** A pipe that strace opens by a path and writes to, and that nobody else ever sees. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface OwnPipe {
  fd: number;
  /** Where another process of our user opens it. */
  path: string;
  /** All that waits, without waiting. */
  drain(): string;
  /** Called with what was written. */
  onText(take: (text: string) => void): void;
  close(): void;
}

const SIZE = 64 * 1024;
const LOOK_MS = 2;

/** Made by mkfifo, for Node has no pipes without a process at the other end; its name is gone at once. Throws what the system says. */
export function openOwnPipe(): OwnPipe {
  const name = join(tmpdir(), `reloadctl-assert-${process.pid}-${process.getBuiltinModule('node:crypto').randomBytes(6).toString('hex')}`);
  execFileSync('mkfifo', ['-m', '600', name], { stdio: 'ignore' });
  let fd: number;
  try {
    // For writing too: the last writer that leaves would be news to whoever is told of every write.
    fd = openSync(name, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } finally {
    rmSync(name, { force: true });
  }
  const buffer = Buffer.alloc(SIZE);
  let socket: Socket | undefined;
  let looker: NodeJS.Timeout | undefined;
  const drain = (): string => {
    let text = '';
    try {
      for (let bytes = readSync(fd, buffer); bytes > 0; bytes = readSync(fd, buffer)) text += buffer.toString('latin1', 0, bytes);
    } catch {
      // EAGAIN: nothing waits.
    }
    return text;
  };
  return {
    fd,
    path: `/proc/${process.pid}/fd/${fd}`,
    drain,
    onText: (take) => {
      // Bun tells nobody that a pipe of this kind can be read.
      if (process.versions.bun !== undefined) {
        looker = setInterval(() => {
          const text = drain();
          if (text !== '') take(text);
        }, LOOK_MS);
        return;
      }
      // By hand: what is bundled is loaded when it is first called, and a class is not called.
      const net = process.getBuiltinModule('node:net');
      socket = new net.Socket({ fd, readable: true, writable: false });
      socket.setEncoding('latin1').on('data', take).on('error', () => undefined);
    },
    close: () => {
      clearInterval(looker);
      if (socket) socket.destroy();
      else closeSync(fd);
    },
  };
}
