/** The limit of descriptors of one process after the other, for those who ask for all of a host, and again and again. */
import type { Native } from './native/types.ts';
import { readWhole } from './procfs.ts';
import type { OpenFilesLimit } from './types.ts';

/** In Node, to load native calls costs as much as so many limits do. */
const WORTH_NATIVE = 600;

let asked = 0;
let isOurProc: boolean | undefined;

/** @param calls loads them when first called. @returns undefined where its /proc/PID/limits is to be read */
export function openFilesLimit(pid: number, calls: () => Native | null): OpenFilesLimit | undefined {
  if (++asked <= WORTH_NATIVE) return undefined;
  isOurProc ??= showsOurPids();
  return isOurProc ? calls()?.openFilesLimit?.(pid) : undefined;
}

/** A /proc of another pid namespace has other numbers than our system calls: there we have one number for each namespace from that one down to ours. */
function showsOurPids(): boolean {
  try {
    return /^NSpid:\t\d+$/m.test(readWhole('/proc/self/status'));
  } catch {
    return false;
  }
}
