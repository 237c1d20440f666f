/** Signals that were meant for the command we run. */
import { closeSync, readFileSync } from 'node:fs';

const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGINT', 'SIGUSR1', 'SIGUSR2'] as const;
/** What the terminal sends to all of its foreground group, us and the command. */
const FROM_KEYS = new Set<string>(['SIGINT', 'SIGQUIT']);

/** Passes signals on to whoever `pids` names, and keeps us alive meanwhile: the command decides what becomes of both. Returns how to end that. */
export function forwardSignals(pids: () => readonly number[]): () => void {
  let isHungUp = false;
  const listeners = FORWARDED.map((name) => {
    const pass = (): void => {
      if (FROM_KEYS.has(name) && isInForeground()) return;
      if (name === 'SIGHUP') {
        if (isHungUp) return;
        isHungUp = true;
        process.once('exit', closeTerminal);
        if (hangUpGroup()) return;
      }
      for (const pid of pids()) {
        try {
          process.kill(pid, name);
        } catch {
          // It has just ended.
        }
      }
    };
    process.on(name, pass);
    return () => process.off(name, pass);
  });
  return () => {
    for (const end of listeners) end();
  };
}

/** Children of the first thread of a process; none where the kernel does not tell (CONFIG_PROC_CHILDREN). */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter((word) => word !== '').map(Number);
  } catch {
    return [];
  }
}

/** Our process group, and the one the terminal speaks to. */
function isInForeground(): boolean {
  const { group, foreground } = ownPlace();
  return group === foreground;
}

/**
 * Of a terminal that closes only the first process of its session is told, which ends, and with it the kernel ends the group. Where that is us (tmux, ssh -t),
 * and we go on until the command has ended, we do it. False where others are told themselves.
 */
function hangUpGroup(): boolean {
  const { group, session } = ownPlace();
  if (session !== process.pid || group !== process.pid) return false;
  process.kill(-group, 'SIGHUP');
  return true;
}

/** Node aborts where it cannot set back a terminal that is gone (node::ResetStdio). */
function closeTerminal(): void {
  for (const fd of [0, 1, 2]) {
    try {
      closeSync(fd);
    } catch {
      // It was closed before.
    }
  }
}

/** Fields 5, 6 and 8 of /proc/PID/stat. */
function ownPlace(): { group: number; session: number; foreground: number } {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number);
  return { group: fields[2]!, session: fields[3]!, foreground: fields[5]! };
}
