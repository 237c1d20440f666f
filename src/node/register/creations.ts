/** Notes who makes handles of the loop: by wrapped functions and by diagnostics channels, without any async hook. */
import childProcess from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import fs from 'node:fs';
import net from 'node:net';
import timers from 'node:timers';
import workerThreads from 'node:worker_threads';
import type { RawHandle } from '../probe/raw.ts';
import { capture, type Made, note, of } from './made.ts';
import { watchSleeps } from './sleeps.ts';
import { wrap, wrapBefore } from './wrap.ts';

const workers = new Set<WeakRef<workerThreads.Worker>>();
/** Who asked for what: undici makes the request long after fetch() was called. */
const fetches = new Map<string, Made[]>();

/** Returns the functions of Node as they were. */
export function watchCreations(): { setTimeout: unknown } {
  const original = { setTimeout: timers.setTimeout };
  for (const name of ['setTimeout', 'setInterval'] as const) {
    const isGlobal = globalThis[name] === timers[name];
    wrap(timers, name, (made, timer) => note(timer, made));
    if (isGlobal) Object.defineProperty(globalThis, name, { value: timers[name], writable: true, configurable: true, enumerable: true });
  }
  watchSleeps(original.setTimeout);
  wrapBefore(net.Server.prototype, 'listen', (made, server) => note(server, made));
  wrapBefore(net.Socket.prototype, 'connect', (made, socket) => note(socket, made));
  wrap(childProcess.ChildProcess.prototype, 'spawn', (made, _result, child) => {
    note(child, made);
    for (const stream of (child as childProcess.ChildProcess).stdio ?? []) note(stream, made);
    // The channel of fork().
    note(hiddenOf(child, 'kChannelHandle'), made);
  });
  wrap(fs, 'watch', (made, watcher) => note(watcher, made));
  wrap(fs, 'watchFile', (made, watcher) => note(watcher, made));
  const onWorker = (message: unknown): void => {
    const { worker } = message as { worker: workerThreads.Worker };
    note(worker, capture(onWorker));
    const ref = new WeakRef(worker);
    workers.add(ref);
    worker.once('exit', () => workers.delete(ref));
  };
  subscribe('worker_threads', onWorker);
  const onDatagram = (message: unknown): void => note((message as { socket: object }).socket, capture(onDatagram));
  subscribe('udp.socket', onDatagram);
  const onRequest = (message: unknown): void => note((message as { request: object }).request, capture(onRequest));
  subscribe('http.client.request.start', onRequest);
  watchPorts();
  watchFetch();
  watchStdin();
  return original;
}

/** By the description of a symbol of the runtime's own. */
function hiddenOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const symbol = Object.getOwnPropertySymbols(value).find(({ description }) => description === name);
  return symbol && (value as Record<symbol, unknown>)[symbol];
}

function watchPorts(): void {
  for (const name of ['MessageChannel', 'BroadcastChannel'] as const) {
    const original = workerThreads[name];
    const proxy = new Proxy(original, {
      construct(target, args, newTarget): object {
        const made = capture(this.construct as never);
        const result = Reflect.construct(target, args, newTarget) as { port1?: object; port2?: object };
        note(result, made);
        note(result.port1, made);
        note(result.port2, made);
        // What a BroadcastChannel stands for is what the loop has.
        note(hiddenOf(result, 'kHandle'), made);
        return result;
      },
    });
    (workerThreads as Record<string, unknown>)[name] = proxy;
    if (name in globalThis) Object.defineProperty(globalThis, name, { value: proxy, writable: true, configurable: true, enumerable: false });
  }
}

/** By origin, path and method: the first who asked is the first that is served. */
function watchFetch(): void {
  if (typeof globalThis.fetch !== 'function') return;
  wrapBefore(globalThis, 'fetch', (made, _, [input, init]) => {
    const key = fetchKey(input, init);
    // Some never become a request: data: URLs, what was aborted at once.
    if (fetches.size > 1000) fetches.clear();
    if (key !== undefined) fetches.set(key, [...(fetches.get(key) ?? []).slice(-100), made]);
  });
  const onCreate = (message: unknown): void => {
    const { request } = message as { request: { origin?: unknown; path?: unknown; method?: unknown } };
    const key = `${String(request.method)} ${String(request.origin)}${String(request.path)}`;
    const waiting = fetches.get(key);
    const made = waiting?.shift();
    if (waiting?.length === 0) fetches.delete(key);
    // Whoever uses undici itself makes the request in the call.
    note(request, made ?? capture(onCreate));
  };
  subscribe('undici:request:create', onCreate);
}

function fetchKey(input: unknown, init: unknown): string | undefined {
  try {
    const asked = input as { url?: unknown; method?: unknown };
    const url = new URL(typeof input === 'string' ? input : String(asked.url ?? input));
    const method = String((init as { method?: unknown } | undefined)?.method ?? (typeof asked.method === 'string' ? asked.method : 'GET')).toUpperCase();
    return `${method} ${url.origin}${url.pathname}${url.search}`;
  } catch {
    return undefined;
  }
}

/** It is made at the first look at process.stdin, which is where it is used. */
function watchStdin(): void {
  const descriptor = Object.getOwnPropertyDescriptor(process, 'stdin');
  const get = descriptor?.get;
  if (!get || !descriptor.configurable) return;
  const first = function (this: unknown): unknown {
    const made = capture(first as never);
    const stream: unknown = Reflect.apply(get, this, []);
    note(stream, made);
    return stream;
  };
  Object.defineProperty(process, 'stdin', { ...descriptor, get: first });
}

/** Workers are no handles of _getActiveHandles(). */
export function listWorkers(): RawHandle[] {
  return [...workers].flatMap((ref) => {
    const worker = ref.deref();
    if (!worker) return [];
    return [{ c: 'Worker', thread: worker.threadId, ...of(worker) }];
  });
}
