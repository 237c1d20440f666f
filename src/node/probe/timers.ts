/** Runs inside the target, as the text of these functions: see list.ts. */
import { type Callbacks, callbacksOf } from './callbacks.ts';
import type { RawFrame, RawHandle } from './raw.ts';
import type { Fn, Loose } from './ways.ts';

type Made = { stack: RawFrame[]; age: number } | undefined;

/** What is kept in the target between two parts of the list. */
export interface TimerListing {
  timers: Loose[];
  cut: number;
  at: number;
  callbacks: Callbacks;
  functions: Fn[];
}

/** `this` is timerListMap of lib/internal/timers.js: linked lists of timers by their duration. They change while the loop turns: they are walked in one go. */
export function collectTimers(this: Record<string, unknown>, newCallbacks: typeof callbacksOf, most: number): TimerListing {
  const timers = new Set<Loose>();
  let cut = 0;
  let steps = 0;
  for (const list of Object.values(this) as Loose[]) {
    // A list that was tampered with may have no end, or come back to what was there.
    for (let timer = list._idlePrev as Loose; timer !== list && timer && !timers.has(timer) && steps < 10 * most; timer = timer._idlePrev as Loose) {
      steps++;
      // Sockets are entered for their idle time-out, and sessions: those do not keep the loop alive.
      if (typeof timer._onTimeout !== 'function' || !('_repeat' in timer)) continue;
      if (timers.size < most) timers.add(timer);
      else cut++;
    }
  }
  const callbacks = newCallbacks();
  return { timers: [...timers], cut, at: 0, callbacks, functions: callbacks.functions };
}

/** The same as a function that needs no other. */
export const COLLECT_TIMERS = `function (most) { return (${String(collectTimers)}).call(this, ${String(callbacksOf)}, most); }`;

/** The next `part` of them, as JSON; `left` says how many are to come. */
export function listTimers(this: TimerListing, part: number): string {
  const started = performance.now();
  const { timers, callbacks, at, cut } = this;
  const handles: RawHandle[] = [];
  const register = (globalThis as unknown as Loose)[Symbol.for('reloadctl.register')] as { of(value: object): Made } | undefined;
  const hook = (globalThis as unknown as Loose)[Symbol.for('reloadctl.hook')] as { of(id: number): Made } | undefined;
  const end = Math.min(at + part, timers.length);
  this.at = end;
  for (let index = at; index < end; index++) {
    const timer = timers[index]!;
    const symbols = Object.getOwnPropertySymbols(timer);
    const isOurs = symbols.some((symbol) => symbol.description === 'reloadctl.own');
    const refed = symbols.find((symbol) => symbol.description === 'refed');
    // It may be over by now.
    if (isOurs || !refed || typeof timer._onTimeout !== 'function') continue;
    const handle: RawHandle = { c: 'Timeout', ref: timer[refed] === true };
    const numbered = symbols.find((symbol) => symbol.description === 'asyncId' || symbol.description === 'async_id_symbol');
    if (numbered && typeof timer[numbered] === 'number') handle.id = timer[numbered];
    const after = typeof timer._idleTimeout === 'number' ? timer._idleTimeout : 0;
    if (typeof timer._repeat === 'number') handle.repeat = timer._repeat;
    else handle.once = after;
    if (typeof timer._idleStart === 'number') handle.due = Math.max(0, timer._idleStart + after - started);
    const { fn, like } = callbacks.note(timer._onTimeout as Fn);
    if (fn !== undefined) handle.fn = [fn];
    if (like !== undefined) handle.like = like;
    const made = register?.of(timer) ?? (handle.id === undefined ? undefined : hook?.of(handle.id));
    if (made) {
      handle.stack = made.stack;
      handle.age = made.age;
    }
    handles.push(handle);
  }
  const left = timers.length - end;
  if (left === 0) this.timers = [];
  return JSON.stringify({ handles, cut, left, ...(left === 0 && { alike: callbacks.alike() }), tookMs: performance.now() - started });
}
