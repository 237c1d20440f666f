/** Reads what /proc says of one process, class A questions only. */
import type { Evidence } from '../evidence/types.ts';
import { parseCgroup } from './proc/cgroup.ts';
import { parseOpenFilesLimit } from './proc/limits.ts';
import { parseStat } from './proc/stat.ts';
import { parseStatus } from './proc/status.ts';
import type { Process } from './types.ts';

/** The identity of a process: pids are used again, a pid with its start time is not. */
export interface Pinned {
  pid: number;
  startTime: string;
}

/** Null when there is no such process (any more). */
export function readProcess(evidence: Evidence, pid: number): Process | null {
  const base = `/proc/${pid}`;
  const stat = parseStat(evidence.read(`${base}/stat`).value ?? '');
  if (!stat) return null;
  const status = parseStatus(evidence.read(`${base}/status`).value ?? '');
  const limit = parseOpenFilesLimit(evidence.read(`${base}/limits`).value ?? '');
  const exe = evidence.readlink(`${base}/exe`).value;
  const netns = evidence.readlink(`${base}/ns/net`).value?.slice(5, -1);
  const threads = status?.threads ?? 0;
  const origin = parseCgroup(evidence.read(`${base}/cgroup`).value ?? '');
  return {
    pid,
    ppid: stat.ppid,
    startTime: stat.startTime,
    comm: stat.comm,
    ...(exe !== undefined && { exe }),
    state: stat.state,
    kernelThread: stat.kernelThread,
    uid: status?.uid ?? -1,
    threads,
    fdSize: status?.fdSize ?? 0,
    open: isHeadless({ state: stat.state, threads }) ? null : countOpen(evidence, pid, () => stat.kernelThread || stat.state === 'Z'),
    limit: limit ?? { soft: null, hard: null },
    ...(!limit && { limitUnknown: true }),
    ...(netns !== undefined && { netns }),
    ...(origin && { origin }),
  };
}

/** Its main thread has ended while others go on: the table lives with them, and /proc/PID/fd shows nothing. */
export function isHeadless({ state, threads }: Pick<Process, 'state' | 'threads'>): boolean {
  return state === 'Z' && threads > 1;
}

/**
 * How many descriptors are open: st_size of fd/ says so since Linux 6.2 (commit f1f1f2569901) and needs no privilege.
 * Before, it is 0 and the directory must be read, which does. Null when neither works.
 * `hasNone` is asked where the size is 0: is it a process that has no table?
 */
export function countOpen(evidence: Evidence, pid: number, hasNone: () => boolean): number | null {
  const size = evidence.size(`/proc/${pid}/fd`);
  if (size.value) return size.value;
  if (hasNone()) return 0;
  const listed = evidence.list(`/proc/${pid}/fd`).value;
  if (listed) return listed.length;
  // Where we are told of our own, which are never none, 0 is a count: `(sd-pam)` closes all of its descriptors.
  return size.value === 0 && evidence.size('/proc/self/fd').value ? 0 : null;
}

/** Does /proc call a process so? */
export function isPid(name: string): boolean {
  return /^\d+$/.test(name);
}

/** All pids, ascending; on a host with hidepid only those we may see. */
export function listPids(evidence: Evidence): number[] {
  const names = evidence.list('/proc').value ?? [];
  return names.filter(isPid).map(Number).sort((a, b) => a - b);
}

/** Is the process we began with still the one behind its pid? */
export function stillThere(evidence: Evidence, { pid, startTime }: Pinned): 'same' | 'gone' | 'reused' {
  const stat = parseStat(evidence.read(`/proc/${pid}/stat`).value ?? '');
  if (!stat || stat.exiting || stat.state === 'Z' || stat.state === 'X') return 'gone';
  return stat.startTime === startTime ? 'same' : 'reused';
}
