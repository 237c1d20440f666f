/** A command of the user's own, run by the shell, with a time limit, and nothing of it left running when it is given up on. */
import { spawn } from 'node:child_process';

export interface CommandRun {
  /** `done`: it ended by itself; `timeout`, `stopped`: we ended it; `failed`: no shell could be started. */
  ended: 'done' | 'timeout' | 'stopped' | 'failed';
  /** As a shell tells it: 128 and more after a signal, 127 for a command that is not there; null when it did not end by itself. */
  exitCode: number | null;
  durationMs: number;
  /** Why no shell could be started. */
  problem?: string;
}

export interface CommandLimits {
  timeoutMs: number;
  /** Aborted: the command is ended. */
  signal: AbortSignal;
}

/**
 * The first shell leads a process group. Its second child waits at a pipe that only we hold open: when we are gone, whatever ended
 * us, it ends the group. What the command itself leaves in the background (a restarted server) stays when the command ends.
 */
const GUARDED = `
/bin/sh -c "$1" 3<&- &
command=$!
{ read -r _ <&3; kill -KILL -$$; } &
guard=$!
exec 3<&-
wait "$command"
code=$?
kill -KILL "$guard"
exit "$code"
`;
/** How long it may take to end after SIGTERM, ms. */
const GRACE_MS = 500;

/** Runs `command` by /bin/sh -c. It reads nothing; all it writes goes to our stderr. Never rejects. */
export function runShellCommand(command: string, { timeoutMs, signal }: CommandLimits): Promise<CommandRun> {
  const started = performance.now();
  return new Promise((resolve) => {
    // A group of its own: Ctrl-C at the terminal reaches us, and we decide what becomes of the command.
    const child = spawn('/bin/sh', ['-c', GUARDED, 'sh', command], { stdio: ['ignore', 2, 2, 'pipe'], detached: true });
    // Without descriptors for its pipes it has none of them, not even `stdio`, and `error` comes a moment later.
    const [, , , pipe] = child.pid === undefined ? [] : child.stdio;
    let ended: CommandRun['ended'] = 'done';
    let killer: NodeJS.Timeout | undefined;

    const killGroup = (name: NodeJS.Signals): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, name);
      } catch {
        // Nobody of the group is left: that is what was wanted.
      }
    };
    const end = (why: 'timeout' | 'stopped'): void => {
      if (ended !== 'done') return;
      ended = why;
      killGroup('SIGTERM');
      killer = setTimeout(killGroup, GRACE_MS, 'SIGKILL');
    };
    const onAbort = (): void => end('stopped');
    const timer = setTimeout(end, timeoutMs, 'timeout');
    const finish = (run: Omit<CommandRun, 'durationMs'>): void => {
      clearTimeout(timer);
      clearTimeout(killer);
      signal.removeEventListener('abort', onAbort);
      pipe?.destroy();
      resolve({ ...run, durationMs: performance.now() - started });
    };

    pipe?.on('error', () => undefined);
    child.on('error', (error) => {
      if (child.pid === undefined) finish({ ended: 'failed', exitCode: null, problem: problemOf(error) });
    });
    child.on('exit', (code) => {
      // The shell heeds SIGTERM, and what it started may not.
      if (ended !== 'done') killGroup('SIGKILL');
      finish({ ended, exitCode: ended === 'done' ? code : null });
    });
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
}

function problemOf(error: NodeJS.ErrnoException): string {
  return error.code === 'EMFILE' ? 'we have no descriptors left for its pipe (EMFILE): ulimit -n is too low here' : error.message;
}
