/** The process of the demo's server: started, asked what it planted, and gone at the end, with its folder, whatever happens. */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../kernel/user-error.ts';
import { ownProgram } from '../package-files.ts';
import { FOLDER, type Planted, type ServerMessage } from './protocol.ts';

/** Writing 20 MiB on a slow disk takes its time. */
const START_MS = 30_000;
/** How long the server may take to end by itself. */
const END_MS = 2000;
/** Hooks and settings of whoever runs us (a test runner, a debugger) are none of the server's. */
const notPassedOn = { NODE_OPTIONS: undefined, NODE_EXTRA_CA_CERTS: undefined, NODE_V8_COVERAGE: undefined };

export interface DemoServer {
  pid: number;
  planted: Planted;
  /** Ends it and removes its folder. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Resolves when everything is planted; undefined when `signal` came first. Throws UserError (exit 3) when the server cannot start
 * or plant. Nothing is left behind in either case.
 */
export async function startServer(signal: AbortSignal): Promise<DemoServer | undefined> {
  const { execa } = await import('execa');
  const { file, args } = ownProgram('demo-server');
  // Made by the server: between a folder made here and a server started after it, our death would leave the folder.
  const folder = join(tmpdir(), FOLDER + randomUUID());
  // In a session of its own: Ctrl-C and the end of the terminal come to us, and the server learns of our end from its stdin.
  const child = execa(file, [...args, folder], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'ignore',
    env: notPassedOn,
    detached: true,
    buffer: false,
    reject: false,
  });
  child.stdin.on('error', () => undefined);
  const ended = child.then(() => undefined);
  const stop = async (): Promise<void> => {
    child.stdin.end();
    if (!(await within(ended, END_MS))) child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const line = await firstLine(child.stdout, ended, signal);
    if (line === undefined && signal.aborted) {
      await stop();
      return undefined;
    }
    return { pid: child.pid!, planted: plantedOf(line), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Undefined when the server ends, the time is over, or `signal` comes. */
async function firstLine(stream: NodeJS.ReadableStream, ended: Promise<void>, signal: AbortSignal): Promise<string | undefined> {
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  const giveUp = (): void => lines.close();
  const timer = setTimeout(giveUp, START_MS);
  signal.addEventListener('abort', giveUp);
  // One that could not even be started may leave a stream that never ends.
  void ended.then(giveUp);
  if (signal.aborted) giveUp();
  try {
    return await new Promise((resolve) => lines.once('line', resolve).once('close', () => resolve(undefined)));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
    lines.close();
    // A paused pipe would keep us from seeing the end of the server.
    stream.resume();
  }
}

function plantedOf(line: string | undefined): Planted {
  const message = line === undefined ? { error: 'it ended, or took too long' } : (JSON.parse(line) as ServerMessage);
  if ('planted' in message) return message.planted;
  throw new UserError(`the server of the demo could not start: ${message.error}`, {
    exitCode: 3,
    hints: [`it needs 20 MiB in ${tmpdir()}, 200 descriptors (ulimit -n) and the address 127.0.0.1`],
  });
}

async function within(promise: Promise<void>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const late = delay(ms, false, { signal: timer.signal }).catch(() => false);
  const done = await Promise.race([promise.then(() => true), late]);
  timer.abort();
  return done;
}
