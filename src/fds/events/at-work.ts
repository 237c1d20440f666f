/** Whether a process is still busy with what it was told: where processors are scarce, that takes longer than its table stands still. */
import type { Evidence } from '../../evidence/types.ts';
import { parseSignals } from '../../kernel/proc/signals.ts';
import { parseStat } from '../../kernel/proc/stat.ts';

/** Of servers with thousands of threads the first ones tell enough: where they are at rest, the others have been for long. */
const MOST_THREADS = 64;

/**
 * A signal that waits for it and that it does not block, or a thread that runs, waits for a processor (R) or for a disk (D).
 * False also of a process that may not be asked, or has gone: then nothing can be waited for.
 */
export function isAtWork(evidence: Evidence, pid: number): boolean {
  const masks = parseSignals(evidence.read(`/proc/${pid}/status`).value ?? '');
  if (masks && (masks.pending & ~masks.blocked) !== 0n) return true;
  const tids = evidence.list(`/proc/${pid}/task`).value ?? [];
  return tids.slice(0, MOST_THREADS).some((tid) => {
    const state = parseStat(evidence.read(`/proc/${pid}/task/${tid}/stat`).value ?? '')?.state;
    return state === 'R' || state === 'D';
  });
}
