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
  /** It was seen to run: what came before is left out of sums, as `go tool trace` leaves it out. */
  ran: boolean;
}

export interface Sum {
  count: number;
  ns: number;
}

/** What `go tool trace -pprof=KIND` makes profiles of (cmd/trace/pprof.go): times that ended within the trace, of goroutines that had run before. */
export interface Sums {
  /** Waits for channels, selects, locks. */
  sync: Sum;
  network: Sum;
  syscall: Sum;
  /** Able to run, and waiting for a processor. */
  sched: Sum;
}

export interface Latencies extends Sum {
  maxNs: number;
  /** ns than which `part` of them (0 to 1) are shorter. */
  at(part: number): number;
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
  /** Time in system calls that ended, by place, longest first. */
  syscalls: Blocked[];
  sums: Sums;
  stops: StopTheWorld[];
  /** How long goroutines waited for a processor, the first time of each left out. */
  runnable: Latencies;
  /** How long new ones waited to run for the first time. */
  toStart: Latencies;
}
