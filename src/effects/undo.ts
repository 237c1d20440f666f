/** What takes an effect back when we are gone, kill -9 included: a shell that waits at a pipe which only we hold open. */
import { spawn } from 'node:child_process';

export interface Undo {
  /** All was taken back, or nothing was done: the guard ends without doing anything. Safe to call twice. */
  done(): void;
  /** Let the guard take it back now, and go on without it. */
  takeBack(): void;
}

const GUARD = 'read -r answer; [ "$answer" = done ] || exec "$@"';

/**
 * Starts the guard, before the effect. At the end of the pipe it becomes `file` with `args`, which takes the effect back; it costs
 * no more than a shell until then. Throws when no shell can be started: then nothing may be done either.
 */
export async function openUndo(file: string, args: readonly string[]): Promise<Undo> {
  // A group of its own: Ctrl-C at the terminal and a killed process group must not end the guard with us.
  const guard = spawn('/bin/sh', ['-c', GUARD, 'sh', file, ...args], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, cwd: '/' });
  await new Promise<void>((resolve, reject) => guard.once('spawn', resolve).once('error', reject));
  guard.stdin?.on('error', () => undefined);
  // It must outlive us, never hold us.
  guard.unref();
  let over = false;
  const end = (answer: string): void => {
    if (over) return;
    over = true;
    guard.stdin?.end(answer);
  };
  return { done: () => end('done\n'), takeBack: () => end('') };
}
