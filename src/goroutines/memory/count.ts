/** How many goroutines a program has, by their states alone. */
import { findGoroutines } from './allgs.ts';
import type { Program } from './program.ts';
import { Gatherer, type Space } from './space.ts';

const IDLE = 0;
const DEAD = 6;
const DEAD_EXTRA = 11;

/** As runtime.NumGoroutine counts: those of the runtime aside. Throws Unreadable. */
export function countGoroutines(program: Program, space: Space): number {
  const { addresses } = findGoroutines(program, space);
  const { layout, functions } = program;
  const isOurs = new Map<number, boolean>();
  let count = 0;
  new Gatherer(space).gather(addresses, layout.size, (_, words, at) => {
    const status = words.half(at + layout.atomicstatus) & 0xfff;
    if (status === IDLE || status === DEAD || status === DEAD_EXTRA) return;
    const start = words.word(at + layout.startpc);
    let ours = isOurs.get(start);
    if (ours === undefined) isOurs.set(start, (ours = !isRuntimeStart(functions.find(start)?.name ?? '')));
    if (ours) count++;
  });
  return count;
}

/** runtime/traceback.go isSystemGoroutine. Finalizers and cleanups call into the program, too; mostly they wait. */
export function isRuntimeStart(name: string): boolean {
  return name.startsWith('runtime.') && !/^runtime\.(main|corostart|handleAsyncEvent)$/.test(name);
}
