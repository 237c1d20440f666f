import type { FdsData } from '../fds/index.ts';
import type { GoroutinesData } from '../goroutines/index.ts';
import type { InotifyData } from '../inotify/index.ts';
import type { ListenData } from '../listen/index.ts';
import type { NodeData } from '../node/index.ts';
import type { TasksData } from '../tasks/index.ts';
import type { Joined } from './join.ts';

/** What each part sees; a part that has nothing to look at in this process, or could not look, is not there. */
export interface PartsData {
  fds?: FdsData;
  listen?: ListenData;
  inotify?: InotifyData;
  tasks?: TasksData;
  /** One entry for each process that is a Go program. */
  goroutines?: (GoroutinesData & { pid: number })[];
  node?: NodeData;
}

/** `data` of the report: the part scripts read. Add keys, never change them. */
export interface IncidentData {
  /** As the command of that name tells it with --json. */
  parts: PartsData;
  joined: Joined;
  /** Parts that have nothing to look at here, or could not look, and why. */
  skipped: { part: string; why: string }[];
}
