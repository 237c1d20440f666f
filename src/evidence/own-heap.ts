/** What we take ourselves: a look at very many descriptors makes much garbage, and both engines would rather grow than collect it. */

import { expectLongRun } from './short-run.ts';

declare const Bun: { gc(force: boolean): void } | undefined;

/** Descriptors after which it is time again. */
const MANY = 30_000;
let seen = 0;

/**
 * To be called between parts of a look, with the number of descriptors of the part; of many, it takes a few ms. V8 is told not to
 * enlarge its space for new objects any more, which saves a fifth to a quarter of the peak; JSC, which has no such switch while it
 * runs, collects at once.
 */
export function tidyHeap(descriptors: number): void {
  seen += descriptors;
  if (seen < MANY) return;
  seen = 0;
  expectLongRun();
  if (typeof Bun !== 'undefined') Bun.gc(true);
  else process.getBuiltinModule('node:v8').setFlagsFromString('--semi-space-growth-factor=1');
}

/**
 * For what reads much, makes little garbage of each block and lets the event loop turn in between: V8 since 12 would rather let its space
 * for new objects grow to 64 MiB than collect. From a tenth of it on it is told to collect in the next turn.
 */
export function collectEarly(): void {
  if (typeof Bun === 'undefined' && Number.parseInt(process.versions.v8, 10) >= 12) process.getBuiltinModule('node:v8').setFlagsFromString('--minor-gc-task-trigger=10');
}
