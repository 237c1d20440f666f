/** What we take ourselves: a look at very many descriptors makes much garbage, and both engines would rather grow than collect it. */

import { setEngineFlags } from './engine-flags.ts';
import { type Allocator, loadLibc } from './native/libc.ts';
import { expectLongRun } from './short-run.ts';

declare const Bun: { gc(force: boolean): void } | undefined;

/**
 * Descriptors after which it is time, and after which it is time again. Of 20,000 in one table, as many as most systems let a process have, up
 * to 80,000 are told of in the parts of a look: there it costs a tenth of the CPU, and saves nothing.
 */
const FIRST = 100_000;
const MANY = 30_000;
let left = FIRST;
/** From here on native calls are loaded, or cannot be. */
const LARGE_TABLE = 8000;

/**
 * To be called between parts of a look, with the number of descriptors of the part; of many, it takes a few ms. V8 is told not to
 * enlarge its space for new objects any more, which saves a fifth to a quarter of the peak; JSC, which has no such switch while it
 * runs, collects at once.
 */
export function tidyHeap(descriptors: number): void {
  if (descriptors > LARGE_TABLE) giveBackFreed();
  left -= descriptors;
  if (left > 0) return;
  left = MANY;
  expectLongRun();
  if (typeof Bun !== 'undefined') Bun.gc(true);
  else setEngineFlags('--semi-space-growth-factor=1', '--semi-space-growth-factor=2');
}

/** Looks after which JSC collects by force, which takes some ms. */
const LOOKS = 10;
let looks = 0;

/**
 * To be called behind each look of what looks for days. Nothing is left of a look, but the heap grew by a half over the first hundreds of them: V8 lets
 * its space for new objects grow to 16 MiB, and what then survives a moment waits for the next full collection; JSC waits for more of it, too.
 */
export function tidyBetweenLooks(): void {
  const number = ++looks;
  if (typeof Bun !== 'undefined') {
    if (number % LOOKS === 0) Bun.gc(true);
    return;
  }
  if (number === 1) setEngineFlags('--semi-space-growth-factor=1', '--semi-space-growth-factor=2');
  giveBackFreed();
}

/** M_MMAP_THRESHOLD of malloc.h: what is this large is given back when it is freed. glibc raises it to what was freed last, up to 32 MiB. */
const MMAP_THRESHOLD = -3;
const LARGE = 65_536;

let allocator: Allocator | null | undefined;

/**
 * What C++ code of the engine has freed, each of its threads in an arena of its own, goes back to the kernel, now and from now on: 3 MiB of 90. To be
 * called where native calls are loaded, or cannot be.
 */
export function giveBackFreed(): void {
  if (typeof Bun !== 'undefined') return;
  if (allocator === undefined) {
    allocator = process.env.RELOADCTL_NO_NATIVE ? null : (loadLibc()?.allocator?.() ?? null);
    allocator?.mallopt(MMAP_THRESHOLD, LARGE);
  }
  allocator?.mallocTrim(0);
}

/**
 * For what reads much, makes little garbage of each block and lets the event loop turn in between: V8 since 12 would rather let its space
 * for new objects grow to 64 MiB than collect. From a tenth of it on it is told to collect in the next turn.
 */
export function collectEarly(): void {
  if (typeof Bun === 'undefined' && Number.parseInt(process.versions.v8, 10) >= 12) setEngineFlags('--minor-gc-task-trigger=10', '--minor-gc-task-trigger=80');
}

/**
 * For what runs for minutes, holds little and makes garbage of thousands of small things a second: the space for new objects stays as large as it
 * is, and what became old is collected after a fifth more of it. V8 would double the first as long as much of it lives on, as connections do that
 * wait, up to 64 MiB in each half, and let the second grow to four times of what lives.
 */
export function stayLean(): void {
  if (typeof Bun === 'undefined') setEngineFlags('--semi-space-growth-factor=1 --heap-growing-percent=20', '--semi-space-growth-factor=2 --heap-growing-percent=0');
}
