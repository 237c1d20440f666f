/** A recording while it runs: whoever makes it, it becomes lines of strace. */
import type { LogInput } from '../../evidence/index.ts';
import type { Coverage } from '../../report/index.ts';
import type { Analysis } from '../collect/analysis.ts';
import type { Seed } from './seed.ts';

/** Why a recording ended. */
export type StopReason = 'time' | 'signal' | 'leak' | 'rate' | 'size' | 'ended' | 'failed';

export interface Recording {
  engine: 'strace' | 'tracefs';
  /** Of strace itself. */
  pid?: number;
  /** Comes to its end once the recording has. */
  input: LogInput;
  /** When it began, ms since the epoch. */
  begun: number;
  seeds: Seed[];
  /** By process: numbers that were open as it ended, where some may have come unseen. */
  atEnd?: ReadonlyMap<number, ReadonlySet<number>>;
  /** What it is read into, before the first line. */
  attach?(analysis: Analysis): void;
  /** Ends it, and takes everything back. The first reason counts. */
  stop(why: StopReason): void;
  /** Everything was taken back, or the target or command has ended. */
  ended: Promise<RecordingEnd>;
}

export interface RecordingEnd {
  why: StopReason;
  /** Of a command: its code as a shell tells it. */
  commandExit?: number;
  /** That ended strace: its own, or that which ended the command. */
  signal?: NodeJS.Signals;
  /** Undefined where it ended before it was seen. */
  commandPid?: number;
  /** What the recording lacks. */
  coverage: Coverage[];
}

/** What a report says of it. */
export interface RecordingData {
  engine: Recording['engine'];
  stopped: StopReason;
  recordedMs: number;
  /** The raw log, with --keep. */
  kept?: string;
  commandExit?: number;
  /** The recorded processes afterwards: nobody traces them, and none stands still. */
  left?: { pid: number; tracer: number; state: string }[];
}
