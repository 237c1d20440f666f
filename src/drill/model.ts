/** What a drill saw: the event that the rules of this wing judge. */
import type { Census } from './census.ts';
import type { DestroyedSeen } from './destroyed.ts';
import type { Load } from './load/index.ts';
import type { Endpoint } from './load/types.ts';
import type { DrillOptions } from './options.ts';

export interface ReloadSeen {
  /** From 1. */
  index: number;
  /** ms since the control window began. */
  atMs: number;
  happened: boolean;
  /** What shows it, or why it cannot be said. */
  what: string;
  /** Until the new generation answered a new connection, and until nothing of the old one was left, ms; null: not seen. */
  answersMs: number | null;
  tookMs: number | null;
  /** Who was signalled, and who serves afterwards. */
  pid: number | null;
  newPid: number | null;
  listener: 'kept' | 'changed' | 'unknown';
  /** Sockets of the old and of the new generation listened at once, or one of several was closed: SO_REUSEPORT. */
  overlap: boolean;
  /** Processes of the generation before that did not go in time. */
  stayed: { pid: number; comm: string; startTime: string }[];
  /** Of configurations: until the change was first seen, and until nothing but it was; how often what was before came back. */
  visibleMs: number | null;
  stableMs: number | null;
  wentBack: number;
  /** Of a command: as a shell tells it. */
  exitCode: number | null;
  /** The signal could not be sent, the command failed or hung. */
  problem?: string;
  /** TcpExt ListenOverflows meanwhile, of the whole network namespace; null: not known. */
  overflows: number | null;
}

/** Of our own client. */
export interface Fitness {
  slipP99Ms: number | null;
  slipMaxMs: number | null;
  lagP99Ms: number | null;
  lagMaxMs: number | null;
  unsent: number;
  own: Record<string, number>;
  /** Requests that were begun, of those that were due; 0 to 1. */
  achieved: number;
}

export interface DrillSeen {
  type: 'drill';
  endpoint: Endpoint;
  options: DrillOptions;
  /** `nginx (pid 42)`, or the URL. */
  label: string;
  pid: number | null;
  startTime: string | null;
  reloads: ReloadSeen[];
  load: Load;
  fitness: Fitness;
  /** Before the first reload and after each; fewer where one could not be taken. */
  censuses: Census[];
  /** The accept queue when it was longest. */
  queue: { inode: string; port: number; queue: number; backlog: number } | null;
  controlOverflows: number | null;
  /** Listeners that the kernel destroyed; null: it does not tell us, why is in `destroyedDenied`. */
  destroyed: DestroyedSeen | null;
  destroyedDenied: string | null;
  /** Nobody listens any more: ms since the control window began. */
  diedAtMs: number | null;
  /** Why it ended before all reloads were made. */
  ended: string | null;
  /** What is expected to show a reload changed in the control window: it shows none. */
  restless: boolean;
  /** Watches of the target that lead nowhere, where a change was not seen. */
  deadWatches: string[];
}
