import type { Process } from '../../kernel/types.ts';

/** Descriptors of one process against its RLIMIT_NOFILE. The kernel bounds the number of a new descriptor, not how many there are. */
export interface Use {
  process: Process;
  /** Numbers below the soft limit that are taken; without a list of them, the count of open descriptors. */
  used: number;
  open: number;
  soft: number;
  ratio: number;
  highest?: number;
}

/** How many of these numbers are below the soft limit: a new descriptor takes one of the others. */
export function countBelow(numbers: Iterable<number>, soft: number | null): number {
  let below = 0;
  for (const number of numbers) if (soft === null || number < soft) below++;
  return below;
}
