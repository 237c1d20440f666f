/**
 * Goroutines as every source tells them: text dumps, profiles, later memory. Kept are groups with equal stacks, not single
 * goroutines, so that memory is bounded by the number of stacks and not by that of goroutines.
 */

/**
 * `lock`: the address of the lock; `channel`: of the channel; `owner`: of the first thing of the program's own code that is
 * given to the function that waits, which mostly holds the lock or channel.
 */
export type ObjectKind = 'lock' | 'channel' | 'owner';

/** One call, innermost first in a stack. `func` as the runtime prints it. */
export interface Frame {
  func: string;
  /** Empty where the source does not tell it. */
  file: string;
  /** 0 where the source does not tell it. */
  line: number;
}

/** A goroutine that was looked at closely: some of each group are. */
export interface Sample {
  /** Decimal, 64 bit; absent in profiles. */
  id?: string;
  /** As the runtime tells it, which may be too much by the time between two collections; absent: not told. */
  waitMinutes?: number;
  /** Pointer-like arguments of each frame, `0x` and lower case, in the order of the frames. */
  args: string[][];
  /** false: no call was given two words, one behind the other, that may be addresses of globals. */
  globals?: boolean;
  /** The goroutine that started it (Go 1.21 and later). */
  parent?: string;
  /** What it waits for: see `Group.objects`. */
  object?: string;
}

/** Sums over goroutines of ids and of minutes of waiting (0 where none are told), their squares and their products: what goes together is told by them. */
export interface AgeSums {
  count: number;
  ids: number;
  ids2: number;
  minutes: number;
  minutes2: number;
  both: number;
}

/** Goroutines with the same state, stack, creator and labels. */
export interface Group {
  /** Order of appearance: a name within one dump. */
  index: number;
  /** The wait reason as the newest Go words it: `chan send`, `sync.Mutex.Lock`; `unknown` where the source tells none. */
  state: string;
  /** `frames`: read off the functions it is in. */
  stateFrom: 'printed' | 'frames';
  frames: Frame[];
  /** Frames beyond the limit of the dump were left out. */
  elided: boolean;
  creator?: Frame;
  labels: Readonly<Record<string, string>>;
  count: number;
  /** Of those that tell one, minutes; see Sample.waitMinutes. */
  wait?: { min: number; max: number; told: number };
  /** How many tell a wait that has lasted, whatever lies between two collections. */
  lasting: number;
  /** Of those that tell their id. */
  ages?: AgeSums;
  lockedToThread: number;
  /** Marked by the collector as unreachable (goroutineleak). */
  leaked: number;
  /** Those that wait for the channel of a timer that runs: it wakes them. Memory tells it, of Go 1.23 and later. */
  timed?: number;
  /** Those that wait for a lock: where a function of theirs took another before, as its code has it; memory tells it. */
  took?: Frame;
  /** Of the runtime itself: not counted by the usual profiles. */
  system: boolean;
  /** Some ids, as many as there are samples. */
  samples: Sample[];
  /** What each waits for, by its address, and how many do; absent where the dump does not tell it. */
  objects?: Map<string, number>;
  objectKind?: ObjectKind;
  /** There were more objects than are kept. */
  manyObjects: boolean;
  /** Of the samples that tell who started them: how many there are, and how many were started by a goroutine that has ended. */
  parents?: { told: number; gone: number };
}

export type DumpFormat = 'text' | 'profile-text' | 'profile' | 'memory' | 'trace';

/** One goroutine of a dump that was read with `rows`. */
export interface Row {
  id?: string;
  waitMinutes?: number;
  group: number;
  /** Id of the goroutine that started it (Go 1.21 and later). */
  parent?: string;
  lockedToThread?: true;
  /** Channels that it waits for, several in a select: addresses, `0x` and lower case. */
  channels?: string[];
  /** Mutex, RWMutex, WaitGroup or Cond that it waits for. */
  lock?: string;
}

export interface Dump {
  format: DumpFormat;
  /** `goroutine` or `goroutineleak`. */
  profile: 'goroutine' | 'goroutineleak';
  /** Goroutines of the program, those of the runtime aside. */
  total: number;
  groups: Group[];
  /** Every goroutine, when asked for. */
  rows?: Row[];
  /** `go1.23.12`, where paths or the endpoint tell it. */
  goVersion?: string;
  /** What the text says came before: `panic: ...`, `SIGQUIT: quit`. */
  reason?: string;
  /** Why the dump is not whole; absent when it is. */
  cut?: Cut;
  /** Things to say of the reading: lines that were too long, labels that were left out. */
  notes: string[];
  /** Bytes read, after unpacking. */
  bytes: number;
}

export interface Cut {
  kind: '64MiB' | 'mid-goroutine' | 'compressed' | 'limit' | 'interrupted';
  detail: string;
}

/** Stacks say where, states say why. */
export const UNKNOWN_STATE = 'unknown';
