/**
 * Why a goroutine waits. Text dumps print it; of profiles it is read off the functions of the runtime and of sync it is in,
 * since older versions print `semacquire` for every lock, too (runtime/runtime2.go waitReasonStrings).
 */
import { type Frame, type Group, UNKNOWN_STATE } from '../kernel/goroutines.ts';

const LOCKS: readonly (readonly [RegExp, string])[] = [
  [/^sync\.\(\*RWMutex\)\.RLock$/, 'sync.RWMutex.RLock'],
  [/^sync\.\(\*RWMutex\)\.Lock$/, 'sync.RWMutex.Lock'],
  [/^(internal\/)?sync\.\(\*Mutex\)\.(Lock|lockSlow)$/, 'sync.Mutex.Lock'],
  [/^sync\.\(\*WaitGroup\)\.Wait$/, 'sync.WaitGroup.Wait'],
  [/^sync\.\(\*Cond\)\.Wait$/, 'sync.Cond.Wait'],
  [/^sync\.runtime_notifyListWait$/, 'sync.Cond.Wait'],
  [/^sync\.runtime_SemacquireRWMutexR$/, 'sync.RWMutex.RLock'],
  [/^sync\.runtime_SemacquireWaitGroup$/, 'sync.WaitGroup.Wait'],
];
/** A lock is taken by the last few calls. */
const NEAR = 12;

const PARKED: Readonly<Record<string, string>> = {
  'runtime.chansend': 'chan send', 'runtime.chansend1': 'chan send',
  'runtime.chanrecv': 'chan receive', 'runtime.chanrecv1': 'chan receive', 'runtime.chanrecv2': 'chan receive',
  'runtime.selectgo': 'select', 'runtime.block': 'select (no cases)',
  'runtime.netpollblock': 'IO wait', 'runtime.timeSleep': 'sleep', 'time.Sleep': 'sleep',
  'runtime.semacquire1': 'semacquire', 'runtime.semacquire': 'semacquire',
  'runtime.gcBgMarkWorker': 'GC worker (idle)', 'runtime.bgsweep': 'GC sweep wait', 'runtime.bgscavenge': 'GC scavenge wait',
  'runtime.(*scavengerState).park': 'GC scavenge wait', 'runtime.(*scavengerState).sleep': 'sleep',
  'runtime.forcegchelper': 'force gc (idle)', 'runtime.runfinq': 'finalizer wait', 'runtime.runFinalizers': 'finalizer wait',
  'runtime.runCleanups': 'cleanup wait', 'runtime.(*cleanupQueue).dequeue': 'cleanup wait', 'runtime.coroswitch_m': 'coroutine', 'runtime.coroswitch': 'coroutine',
  'runtime.gcParkAssist': 'GC assist wait', 'runtime.readTrace0': 'trace reader (blocked)', 'runtime.ReadTrace': 'trace reader (blocked)',
};

/** What the functions above say that are not the runtime's, for profiles that hide the runtime's (debug=1). */
const OUTSIDE: readonly (readonly [RegExp, string])[] = [
  [/^internal\/poll\.runtime_pollWait$/, 'IO wait'],
  [/^time\.Sleep$/, 'sleep'],
  [/^(internal\/runtime\/)?syscall\.(Raw)?[sS]yscall(6|NoError)?$|^runtime\/internal\/syscall\.Syscall6$|^internal\/runtime\/syscall\.Syscall6$/, 'syscall'],
  [/^os\/signal\.signal_recv$/, 'syscall'],
  [/^(runtime\/pprof\.(runtime_goroutineProfileWithLabels|writeGoroutine)|runtime\.goroutineProfileWithLabels)/, 'running'],
];

/** @param printed what the header says */
export function stateOfStack(printed: string, frames: readonly Frame[]): string {
  return printed === 'semacquire' ? (lockState(frames) ?? printed) : printed;
}

function lockState(frames: readonly Frame[]): string | undefined {
  for (const [pattern, state] of LOCKS) if (frames.slice(0, NEAR).some(({ func }) => pattern.test(func))) return state;
  return undefined;
}

/** A profile has no states. @param startLines where each frame's function starts, where the profile tells it */
export function stateOfFrames(frames: readonly Frame[], startLines: readonly number[] = []): string {
  const [top] = frames;
  if (!top) return UNKNOWN_STATE;
  for (const [index, { func, line }] of frames.slice(0, NEAR).entries()) {
    const state = Object.hasOwn(PARKED, func) ? PARKED[func] : undefined;
    if (state === 'semacquire') return lockState(frames) ?? state;
    if (state !== undefined) return isNil(func, line, startLines[index]) ? `${state} (nil chan)` : state;
    if (/^runtime\.(gopark|goparkunlock|mcall|systemstack|notetsleepg|goroutineReady)$/.test(func)) continue;
    const outside = OUTSIDE.find(([pattern]) => pattern.test(func));
    if (outside) return outside[1];
    if (!func.startsWith('runtime.')) break;
  }
  const lock = lockState(frames);
  if (lock !== undefined && frames.slice(0, 4).some(({ func }) => /runtime_(Semacquire|notifyListWait)/.test(func))) return lock;
  return UNKNOWN_STATE;
}

/**
 * chansend and chanrecv wait for good on a nil channel in their first statements (runtime/chan.go), dozens of lines before
 * they wait for the other side.
 */
const NIL_LINES = 24;

function isNil(func: string, line: number, startLine: number | undefined): boolean {
  return startLine !== undefined && startLine > 0 && line > startLine && line - startLine <= NIL_LINES && /^runtime\.chan(send|recv)$/.test(func);
}

/** Waits for another goroutine, which may never come. IO and sleep are waits for something outside. */
export function isBlocking(state: string): boolean {
  return /^(chan (send|receive)|select|semacquire|sync\.)/.test(state);
}

export function isLock(state: string): boolean {
  return state === 'sync.Mutex.Lock' || state.startsWith('sync.RWMutex.') || state === 'semacquire';
}

/** Reads and writes of one descriptor take turns (internal/poll/fd_mutex.go): that is no lock of the program, and who has the turn waits for the other end. */
export function turnAt(frames: readonly Frame[]): 'read' | 'write' | undefined {
  for (const { func } of frames.slice(0, NEAR)) {
    const turn = /^internal\/poll\.\(\*FD\)\.(read|write)Lock$/.exec(func)?.[1];
    if (turn !== undefined) return turn as 'read' | 'write';
  }
  return undefined;
}

/** Waits for a lock of the program. */
export function waitsForLock({ state, frames }: Pick<Group, 'state' | 'frames'>): boolean {
  return isLock(state) && turnAt(frames) === undefined;
}

/** Can never be woken. */
export function isForever(state: string): boolean {
  return state.includes('(nil chan)') || state === 'select (no cases)';
}
