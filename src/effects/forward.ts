/** Signals that were meant for the command we run. */
import { readFileSync } from 'node:fs';

const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGINT', 'SIGUSR1', 'SIGUSR2'] as const;
/** What the terminal sends to all of its foreground group, us and the command. */
const FROM_KEYS = new Set<string>(['SIGINT', 'SIGQUIT']);

/** Passes signals on to whoever `pids` names, and keeps us alive meanwhile: the command decides what becomes of both. Returns how to end that. */
export function forwardSignals(pids: () => readonly number[]): () => void {
  const listeners = FORWARDED.map((name) => {
    const pass = (): void => {
      if (FROM_KEYS.has(name) && isInForeground()) return;
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

/** Fields 5 and 8 of /proc/PID/stat: our process group, and the one the terminal speaks to. */
function isInForeground(): boolean {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[2] === fields[5];
}
