/** What a replayed trace tells. Times are ns since its start. */
import type { Frame } from '../../kernel/goroutines.ts';

export type GoState = 'runnable' | 'running' | 'syscall' | 'waiting';

export interface Traced {
  id: number;
  state: GoState;
  /** ns since the start of the trace. */
  since: number;
  /** Why it waits, as the runtime says in traces. */
  reason: string;
  /** Where it waits; empty where the trace does not tell. */
  stack: Frame[];
  /** It was started while it was traced. */
  creator?: Frame[];
  start?: Frame;
}

export interface Blocked {
  reason: string;
  stack: Frame[];
  count: number;
  ns: number;
}

export interface StopTheWorld {
  kind: string;
  atNs: number;
  ns: number;
}

export interface Replayed {
  version: number;
  cut: boolean;
  /** How often it contradicts itself, and the first time in words. */
  damage: { count: number; first: string | undefined };
  durationNs: number;
  events: number;
  created: number;
  ended: number;
  /** Those that live at the end. */
  living: Traced[];
  /** Waits that ended, by reason and place, longest first. */
  blocked: Blocked[];
  stops: StopTheWorld[];
  /** ns that goroutines waited for a processor: how many, sum, and all in ascending order (at most so many as are kept). */
  runnable: { count: number; ns: number; sorted: Float64Array };
}
