/** What a goroutine waits for, by its address, where the dump prints the arguments of the call that waits. */
import type { Frame, ObjectKind } from '../kernel/goroutines.ts';
import { ownerOf } from './names.ts';

export interface ObjectPlace {
  /** The frame whose first argument it is. */
  frame: number;
  kind: ObjectKind;
  /** To be taken off the argument. */
  offset: number;
}

const NEAR = 14;

const called = (callers: readonly Frame[], name: RegExp): boolean => callers.slice(0, 4).some(({ func }) => name.test(func));

/** Where the word that is waited on lies within the lock (sync/rwmutex.go, internal/sync/mutex.go, sync/waitgroup.go). */
export function semaphoreOffset(callers: readonly Frame[]): number {
  if (called(callers, /^sync\.\(\*RWMutex\)\.RLock$/)) return 12;
  if (called(callers, /^(internal\/)?sync\.\(\*Mutex\)\./)) return 4;
  return called(callers, /^sync\.\(\*(RWMutex\)\.Lock|WaitGroup\)\.Wait)$/) ? 8 : 0;
}

const LOCKS: readonly { pattern: RegExp; kind: ObjectKind; offset(callers: readonly Frame[]): number }[] = [
  // Only dumps of SIGQUIT and of crashes show the runtime's own frames.
  { pattern: /^runtime\.semacquire1$/, kind: 'lock', offset: semaphoreOffset },
  { pattern: /^(internal\/)?sync\.\(\*Mutex\)\.lockSlow$/, kind: 'lock', offset: () => 0 },
  { pattern: /^sync\.\(\*(WaitGroup\)\.Wait|RWMutex\)\.R?Lock)$/, kind: 'lock', offset: () => 0 },
  { pattern: /^(internal\/)?sync\.runtime_Semacquire\w*$/, kind: 'lock', offset: semaphoreOffset },
  // Its list lies behind the lock that it names (sync/cond.go).
  { pattern: /^sync\.runtime_notifyListWait$/, kind: 'lock', offset: () => 16 },
  { pattern: /^runtime\.chan(send|recv)$/, kind: 'channel', offset: () => 0 },
];

/**
 * The place of what a stack waits for.
 * @param firsts the first argument of each frame where it is a pointer and sure to be right
 */
export function objectPlace(frames: readonly Frame[], firsts: readonly (string | undefined)[]): ObjectPlace | undefined {
  for (const { pattern, kind, offset } of LOCKS) {
    const frame = frames.slice(0, NEAR).findIndex(({ func }, index) => firsts[index] !== undefined && pattern.test(func));
    if (frame >= 0) return { frame, kind, offset: offset(frames.slice(frame + 1)) };
  }
  const own = frames.findIndex((frame) => ownerOf(frame) !== 'stdlib');
  return own >= 0 && firsts[own] !== undefined ? { frame: own, kind: 'owner', offset: 0 } : undefined;
}
