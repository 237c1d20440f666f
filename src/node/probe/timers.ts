/** Runs inside the target, as the text of this function: see list.ts. */
import type { RawFrame, RawHandle } from './raw.ts';

type Loose = Record<PropertyKey, unknown>;
type Fn = (...args: unknown[]) => unknown;
type Made = { stack: RawFrame[]; age: number } | undefined;

/** `this` is timerListMap of lib/internal/timers.js: a linked list of timers by their duration. */
export function listTimers(this: Record<string, unknown>, most: number): { json: string; functions: Fn[] } {
  const functions: Fn[] = [];
  const numbers = new Map<Fn, number>();
  const handles: RawHandle[] = [];
  const register = (globalThis as unknown as Loose)[Symbol.for('reloadctl.register')] as { of(value: object): Made } | undefined;
  const hook = (globalThis as unknown as Loose)[Symbol.for('reloadctl.hook')] as { of(id: number): Made } | undefined;
  const now = performance.now();
  let cut = 0;
  let steps = 0;
  for (const list of Object.values(this) as Loose[]) {
    // A list that was tampered with may have no end.
    for (let timer = list._idlePrev as Loose; timer !== list && timer && steps < 10 * most; timer = timer._idlePrev as Loose) {
      steps++;
      const isOurs = Object.getOwnPropertySymbols(timer).some((symbol) => symbol.description === 'reloadctl.own');
      const refed = Object.getOwnPropertySymbols(timer).find((symbol) => symbol.description === 'refed');
      // Sockets are entered for their idle time-out, and sessions: those do not keep the loop alive.
      if (isOurs || !refed || typeof timer._onTimeout !== 'function') continue;
      if (handles.length >= most) {
        cut++;
        continue;
      }
      const fn = timer._onTimeout as Fn;
      let index = numbers.get(fn);
      if (index === undefined && functions.length < 400) {
        index = functions.push(fn) - 1;
        numbers.set(fn, index);
      }
      const handle: RawHandle = { c: 'Timeout', ref: timer[refed] === true };
      const numbered = Object.getOwnPropertySymbols(timer).find((symbol) => symbol.description === 'asyncId' || symbol.description === 'async_id_symbol');
      if (numbered && typeof timer[numbered] === 'number') handle.id = timer[numbered];
      const after = typeof timer._idleTimeout === 'number' ? timer._idleTimeout : 0;
      if (typeof timer._repeat === 'number') handle.repeat = timer._repeat;
      else handle.once = after;
      if (typeof timer._idleStart === 'number') handle.due = Math.max(0, timer._idleStart + after - now);
      if (index !== undefined) handle.fn = [index];
      const made = register?.of(timer) ?? (handle.id === undefined ? undefined : hook?.of(handle.id));
      if (made) {
        handle.stack = made.stack;
        handle.age = made.age;
      }
      handles.push(handle);
    }
  }
  return { json: JSON.stringify({ handles, cut }), functions };
}
