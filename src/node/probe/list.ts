/**
 * Runs inside the target, as the text of these functions: they must not use anything of this file but their arguments, nor call
 * functions of the application, nor throw. Getters may throw, names may be a gigabyte long, anything may be a proxy.
 */
import { type Callbacks, callbacksOf } from './callbacks.ts';
import { type Describing, describingOf } from './describe.ts';
import { http2Of, httpOf } from './http.ts';
import type { RawFrame, RawHandle, RawList } from './raw.ts';
import { type Unread, unreadOf } from './unread.ts';
import { type Fn, type Loose, type Ways, waysOf } from './ways.ts';

/** What the preload of ours, when it is there, knows of an object. */
interface Register {
  of(value: object): { stack: RawFrame[]; age: number } | undefined;
  /** Open files and workers. */
  extras(): RawHandle[];
  /** The stream that has opened this descriptor. */
  streamOf?(fd: number): object | undefined;
}

const PARTS = { waysOf, unreadOf, callbacksOf, describingOf, httpOf, http2Of };

/** What is kept in the target between two parts of one list, and for a second look. */
export type Listing = typeof PARTS & {
  active?: unknown[];
  at?: number;
  functions?: Fn[];
  ways?: Ways;
  unread?: Unread;
  callbacks?: Callbacks;
  describing?: Describing | undefined;
};

export function newListing(): Listing {
  return { ...PARTS };
}

/** The same, as an expression. */
export const NEW_LISTING = `({ ${Object.entries(PARTS).map(([name, fn]) => `${name}: ${String(fn)}`).join(', ')} })`;

/**
 * Lists the handles that keep the loop alive, with the functions that are called when something happens on them: the next `part` of
 * them at each call, so that the loop turns in between. Returns the JSON of a RawList; `left` says how many are to come.
 */
export function listHandles(this: Listing, most: number, part: number): string {
  const started = performance.now();
  const runtime = process as unknown as Loose;
  const register = (globalThis as unknown as Loose)[Symbol.for('reloadctl.register')] as Register | undefined;
  const hook = (globalThis as unknown as Loose)[Symbol.for('reloadctl.hook')] as { of(id: number): { stack: RawFrame[]; age: number } | undefined } | undefined;
  const ways = (this.ways ??= this.waysOf());
  const unread = (this.unread ??= this.unreadOf(ways));
  const callbacks = (this.callbacks ??= this.callbacksOf());
  this.functions = callbacks.functions;
  const { get, text, chainOf } = ways;
  const { httpOf, http2Of } = this;
  this.describing ??= this.describingOf({ ways, unread, callbacks, httpOf, http2Of, makers: { ofObject: (value) => register?.of(value), ofId: (id) => hook?.of(id) } });
  const { describe, childOf } = this.describing;

  const isFirst = this.active === undefined;
  const active = (this.active ??= (runtime._getActiveHandles as undefined | (() => unknown[]))?.() ?? []);
  const start = this.at ?? 0;
  const end = Math.min(start + part, most, active.length);
  const handles: RawHandle[] = [];
  for (let index = start; index < end; index++) {
    try {
      handles.push(describe(active[index]));
    } catch {
      handles.push({ c: '?' });
    }
  }
  handles.forEach((handle, index) => {
    const child = childOf(active[start + index]);
    if (child !== undefined) handle.pid = child;
  });
  this.at = end;
  const left = Math.max(0, Math.min(most, active.length) - end);
  const cut = Math.max(0, active.length - most);
  const pending: string[] = [];
  for (const value of isFirst ? ((runtime._getActiveRequests as undefined | (() => unknown[]))?.() ?? []) : []) {
    if (pending.length < 1000) pending.push(chainOf(value).split(' ')[0] ?? '?');
  }
  const extras = isFirst ? (register?.extras() ?? []) : [];
  for (const extra of extras) if (extra.fd !== undefined && unread.suspect(extra.fd, register?.streamOf?.(extra.fd))) extra.unread = true;
  const resources: Record<string, number> = {};
  for (const name of isFirst ? ((runtime.getActiveResourcesInfo as undefined | (() => string[]))?.() ?? []) : []) resources[name] = (resources[name] ?? 0) + 1;
  const loaded = isFirst ? get(process, 'moduleLoadList') : undefined;
  const isCluster = Array.isArray(loaded) && loaded.some((name) => name === 'NativeModule internal/cluster/child' || name === 'NativeModule internal/cluster/primary');
  const deno = get(globalThis, 'Deno');
  // What Deno itself has open, by the names that it has for it; those of node:net and the like are among the active handles.
  let named: boolean | undefined;
  if (deno !== undefined && isFirst) {
    try {
      const { core } = (deno as Record<symbol, { core: { resources(): Record<string, string> } }>)[(deno as { internal: symbol }).internal]!;
      for (const [id, name] of Object.entries(core.resources()).slice(0, most)) if (!/^std(?:in|out|err)$/.test(name)) handles.push({ c: `DenoResource ${text(name)}`, id: Number(id) });
      named = true;
    } catch {
      // Of another version.
    }
  }
  if (left === 0) {
    // For a second look only suspects are kept, weakly.
    this.active = [];
    this.describing = undefined;
  }
  const answer: RawList = {
    pid: process.pid,
    version: text(deno === undefined ? process.version : get(get(deno, 'version'), 'deno')),
    runtime: deno === undefined ? 'node' : 'deno',
    main: true,
    handles,
    requests: pending,
    extras,
    left,
    preloaded: register !== undefined,
    ...(isCluster && { cluster: true }),
    ...(named && { named }),
    cut,
    resources,
    ...(left === 0 && { alike: callbacks.alike() }),
    tookMs: performance.now() - started,
  };
  return JSON.stringify(answer);
}
