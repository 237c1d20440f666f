/** The built reloadctl as a running process, for what happens to it while it looks. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { plainEnv } from '../../live/support/child.ts';
import { childrenOf } from '../../live/support/kernel.ts';
import { until } from '../../live/support/until.ts';

export const BINARY = fileURLToPath(new URL('../../../bin/reloadctl.js', import.meta.url));

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** performance.now() of its end. */
  at: number;
}

export interface Started {
  pid: number;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it has ended and its output is read; SIGKILL after 30 s. */
  ended: Promise<Ended>;
}

export function startReloadctl(args: (string | number)[], env: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(process.execPath, [BINARY, ...args.map(String)], { stdio: ['ignore', 'pipe', 'pipe'], env: plainEnv(env) });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    texts.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    texts.stderr += chunk;
  });
  const last = setTimeout(() => child.kill('SIGKILL'), 30_000);
  const ended = once(child, 'close').then(([code, signal]): Ended => {
    clearTimeout(last);
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, ...texts, at: performance.now() };
  });
  return { pid: child.pid as number, kill: (signal) => void child.kill(signal), ended };
}

function readers(pid: number): number[] {
  try {
    return childrenOf(pid);
  } catch {
    return [];
  }
}

/** Waits until it has children that read for it: links are read by then, and the slow part is under way. */
export async function untilReading({ pid }: Started): Promise<void> {
  await until(() => readers(pid).length > 0, { what: 'reloadctl to start a reader' });
}

/** Waits until its readers have ended: what follows, of a process with suspicious sockets, is the wait for a second look. */
export async function untilSecondLook(started: Started): Promise<void> {
  await untilReading(started);
  await until(() => readers(started.pid).length === 0, { what: 'the readers of reloadctl to end' });
}
