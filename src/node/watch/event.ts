import type { Process } from '../../kernel/types.ts';
import type { GroupTrend } from '../../series/index.ts';

/** The kind of what is open without a handle. */
export const DESCRIPTOR = 'other:descriptor';

export interface HandleTrend extends GroupTrend {
  kind: string;
  by: string;
  key: string;
  /** Of timers that fire once: the longest delay, ms. */
  delayMs?: number;
}

/** What a watch of the handles of one process saw: the event that growth rules observe. */
export interface NodeTrends {
  type: 'node-trends';
  process: Process;
  major: number;
  windowMs: number;
  samples: number;
  groups: HandleTrend[];
}
