/** What a probe of a directory gave. */
import type { Cell, Skipped } from './run-cells.ts';

/** A change made behind the mount: in a layer of an overlay, in the directory that a FUSE program shows. */
export interface Behind {
  /** `write-behind`, `rename-behind`. */
  pattern: string;
  watch: 'file' | 'parent';
  events: string[];
  /** The changed content can be read on this side. */
  visible: boolean;
}

/** How a queue of our own overflowed. */
export interface OverflowTry {
  /** fs.inotify.max_queued_events when it was made. */
  limit: number;
  made: number;
  /** Bytes a look from outside would have shown. */
  bytes: number;
  read: number;
  lost: number;
  markers: number;
  /** Place of the first marker in what was read, from 1. */
  markerAt: number | null;
}

export type Conclusion = 'watch-directory' | 'watch-file' | 'poll' | 'unknown';

/** The event that rules observe. */
export interface ProbeLook {
  type: 'inotify-probe';
  directory: string;
  /** Absent when mountinfo does not tell. */
  fsType?: string;
  mountPoint?: string;
  source?: string;
  cells: Cell[];
  skipped: Skipped[];
  behind: Behind[];
  /** Where it was changed from behind; absent when nobody knows such a place. */
  behindPath?: string;
  conclusion: Conclusion;
  because: string;
}
