/** Puts a terminal back when we cannot any more: a shell that waits for our end, in a session of its own, which no signal of the terminal reaches. */
import { spawn } from 'node:child_process';

/** Back from the other screen, cursor shown, colours as usual. */
export const RESTORE = '\x1b[0m\x1b[?25h\x1b[?1049l';

export interface TerminalGuard {
  /** The terminal is as it was: nothing is left to be done. */
  disarm(): void;
}

/** What the terminal was set to is put back too: keys may have been read one by one. */
const PROGRAM = `saved=$(stty -g <&3 2>/dev/null)
echo ready
cat >/dev/null
[ -n "$saved" ] && stty "$saved" <&3
printf '\\033[0m\\033[?25h\\033[?1049l' >&3`;

/** @param fd of the terminal. Resolves when it is on guard, or could not be started: then only a kill -9 leaves the screen as it was. */
export async function guardTerminal(fd: number): Promise<TerminalGuard> {
  const child = spawn('/bin/sh', ['-c', PROGRAM], { detached: true, stdio: ['pipe', 'pipe', 'ignore', fd] });
  child.on('error', () => undefined);
  child.stdin?.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    child.stdout?.once('data', () => resolve());
    child.once('error', () => resolve()).once('exit', () => resolve());
  });
  child.stdout?.destroy();
  child.unref();
  // A handle of its own would keep us alive.
  (child.stdin as unknown as { unref?(): void } | null)?.unref?.();
  return { disarm: () => void child.kill('SIGKILL') };
}
