/** Who is there still: when the command has ended, or when its time is over. */
import type { Evidence } from '../evidence/types.ts';
import { callName } from '../kernel/proc/call-names.ts';
import { parseSyscall } from '../kernel/proc/syscall.ts';
import { readProcess } from '../kernel/process.ts';
import { commandOf, listensOf } from './look.ts';
import type { LeftEvent, TimeoutEvent } from './model.ts';

/** As `uname -m` says it. */
const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

export async function leftEvents(evidence: Evidence, pids: readonly number[], afterMs: number): Promise<LeftEvent[]> {
  const events: LeftEvent[] = [];
  for (const pid of pids) {
    const process = readProcess(evidence, pid);
    if (process && process.state !== 'Z') events.push({ type: 'left', process, command: commandOf(evidence, process), listens: await listensOf(evidence, process), afterMs });
  }
  return events;
}

export async function timeoutEvent(evidence: Evidence, pids: readonly number[], timeoutMs: number): Promise<TimeoutEvent> {
  const processes: TimeoutEvent['processes'] = [];
  for (const pid of pids) {
    const process = readProcess(evidence, pid);
    if (!process || process.state === 'Z') continue;
    const call = parseSyscall(evidence.read(`/proc/${pid}/syscall`).value ?? '');
    const waitsFor = call && call !== 'running' ? callName(call.number, MACHINE) : call === 'running' ? 'its own code' : '';
    processes.push({ process, command: commandOf(evidence, process), waitsFor, listens: await listensOf(evidence, process) });
  }
  return { type: 'timeout', timeoutMs, processes };
}
