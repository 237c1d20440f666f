/** How long a process has been running. */
import type { Evidence } from '../evidence/types.ts';

/** ms since the machine was started (proc(5) uptime); NaN where that is not told. */
export function uptimeMs(evidence: Evidence): number {
  return Number((evidence.read('/proc/uptime').value ?? '').split(' ')[0]) * 1000;
}

/** ms; null where it cannot be told. Ticks of /proc/PID/stat are hundredths of a second on all machines that we know. */
export function ageOf(startTime: string, upMs: number): number | null {
  const age = upMs - Number(startTime) * 10;
  return Number.isFinite(age) ? Math.max(0, Math.round(age)) : null;
}
