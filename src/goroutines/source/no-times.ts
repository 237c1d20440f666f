/** Waiting times that nobody knows are no short ones. */
import type { Coverage } from '../../report/index.ts';
import { duration } from '../../report/words.ts';

/** Younger ones have none that were worth telling. */
const LEAST_AGE_MS = 120_000;

/**
 * The runtime notes since when a goroutine waits in collections only (runtime/mgcmark.go), and a program that allocates less than 4 MiB makes
 * none: the one every two minutes comes after a first (runtime/proc.go, gcTriggerTime). @param ageMs of the process
 */
export function noTimes(pid: number, { hasTimes, read }: { hasTimes: boolean; read: number }, ageMs: number | null): Coverage[] {
  if (hasTimes || read === 0 || (ageMs ?? 0) < LEAST_AGE_MS) return [];
  return [{ source: `/proc/${pid}/mem (waiting times)`, status: 'partial', detail: `not known: no collection of garbage has seen a goroutine wait yet; the process runs for ${duration(ageMs!)}, and any of them may have waited so long`, needed: false }];
}
