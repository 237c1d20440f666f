/** Sleeping is waiting for a timer that no code of the application ever sees. */
import type timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import type { TimerOptions } from 'node:timers';
import { capture, note } from './made.ts';

/**
 * `await setTimeout(ms)` of timers/promises, which util.promisify(setTimeout) leads to as well: the timer is nowhere to be had, so the
 * plain case is made of the one that is. With options (a signal, no reference) Node's own is called, and its line is not known.
 */
export function watchSleeps(setTimeout: typeof timers.setTimeout): void {
  const original = timersPromises.setTimeout;
  const sleep = function (this: unknown, ...args: [delay?: number, value?: unknown, options?: TimerOptions]): Promise<unknown> {
    const [delay, value, options] = args;
    if (options !== undefined || (delay !== undefined && typeof delay !== 'number')) return Reflect.apply(original, this, args);
    const made = capture(sleep as never);
    return new Promise((resolve) => note(setTimeout(resolve, delay, value), made));
  };
  for (const name of ['name', 'length']) Object.defineProperty(sleep, name, Object.getOwnPropertyDescriptor(original, name) ?? {});
  timersPromises.setTimeout = sleep as typeof original;
}
