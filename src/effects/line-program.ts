/**
 * A program of our own that does what may never return, and tells of it line by line. It is given up on when it is silent for too long
 * or does not heed a signal: calls into a dead file system end with SIGKILL only, and in our own threads would end with us.
 */
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface LineProgram {
  file: string;
  args: readonly string[];
  /** Aborted: it is told to end, by the end of its standard input. */
  signal: AbortSignal;
  /** How long it may say nothing, ms. */
  silenceMs: number;
  /** How long it may take to end after the signal, ms. */
  endMs: number;
  onLine(line: string): void;
}

/** Hooks and settings of whoever runs us (a test runner, a debugger) are none of its. */
const NOT_PASSED_ON = { NODE_OPTIONS: undefined, NODE_EXTRA_CA_CERTS: undefined, NODE_V8_COVERAGE: undefined };

/** It could not be started, for this errno. */
export interface NotStarted {
  failed: string;
}

/** `done`: it ended by itself; `silent`, `stopped`: it was given up on. Never rejects. */
export function runLines({ file, args, signal, silenceMs, endMs, onLine }: LineProgram): Promise<'done' | 'silent' | 'stopped' | NotStarted> {
  return new Promise((resolve) => {
    // A group of its own: Ctrl-C at the terminal reaches us first.
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true, env: { ...process.env, ...NOT_PASSED_ON } });
    // Without descriptors for them it has no pipes: `error` comes a moment later.
    if (!child.pid) {
      child.on('error', (error) => resolve(notStarted(error)));
      return;
    }
    child.stdin.on('error', () => undefined);
    const lines = createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY });
    let timer: NodeJS.Timeout | undefined;
    const end = (how: 'done' | 'silent' | 'stopped' | NotStarted): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      // Closing the lines comes back here: what was said first counts.
      resolve(how);
      lines.close();
    };
    const giveUp = (how: 'silent' | 'stopped'): void => {
      child.kill('SIGKILL');
      // What hangs in the kernel may outlive even that for a while: nobody waits for it.
      child.unref();
      child.stdout.destroy();
      child.stdin.destroy();
      end(how);
    };
    const patience = (): void => {
      clearTimeout(timer);
      timer = signal.aborted ? setTimeout(giveUp, endMs, 'stopped') : setTimeout(giveUp, silenceMs, 'silent');
    };
    function stop(): void {
      child.stdin.end();
      patience();
    }
    lines.on('line', (line) => {
      if (!signal.aborted) patience();
      onLine(line);
    });
    lines.on('close', () => end('done'));
    child.on('error', (error) => end(notStarted(error)));
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    else patience();
  });
}

function notStarted(error: NodeJS.ErrnoException): NotStarted {
  return { failed: error.code ?? 'EIO' };
}

/** The other side: a line to whoever started this program; and a signal that comes when that one ends or closes our input. */
export function tellLine(line: string): void {
  writeSync(1, `${line}\n`);
}

export function inputEnd(): AbortSignal {
  const controller = new AbortController();
  process.stdin.on('end', () => controller.abort()).on('error', () => controller.abort()).resume();
  // It keeps nobody from ending.
  (process.stdin as { unref?: () => void }).unref?.();
  return controller.signal;
}
