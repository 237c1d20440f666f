import type { Dump } from '../kernel/goroutines.ts';
import type { FdLimit, Snapshot } from '../kernel/types.ts';
import type { TraceEvent } from './trace-event.ts';
import type { GroupTrend, Quality, Trend } from './types.ts';

/** The trend of one group of descriptors, handles, ... */
export interface WatchedGroup extends GroupTrend {
  kind: string;
  key: string;
  /** Of what was opened in the window and lives at the end: how many each process holds, most first. */
  keptBy: { pid: number; count: number }[];
  /** The other side opened these: it decides how long they live. */
  byOthers?: true;
}

export interface WatchedProcess {
  pid: number;
  startTime: string;
  open: number;
  limit: FdLimit;
}

/** What a watch saw: the event that growth rules observe. */
export interface TrendsEvent {
  type: 'trends';
  /** `nginx (pid 42)`. */
  label: string;
  /** Those that live at the end, the nearest to its limit first; never none. */
  processes: WatchedProcess[];
  windowMs: number;
  samples: number;
  groups: WatchedGroup[];
  /** Where anybody can look it up: `/proc/42/fd`. */
  source: string;
}

/** What events left behind in one group of descriptors, handles, ... */
export interface ResidueGroup {
  kind: string;
  key: string;
  /** What its members are called: `listener`, `listeners`. */
  one: string;
  many: string;
  quality: Quality;
  /** Index 0 is the first event. */
  leftPerEvent: number[];
  /** It comes and goes between events too: what is left of one may be chance. */
  restless: boolean;
  /** Where one of those left behind can be looked up: `/proc/42/fd/27`. */
  example?: string;
}

/** What was left behind by each of several events: the event that residue rules observe. */
export interface ResidueEvent {
  type: 'residue';
  /** `nginx (pid 42)`. */
  label: string;
  /** The process that is nearest its limit: the one a forecast is about. */
  process: { pid: number; startTime: string; open: number; limit: FdLimit };
  /** How many were measured. */
  events: number;
  /** What one is called: `reload`, `event`. */
  word: string;
  /** How many more until the limit of a process is reached, at what they left on average; null when nothing is left or there is no limit. */
  eventsUntilLimit: number | null;
  groups: ResidueGroup[];
}

/** What a dump of goroutines shows, and what several of them do: the event that rules about goroutines observe. */
export interface GoroutinesEvent {
  type: 'goroutines';
  /** `api:6060`, `crash.log`, `api (pid 42)`. */
  label: string;
  /** Where anybody can look it up: a file, a URL. */
  source: string;
  /** How the user asks for it again. */
  again: string;
  /** It can be asked again and will answer anew. */
  live: boolean;
  pid?: number;
  /** Of a watch or of two files: the last one. */
  dump: Dump;
  /** How many goroutines the program itself counts, where it was asked. */
  announced?: number;
  /** What came between the first and the last look. */
  growth?: GoroutineGrowth;
  /** What a few looks within seconds showed of places that one look cannot judge. */
  settled?: Settled;
}

/** Looks with ids, seconds apart: who stays where, and who gets on. */
export interface Settled {
  windowMs: number;
  looks: number;
  /** By place: see placeKey of the wing. */
  places: ReadonlyMap<string, Staying>;
  /** Ids of those that waited at the same place for the same lock or channel in every look. */
  unmoved: ReadonlySet<string>;
}

/** Of one place. */
export interface Staying {
  /** How many there were at the first look, and how many of these were there at every other. */
  before: number;
  stayed: number;
  /** Those that did not exist in the look before, in each look but the first. */
  fresh: number[];
  /** Those that were not at this place in the look before: fresh ones, and others that came to it. */
  arrived: number[];
}

export interface GoroutineGrowth {
  windowMs: number | null;
  samples: number;
  groups: GrownGroup[];
}

export interface GrownGroup {
  /** Of the last dump. */
  group: number;
  before: number;
  after: number;
  /** Per minute; null where the time between two files is not known. */
  perMinute: number | null;
  trend: Trend | 'compared';
  because: string;
  /** How many that were there in the middle of the watch were there at its end, by their ids; absent where ids were not asked for. */
  stayed?: number;
}

/** Pauses of the garbage collector, as the program itself keeps them. */
export interface PausesEvent {
  type: 'pauses';
  label: string;
  source: string;
  pid?: number;
  /** Nanoseconds became ms; newest last, at most 256. */
  pausesMs: number[];
  /** Collections since the start. */
  collections: number;
  limitMs: number;
}

/** What rules observe: one look, what a watch saw, what events left, goroutines, pauses, or what a trace shows. A rule lets pass what is not its type. */
export type Observation = Snapshot | TrendsEvent | ResidueEvent | GoroutinesEvent | PausesEvent | TraceEvent;
