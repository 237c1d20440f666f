/** What nginx and redis have in common: a free port, readiness, the end. */
import { connect, createServer } from 'node:net';
import { type Child, startChild } from './child.ts';
import { findProgram } from './need.ts';
import { until } from './until.ts';

type Arguments = (port: number) => string[];

const ATTEMPTS = 5;

export interface Service {
  /** Main process: the master of nginx. */
  pid: number;
  port: number;
  dir: string;
  child: Child;
  stop(): Promise<void>;
}

/** A loopback port nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.on('connect', () => answer(true)).on('error', () => answer(false));
  });
}

/**
 * Starts a server in the foreground on a free port and waits until it accepts. `arguments_` gets the port; another port is
 * tried when somebody took it meanwhile. The server gets `end` when the test ends, and when the test process dies.
 */
export async function startService(name: string, dir: string, end: 'TERM' | 'INT', arguments_: Arguments): Promise<Service> {
  const program = findProgram(name);
  if (!program) throw new Error(`${name} is not installed`);
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    // Not to outlive us.
    const child = await startChild('setpriv', ['--pdeathsig', end, program, ...arguments_(port)], { cwd: dir, end: `SIG${end}` });
    let over = false;
    void child.ended.then(() => {
      over = true;
    });
    await until(async () => over || (await accepts(port)), { what: `${name} to accept on ${port}` });
    if (!over) return { pid: child.pid, port, dir, child, stop: () => child.stop() };
    if (attempt === ATTEMPTS) throw new Error(`${name} does not start: ${child.stderr()}`);
  }
}
