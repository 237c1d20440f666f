/** Connections that were turned away as an accept queue was full, in the network namespace of a process. */
import type { Evidence } from '../evidence/types.ts';
import { parseListenCounters } from '../kernel/proc/netstat.ts';

export function overflowsAt(evidence: Evidence, pid: number): number | null {
  return parseListenCounters(evidence.read(`/proc/${pid}/net/netstat`).value ?? '')?.listenOverflows ?? null;
}

export function difference(before: number | null, now: number | null): number | null {
  return before === null || now === null ? null : now - before;
}
