/** What a run of a command showed, as events that rules observe. */
import type { PlacedGoroutines } from '../goroutines/index.ts';
import type { Process } from '../kernel/types.ts';

/** Kinds of what is open, as policies name them. */
export const OPEN_CLASSES = ['file', 'program-file', 'data-file', 'directory', 'socket', 'closed-by-peer', 'connection', 'listener', 'pipe', 'device', 'memory', 'event', 'inotify', 'other'] as const;
export type OpenClass = (typeof OPEN_CLASSES)[number];
/** Of what else a policy may say how many there may be. */
export const BUDGETS = [...OPEN_CLASSES, 'goroutine', 'watch'] as const;

/** Descriptors of one process that are alike, and were open when it ended. */
export interface OpenGroup {
  class: OpenClass | 'watch';
  /** As in `fds`: `file`, `socket`, `pipe`, ... */
  kind: string;
  /** `/tmp/upload-*.part`, `tcp CLOSE_WAIT to 10.0.0.7:5432`. */
  key: string;
  count: number;
  /** More than so many are a leak. */
  most: number;
  /** A policy or an option says so, and not we. */
  isAsked: boolean;
  examples: { fd: number; target: string }[];
}

/** A process at its own exit. */
export interface ExitEvent {
  type: 'exit';
  process: Process;
  code: number;
  /** The command itself, and nothing it started. */
  isMain: boolean;
  groups: OpenGroup[];
  /** Descriptors that it opened itself, beyond stdin, stdout and stderr. */
  open: number;
}

/** A process that goes on when the command has ended. */
export interface LeftEvent {
  type: 'left';
  process: Process;
  command: string;
  /** `0.0.0.0:8080`. */
  listens: string[];
  /** How long after the end of the command, ms. */
  afterMs: number;
}

/** The command did not end in time. */
export interface TimeoutEvent {
  type: 'timeout';
  timeoutMs: number;
  processes: { process: Process; command: string; waitsFor: string; listens: string[] }[];
}

/** Something that a test of Node made, and that was there still when its file was through. */
export interface SurvivorEvent {
  type: 'survivor';
  pid: number;
  /** As `node` calls it. */
  kind: string;
  /** Address, path or pid. */
  detail: string;
  /** `path:line:column` */
  site: string;
  test?: string;
  runner: string;
  /** Made while the file of tests was loaded. */
  isLoading: boolean;
}

/** Goroutines that one line made, and that were there still when the process ended. */
export interface GoroutinesLeftEvent {
  type: 'goroutines-left';
  process: Process;
  /** A binary of `go test`: its tests are over, and who goes on belongs to one of them. */
  isTest: boolean;
  goroutines: PlacedGoroutines;
  most: number;
  isAsked: boolean;
  /** Between the first look and the second, ms; 0: there was one only. */
  windowMs: number;
}

/** What a service has more of after a command than before it. */
export interface GrewEvent {
  type: 'grew';
  /** `nginx (3 processes)`. */
  label: string;
  pid: number;
  what: 'descriptors' | 'goroutines' | 'watches';
  /** As policies name it. */
  class: (typeof BUDGETS)[number];
  kind: string;
  key: string;
  before: number;
  after: number;
  /** Came during the command and is there still. */
  kept: number;
  /** Was there before, and is not. */
  lost: number;
  /** Of those kept: how many came in each quarter of what the service did meanwhile; absent where it was looked at before and after only. */
  perQuarter?: readonly number[];
  /** The largest part of the work between two looks, 0 to 1. */
  coarseness: number;
  most: number;
  isAsked: boolean;
  /** Others decide how long it lives: clients keep their connections. */
  byOthers: boolean;
  /** Its members cannot be told apart and come and go: more of them may be chance. */
  isDoubtful: boolean;
  windowMs: number;
  samples: number;
  /** The line that made it. */
  site?: string;
  evidence: { name: string; value: string; source: string }[];
}

/** What one place in code opened and a process had open still when it ended. */
export interface SiteLeftEvent {
  type: 'site-left';
  /** `worker (pid 42)` */
  label: string;
  pid: number;
  /** A function and its file, or a call and a path. */
  site: string;
  class: OpenClass;
  kind: string;
  opened: number;
  closed: number;
  open: number;
  inUse: number;
  /** Calls are missing in the log. */
  isDoubtful: boolean;
  most: number;
  isAsked: boolean;
  examples: { fd: number; target: string; source: string }[];
}

export type RunEvent = SiteLeftEvent | GrewEvent | GoroutinesLeftEvent | ExitEvent | LeftEvent | TimeoutEvent | SurvivorEvent;
