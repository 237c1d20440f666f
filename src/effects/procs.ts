/** The processes of a command under strace, as /proc tells them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Processes that `tracer` traces, ascending. */
export function tracedBy(tracer: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => new RegExp(`^TracerPid:\\t${tracer}$`, 'm').test(statusOf(pid)))
    .sort((a, b) => a - b);
}

/** Its process and parent: a thread has a folder of its own, which is not listed. */
export function processOf(tid: number): { pid: number; ppid: number } | undefined {
  const status = statusOf(tid);
  const pid = /^Tgid:\t(\d+)$/m.exec(status)?.[1];
  const ppid = /^PPid:\t(\d+)$/m.exec(status)?.[1];
  return pid === undefined || ppid === undefined ? undefined : { pid: Number(pid), ppid: Number(ppid) };
}

/** Field 3 of /proc/PID/stat; undefined when there is none. */
export function stateOf(pid: number): string | undefined {
  return statOf(pid)?.[0];
}

/** Field 4. */
export function parentOf(pid: number): number | undefined {
  const parent = statOf(pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** Field 22: pids are used again. */
export function startTimeOf(pid: number): string | undefined {
  return statOf(pid)?.[19];
}

/** What stands behind the name, which may hold anything. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}

export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended.
    }
  }
}

/** What it runs; undefined when it has ended. */
export function programOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}
