/** The built reloadctl as a running process, for what happens to it while it looks. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { plainEnv } from '../../live/support/child.ts';
import { childrenOf } from '../../live/support/kernel.ts';
import { until } from '../../live/support/until.ts';

export const BINARY = fileURLToPath(new URL('../../../bin/reloadctl.js', import.meta.url));

/** Longer than Node ever rests on its way, much shorter than that wait. */
const REST_MS = 150;

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

/** `wanted` descriptors, or as many as many-fds.mjs can hold here. */
export function manyDescriptors(wanted: number): number {
  const limit = Number(/Max open files\s+\d+\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? Infinity);
  return Math.min(wanted, limit - 100);
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

/** What the main thread has run so far, ns; undefined while it runs or may run. */
function restingAt(pid: number): string | undefined {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.[0];
    return state === 'S' ? readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[0] : undefined;
  } catch {
    return undefined;
  }
}

/** Waits until it has rested for a while without a reader: of a target with suspicious sockets that is the wait for a second look. */
export async function untilSecondLook({ pid }: Pick<Started, 'pid'>): Promise<void> {
  let last: string | undefined;
  let since = 0;
  await until(
    () => {
      const now = readers(pid).length === 0 ? restingAt(pid) : undefined;
      if (now === undefined || now !== last) since = performance.now();
      last = now;
      return now !== undefined && performance.now() - since > REST_MS;
    },
    { what: 'reloadctl to wait for its second look' },
  );
}
