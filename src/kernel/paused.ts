/** Does a process run at all? One that was stopped, traced or frozen goes on later, and its waits have lasted for no time of its own. */
import type { Evidence } from '../evidence/types.ts';
import { parseStat } from './proc/stat.ts';

export interface Paused {
  /** `stopped`: SIGSTOP and its like; `traced`: a debugger holds it; `frozen`: its control group (docker pause, systemctl freeze). */
  how: 'stopped' | 'traced' | 'frozen';
  /** Of its threads; those in the middle of a call into the kernel follow when they leave it. */
  held: number;
  threads: number;
}

const MOST_THREADS = 512;
const ENDED = new Set(['Z', 'X']);

/** Undefined for a process that runs, or whose threads may not be looked at. Class A questions only (fs/proc/array.c task_state_array). */
export function pausedOf(evidence: Evidence, pid: number): Paused | undefined {
  const tids = (evidence.list(`/proc/${pid}/task`).value ?? []).slice(0, MOST_THREADS);
  const states = tids.flatMap((tid) => parseStat(evidence.read(`/proc/${pid}/task/${tid}/stat`).value ?? '')?.state ?? []).filter((state) => !ENDED.has(state));
  const stopped = states.filter((state) => state === 'T').length;
  const held = stopped + states.filter((state) => state === 't').length;
  // Between the freezer and a thread that waits nothing tells the difference but the control group.
  if (isFrozen(evidence, pid)) return { how: 'frozen', held: states.length, threads: states.length };
  return held === 0 ? undefined : { how: stopped > 0 ? 'stopped' : 'traced', held, threads: states.length };
}

/** Does none of it get on? A tracer may hold some of its threads, stops and freezers take them all. */
export function standsStill({ how, held, threads }: Paused): boolean {
  return how !== 'traced' || held === threads;
}

/** Files of the control group that say so, of both versions of the kernel's interface. */
function isFrozen(evidence: Evidence, pid: number): boolean {
  for (const line of (evidence.read(`/proc/${pid}/cgroup`).value ?? '').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined || path.split('/').includes('..')) continue;
    const below = path === '/' ? '' : path;
    const events = controllers === '' ? ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'] : [];
    if (events.some((root) => /^frozen 1$/m.test(evidence.read(`${root}${below}/cgroup.events`).value ?? ''))) return true;
    if (controllers.split(',').includes('freezer') && (evidence.read(`/sys/fs/cgroup/freezer${below}/freezer.state`).value ?? '').trim() === 'FROZEN') return true;
  }
  return false;
}
