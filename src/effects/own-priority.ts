/** What we do ourselves while others are looked at: it must not take the processor that they need. */
import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/**
 * So much behind where we are it is a tenth (setpriority(2)). At the last place it would be a hundredth: where ten others want to work, we
 * stood still for seconds, and what was not read in time was overwritten.
 */
const STEP = 10;
const LAST = 19;

/**
 * All our threads work from now on when nobody else wants to; programs started before are not touched, those started later inherit it.
 * Returns how to end that, safe to call twice. Only root may take it back, so that others keep what they have.
 */
export function giveWay(): () => void {
  if (process.geteuid?.() !== 0) return () => undefined;
  const usual = getPriority();
  setAll(Math.min(LAST, usual + STEP));
  return () => setAll(usual);
}

/** The kernel knows a priority of each thread, and takes the number of one. */
function setAll(priority: number): void {
  for (const tid of readdirSync('/proc/self/task')) {
    try {
      setPriority(Number(tid), priority);
    } catch {
      // It has just ended; or a container forbids it.
    }
  }
}
