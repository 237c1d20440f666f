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
