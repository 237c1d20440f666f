import type { FdLimit, Snapshot } from '../kernel/types.ts';
import type { GroupTrend } from './types.ts';

/** The trend of one group of descriptors, handles, ... */
export interface WatchedGroup extends GroupTrend {
  kind: string;
  key: string;
}

/** What a watch saw: the event that growth rules observe. */
export interface TrendsEvent {
  type: 'trends';
  /** `nginx (pid 42)`. */
  label: string;
  /** The process that is nearest its limit: the one a forecast is about. */
  process: { pid: number; startTime: string; open: number; limit: FdLimit };
  windowMs: number;
  samples: number;
  groups: WatchedGroup[];
  /** Where anybody can look it up: `/proc/42/fd`. */
  source: string;
}

/** What rules observe: one look, or what a watch saw. A rule lets pass what is not its type. */
export type Observation = Snapshot | TrendsEvent;
