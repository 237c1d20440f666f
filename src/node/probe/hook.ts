/** Runs inside the target, as the text of these functions: see list.ts. Notes the stack of what is made from now on. */
import type { RawFrame } from './raw.ts';

export interface HookOptions {
  /** Removed after so many ms in any case, whatever becomes of us; 0: it is the program's own, and stays. */
  ttlMs: number;
  promises: boolean;
  timers: boolean;
  /** Entries at most: what is made beyond is not noted. */
  most: number;
  /** Turned off when taking stacks costs more than this part of the time; 0: never. */
  mostOverhead: number;
  /** A promise that waits for longer waits for long, ms. */
  oldMs: number;
}

export interface HookState {
  on: boolean;
  /** Why it turned itself off. */
  off?: string;
  entries: number;
  /** Promises cost nothing unless asked for. */
  cheap: boolean;
}

/** Returns the JSON of a HookState. A second call gives more time. */
export function installHook(options: HookOptions): string {
  type Entry = { holder: { stack?: unknown }; at: number; type: string; trigger: number; frames?: RawFrame[] };
  type Api = { renew(ttlMs: number): void; state(): HookState };
  const key = Symbol.for('reloadctl.hook');
  const world = globalThis as unknown as Record<symbol, Api | undefined>;
  const before = world[key];
  if (before) {
    before.renew(options.ttlMs);
    return JSON.stringify(before.state());
  }
  const load = (process as { getBuiltinModule?: (name: string) => unknown }).getBuiltinModule ?? ((globalThis as unknown as { require: (name: string) => unknown }).require || require);
  const hooks = load('node:async_hooks') as typeof import('node:async_hooks');
  const { performance: clock } = globalThis;
  const entries = new Map<number, Entry>();
  const skipped = new Set(['RANDOMBYTESREQUEST', 'TickObject', 'Immediate', 'PerformanceObserver', 'Microtask', 'FSREQCALLBACK', 'FSREQPROMISE', 'TLSWRAP', 'SIGNREQUEST', 'HASHREQUEST']);
  if (!options.promises) skipped.add('PROMISE');
  if (!options.promises && !options.timers) skipped.add('Timeout');
  let off: string | undefined;
  /** ms that it took so far. */
  let spent = 0;
  // What is made by us here is none of it.
  let busy = false;
  const init = (id: number, type: string, trigger: number): void => {
    if (busy || skipped.has(type) || entries.size >= options.most) return;
    busy = true;
    const from = clock.now();
    const holder: { stack?: unknown } = {};
    const limit = Error.stackTraceLimit;
    try {
      Error.stackTraceLimit = 10;
      Error.captureStackTrace(holder, init);
      Error.stackTraceLimit = limit;
    } catch {
      // Frozen by the application.
    }
    entries.set(id, { holder, at: from, type, trigger });
    spent += clock.now() - from;
    busy = false;
  };
  const forget = (id: number): void => void entries.delete(id);
  /** Promises that settled after waiting for long: their lines only take their time. */
  const late: Entry[] = [];
  const settle = (id: number): void => {
    const entry = entries.get(id);
    if (entry && late.length < 500 && clock.now() - entry.at > options.oldMs) late.push(entry);
    entries.delete(id);
  };
  // Unknown to Node before 24.21: then promises are followed by the runtime, and left out by us.
  let cheap = false;
  try {
    hooks.createHook({ init: () => undefined, trackPromises: 'x' } as never);
  } catch {
    cheap = !options.promises;
  }
  const hook = hooks.createHook({ init, destroy: forget, ...(options.promises ? { promiseResolve: settle } : cheap ? { trackPromises: false } : {}) } as never);
  const stays = options.ttlMs === 0;
  const remove = (): void => {
    if (stays) return;
    hook.disable();
    clearTimeout(end);
    clearInterval(watch);
    delete world[key];
  };
  let end = stays ? undefined : setTimeout(remove, options.ttlMs);
  end?.unref();
  let last = clock.now();
  const watch = stays ? undefined : setInterval(() => {
    const now = clock.now();
    const part = spent / (now - last);
    last = now;
    spent = 0;
    if (options.mostOverhead > 0 && part > options.mostOverhead) {
      off = `taking stacks cost ${Math.round(part * 100)} % of the time`;
      hook.disable();
    }
  }, 1000);
  watch?.unref();
  for (const own of [end, watch]) if (own) Object.defineProperty(own, Symbol('reloadctl.own'), { value: true });
  const framesOf = (entry: Entry): RawFrame[] => {
    if (entry.frames) return entry.frames;
    const described = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
    try {
      Object.defineProperty(Error, 'prepareStackTrace', { configurable: true, writable: true, value: (_: unknown, sites: unknown) => sites });
      const sites = entry.holder.stack as NodeJS.CallSite[];
      entry.frames = Array.isArray(sites)
        ? sites.map((site) => ({ func: site.getFunctionName() ?? '', file: site.getFileName() ?? '', line: site.getLineNumber() ?? 0, column: site.getColumnNumber() ?? 0 }))
        : [];
    } catch {
      entry.frames = [];
    } finally {
      if (described) Object.defineProperty(Error, 'prepareStackTrace', described);
      else delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
    }
    return entry.frames;
  };
  const isUser = ({ file }: RawFrame): boolean => file !== '' && !file.startsWith('node:');
  const api = {
    /** With the frames of what triggered it, where it has none of the application itself. */
    of(id: number): { stack: RawFrame[]; age: number } | undefined {
      const entry = entries.get(id);
      if (!entry) return undefined;
      let stack = framesOf(entry);
      for (let at: Entry | undefined = entry, steps = 0; at && !stack.some(isUser) && steps < 20; steps++) {
        at = entries.get(at.trigger);
        if (at) stack = [...stack, ...framesOf(at)].slice(0, 60);
      }
      return { stack, age: clock.now() - entry.at };
    },
    promises(): string {
      const groups = new Map<string, { stack: RawFrame[]; count: number; old: number; late: number; age: number }>();
      const placeOf = (stack: RawFrame[]): string | undefined => {
        const top = stack.find(isUser);
        return top && `${top.file}:${top.line}:${top.column}`;
      };
      for (const entry of entries.values()) {
        if (entry.type !== 'PROMISE') continue;
        const stack = framesOf(entry);
        const place = placeOf(stack);
        if (place === undefined) continue;
        const group = groups.get(place) ?? { stack, count: 0, old: 0, late: 0, age: 0 };
        const age = clock.now() - entry.at;
        group.count++;
        if (age > options.oldMs) group.old++;
        group.age = Math.max(group.age, age);
        groups.set(place, group);
      }
      for (const entry of late) {
        const group = groups.get(placeOf(framesOf(entry)) ?? '');
        if (group) group.late++;
      }
      return JSON.stringify([...groups.values()].sort((a, b) => b.count - a.count).slice(0, 200));
    },
    renew(ttlMs: number): void {
      if (stays) return;
      clearTimeout(end);
      end = setTimeout(remove, ttlMs);
      end.unref();
      Object.defineProperty(end, Symbol('reloadctl.own'), { value: true });
    },
    state: (): HookState => ({ on: off === undefined, ...(off !== undefined && { off }), entries: entries.size, cheap }),
    remove,
  };
  Object.defineProperty(world, key, { value: api, configurable: true, enumerable: false });
  hook.enable();
  return JSON.stringify(api.state());
}
