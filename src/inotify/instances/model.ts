/** What a look at the inotify instances of some processes gave. */
import type { ByteString, WatcherProgram } from '../../evidence/types.ts';
import type { Process } from '../../kernel/types.ts';
import type { Astray } from './astray.ts';
import type { Library } from './library.ts';
import type { RawWatch } from './fdinfo.ts';

/**
 * `ok`: the path leads to what is watched. `deleted`: no name is left, and nothing is there now. `replaced`: something else is there
 * now. `moved`: it has the name of a backup, and something else has the name it had. `covered`: a mount hides it.
 * `nameless`: a walk of all of its file system met it nowhere. `unresolved`: nothing is known of it but its inode. `unchecked`: the path
 * is known, and was not looked at.
 */
export type WatchState = 'ok' | 'deleted' | 'replaced' | 'moved' | 'covered' | 'nameless' | 'unresolved' | 'unchecked';

export interface Watch extends RawWatch {
  pid: number;
  fd: number;
  state: WatchState;
  /** From the root of the process, without ` (deleted)`. */
  path?: ByteString | undefined;
  /** How the path was found. */
  by?: 'handle' | 'overlay' | 'walk' | 'descriptor' | undefined;
  what?: 'directory' | 'file' | undefined;
  /** Type of the file system; undefined when it is not mounted where the process is. */
  fsType?: ByteString | undefined;
  /** One sentence about the state. */
  note?: string | undefined;
  /**
   * Of a dead one: another watch of the instance is on what is at its path now, or on the directory of a file, and told the program.
   * `only`: it was told that a directory was made anew, and does not watch that one.
   */
  told?: 'anew' | 'only' | undefined;
}

export type QueueState = 'empty' | 'draining' | 'stuck' | 'full';

/** What several looks at one queue gave. */
export interface Queue {
  /** Of the last look. */
  bytes: number;
  state: QueueState;
  /** How often it was looked at, and for how long. */
  samples: number;
  overMs: number;
  highestBytes: number;
  /** The process is stopped (T) or traced (t): nobody reads. */
  stopped?: true;
  /** Of a full one: how many events it holds at most. */
  limit?: number;
  /** It is full by the names in the watched directories: so many events of their average size, from so many names. */
  estimate?: { events: number; names: number };
  /** As long as so many events can be, which is all it holds: what more it is cannot be told. */
  mayBeFull?: number;
  /** The share of the room that is taken, by names that are all of one size; from nine tenths on. */
  nearlyFull?: number;
  /** How much longer it became while it was looked at, bytes a second. */
  growth?: number;
}

export interface Instance {
  process: Process;
  fd: number;
  /** Absent when fdinfo could not be read, or tells nothing of them. */
  watches?: Watch[];
  /** This kernel tells nobody what is watched. */
  hidesWatches?: true;
  /** Highest watch descriptor there is: about as many were ever added (wds are given in a cycle). */
  maxWd: number;
  /** Absent when it could not be asked. */
  queue?: Queue;
  library?: Library;
  program?: WatcherProgram;
  /** Other processes of the target that hold the same instance. */
  sharedWith: { pid: number; fd: number }[];
  /** Of a watch: how many were added meanwhile. */
  added?: number;
  /** Of those that live: how many are on what was watched at the start as well, and on what was not. */
  addedAgain?: number;
  addedNew?: number;
  /** Of a watch: live ones at its start. */
  watchesAtStart?: number;
}

/** One way in which a path may change. */
export interface ExpectedChange {
  change: 'write' | 'replace' | 'link' | 'create';
  /** The file, directory or link that changes. */
  path: ByteString;
  seen: boolean;
  /** Seen once, and with that the watch is dead. */
  once?: true;
  /** Seen only when it is done so: by a rename, or made anew. */
  only?: 'rename' | 'create';
  /** Of a write that is seen: when it is closed and not before, or unless it goes through a mapping (mmap(2) is told by CLOSE_WRITE only). */
  unless?: 'open' | 'mapped';
  by: Pick<Watch, 'pid' | 'fd' | 'wd'>[];
  /** A link that nobody switches while the system runs: not held against anybody. */
  minor?: true;
}

export interface Expectation {
  /** As asked for. */
  path: ByteString;
  /** Where it leads. */
  real?: ByteString;
  /** It is a directory: what is written and made in it is meant. */
  directory?: true;
  /** It is a file that is mounted on its path (a volume of one file, subPath): who replaces its source changes nothing here. */
  mounted?: true;
  verdict: 'seen' | 'partly' | 'not-seen' | 'unknown';
  changes: ExpectedChange[];
  /** Why it is unknown. */
  because?: string;
  /** The file system of the file, when it tells not all. */
  fsType?: ByteString;
}

/** The event that rules observe. */
export interface InotifyLook {
  type: 'inotify';
  /** `node (pid 42)`. */
  label: string;
  instances: Instance[];
  /** fs.inotify.max_queued_events: what an instance made now gets. */
  maxQueuedEvents?: number;
  expectations: Expectation[];
  /** Paths of command lines that lead elsewhere than what is watched. */
  astray?: (Astray & { process: Process })[];
  /** Every watch of every instance was read and is known by inode. */
  complete: boolean;
  /** Set when the look went on for a while. */
  windowMs?: number;
  /** Processes ended, or closed an instance, while they were looked at. */
  unsettled?: true;
}
