import type { Dump, Frame } from '../kernel/goroutines.ts';
import { isRuntime } from './names.ts';

/** Profiles keep no more frames than this in old versions. */
const DEEP = 24;

/** Equal for the same stack in a text dump and in a profile: those differ in the runtime's own frames and in depth. */
export function stackKey(frames: readonly Frame[]): string {
  return frames.filter(({ func }) => !isRuntime(func)).slice(0, DEEP).map(({ func, line }) => `${func}:${line}`).join('\n');
}

/** How many goroutines there are of each stack, those of the runtime aside. */
export function countsOf({ groups }: Dump): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { frames, count, system } of groups) {
    if (system) continue;
    const key = stackKey(frames);
    if (key !== '') counts.set(key, (counts.get(key) ?? 0) + count);
  }
  return counts;
}

/** The largest group of each stack of a dump. */
export function groupsByStack({ groups }: Dump): Map<string, number> {
  const found = new Map<string, number>();
  for (const { frames, count, index, system } of groups) {
    if (system) continue;
    const key = stackKey(frames);
    const known = found.get(key);
    if (known === undefined || groups[known]!.count < count) found.set(key, index);
  }
  return found;
}
