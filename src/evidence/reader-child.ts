/**
 * Children that read for us what may never answer. A blocked thread of our own could not be left behind: Node joins
 * its thread pool at exit, so the tool would hang with its target. A child can be killed, or abandoned.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { MAX_FILE_BYTES } from './procfs.ts';
import type { ByteString } from './types.ts';

export interface ChildRun {
  /** `timeout`: did not end, or somebody killed it; `big`: wrote over MAX_FILE_BYTES; `failed`: could not be started. */
  ended: 'done' | 'timeout' | 'big' | 'failed';
  output: ByteString;
  errors: ByteString;
  exitCode: number | null;
}

export interface Children {
  /**
   * Runs `program`, one variable in its environment, until performance.now() is `until`. Never rejects.
   * With `onOutput` its output goes there, however much it is, and is not kept; it is given up on where that returns false. `inherited` is descriptor 3 there.
   */
  run(program: string, args: readonly string[], environment: Record<string, string>, until: number, onOutput?: (chunk: Buffer) => unknown, inherited?: number): Promise<ChildRun>;
  /** Nobody waits for answers any more: what runs is given up on, what comes is not started. */
  interrupted(): boolean;
  /** Kills what still runs. True when any child, now or before, had to be given up on. */
  close(): boolean;
}

/** How long a silent pipe is believed to be silent, ms: longer than one turn of the event loop. */
const SILENCE_MS = 25;
/** A deadline is stretched while bytes arrive, at most by this, ms. */
const STRETCH_MS = 1000;
const MAX_ERROR_BYTES = 1024 * 1024;

/** @param signal gives up at once on every child when it is aborted, as the deadline would. */
export function openChildren(signal?: AbortSignal): Children {
  const running = new Map<ChildProcess, () => void>();
  let stuck = false;
  const interrupted = (): boolean => signal?.aborted ?? false;
  signal?.addEventListener('abort', () => {
    for (const giveUp of [...running.values()]) giveUp();
  });

  const killAll = (): void => {
    for (const child of running.keys()) killGroup(child);
  };

  const abandon = (child: ChildProcess): void => {
    stuck = true;
    killGroup(child);
    child.unref();
    child.stdout?.destroy();
    child.stderr?.destroy();
  };

  const run: Children['run'] = (program, args, environment, until, onOutput, inherited) =>
    new Promise((resolve) => {
      // NODE_V8_COVERAGE is copied into every child's environment unless it is named here.
      const env = { ...environment, NODE_V8_COVERAGE: undefined };
      let child: ChildProcess;
      if (interrupted()) {
        resolve({ ended: 'timeout', output: '', errors: '', exitCode: null });
        return;
      }
      try {
        // A group of its own: Ctrl-C at the terminal reaches us first, and we decide what becomes of the child.
        child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe', ...(inherited === undefined ? [] : [inherited])], detached: true });
      } catch {
        resolve({ ended: 'failed', output: '', errors: '', exitCode: null });
        return;
      }
      if (running.size === 0) process.on('exit', killAll);
      // Not a list of chunks: 760 KB of an epoll instance's fdinfo would be there three times until they are collected.
      let output = '';
      const errors: Buffer[] = [];
      let outputBytes = 0;
      let errorBytes = 0;
      let timer: NodeJS.Timeout | undefined;

      const end = (ended: ChildRun['ended']): void => {
        clearTimeout(timer);
        resolve({
          ended,
          output,
          errors: Buffer.concat(errors).toString('latin1'),
          exitCode: child.exitCode,
        });
      };
      const giveUp = (why: 'timeout' | 'big'): void => {
        abandon(child);
        end(why);
      };
      const forget = (): void => {
        if (running.delete(child) && running.size === 0) process.off('exit', killAll);
      };
      // When the main thread was busy past the deadline, timers come before the bytes that waited in the pipe: look twice.
      const watch = (bytesThen: number): void => {
        if (outputBytes === bytesThen || performance.now() > until + STRETCH_MS) giveUp('timeout');
        else timer = setTimeout(watch, SILENCE_MS, outputBytes);
      };

      running.set(child, () => giveUp('timeout'));
      child.stdout?.on('data', (chunk: Buffer) => {
        outputBytes += chunk.length;
        if (onOutput) {
          if (onOutput(chunk) === false) giveUp('big');
          return;
        }
        output += chunk.toString('latin1');
        if (outputBytes > MAX_FILE_BYTES) giveUp('big');
      });
      child.stderr?.on('data', (chunk: Buffer) => {
        errorBytes += chunk.length;
        if (errorBytes <= MAX_ERROR_BYTES) errors.push(chunk);
      });
      child.on('error', () => {
        if (child.pid !== undefined) return;
        forget();
        end('failed');
      });
      child.on('exit', forget);
      child.on('close', () => end(child.signalCode === null ? 'done' : 'timeout'));
      timer = setTimeout(watch, Math.max(0, until - performance.now()), -1);
    });

  return {
    run,
    interrupted,
    close() {
      const wasStuck = stuck || running.size > 0;
      for (const child of running.keys()) abandon(child);
      return wasStuck;
    },
  };
}

/** With what it has started itself: find starts stat. */
function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
