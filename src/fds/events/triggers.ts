/** What makes the events: a command of the user's, or the user with the Enter key. */
import type { Readable } from 'node:stream';
import { runShellCommand } from '../../effects/shell-command.ts';
import { duration } from '../../report/words.ts';

export interface Triggered {
  ok: boolean;
  exitCode: number | null;
  durationMs: number;
  /** Why it is not ok, for people. */
  problem?: string;
}

export interface Trigger {
  /** Resolves after the next event; undefined when there are no more, or `signal` came. */
  next(signal: AbortSignal): Promise<Triggered | undefined>;
  close(): void;
}

/** One run of `command` by sh per event. One that takes longer than `timeoutMs` is killed with all its children, and is not ok. */
export function commandTrigger(command: string, timeoutMs: number): Trigger {
  return {
    async next(signal) {
      const run = await runShellCommand(command, { timeoutMs, signal });
      const durationMs = Math.round(run.durationMs);
      if (run.ended === 'stopped') return undefined;
      if (run.ended === 'done' && run.exitCode === 0) return { ok: true, exitCode: 0, durationMs };
      return { ok: false, exitCode: run.exitCode, durationMs, problem: problemOf(run.ended, run.exitCode, timeoutMs, run.problem) };
    },
    close: () => undefined,
  };
}

function problemOf(ended: string, exitCode: number | null, timeoutMs: number, problem: string | undefined): string {
  if (ended === 'timeout') return `the command did not end in ${duration(timeoutMs)} and was killed (--event-timeout)`;
  if (ended === 'failed') return `the command could not be started: ${problem ?? 'no reason given'}`;
  return exitCode !== null && exitCode > 128 ? `the command was ended by signal ${exitCode - 128}` : `the command ended with exit code ${exitCode}`;
}

/** One event per line of `input`. */
export function markTrigger(input: Readable): Trigger {
  let lines = 0;
  let over = false;
  let wake: () => void = () => undefined;
  const onData = (chunk: Buffer | string): void => {
    lines += String(chunk).split('\n').length - 1;
    wake();
  };
  const onEnd = (): void => {
    over = true;
    wake();
  };
  input.on('data', onData).on('end', onEnd).on('error', onEnd);
  return {
    async next(signal) {
      const stop = (): void => wake();
      signal.addEventListener('abort', stop);
      while (lines === 0 && !over && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
      signal.removeEventListener('abort', stop);
      if (lines === 0 || signal.aborted) return undefined;
      lines--;
      return { ok: true, exitCode: null, durationMs: 0 };
    },
    // An input that stays open would keep us alive.
    close: () => void input.destroy(),
  };
}
