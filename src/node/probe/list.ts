/**
 * Runs inside the target, as the text of these functions: they must not use anything of this file but their arguments, nor call
 * functions of the application, nor throw. Getters may throw, names may be a gigabyte long, anything may be a proxy.
 */
import type { RawFrame, RawHandle, RawList } from './raw.ts';

/** What the preload of ours, when it is there, knows of an object. */
interface Register {
  of(value: object): { stack: RawFrame[]; age: number } | undefined;
  /** Open files and workers. */
  extras(): RawHandle[];
  /** The stream that has opened this descriptor. */
  streamOf?(fd: number): object | undefined;
}

type Loose = Record<PropertyKey, unknown>;
type Fn = (...args: unknown[]) => unknown;

/** What is kept in the target between two parts of one list. */
export interface Listing {
  active?: unknown[];
  at?: number;
  functions?: Fn[];
  numbers?: Map<Fn, number>;
  /** Streams that nobody reads, by their descriptors, for a second look at the very same. */
  suspects?: { fd: number; stream: WeakRef<object> }[];
  isUnread?: (stream: unknown) => boolean;
}

/** The descriptors of those that nobody reads still. Runs inside the target, on what listHandles() left. */
export function stillUnread(this: Listing): string {
  const { suspects = [], isUnread } = this;
  return JSON.stringify(suspects.filter(({ stream }) => isUnread?.(stream.deref()) === true).map(({ fd }) => fd));
}

/**
 * Lists the handles that keep the loop alive, with the functions that are called when something happens on them: the next `part` of
 * them at each call, so that the loop turns in between. Returns the JSON of a RawList; `left` says how many are to come.
 */
export function listHandles(this: Listing, most: number, part: number): string {
  const started = performance.now();
  this.functions ??= [];
  this.numbers ??= new Map();
  const { functions, numbers } = this;
  const handles: RawHandle[] = [];
  const runtime = process as unknown as Loose;
  const register = (globalThis as unknown as Loose)[Symbol.for('reloadctl.register')] as Register | undefined;
  const hook = (globalThis as unknown as Loose)[Symbol.for('reloadctl.hook')] as { of(id: number): { stack: RawFrame[]; age: number } | undefined } | undefined;

  const get = (value: unknown, key: PropertyKey): unknown => {
    try {
      return (value as Loose)[key];
    } catch {
      return undefined;
    }
  };
  const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 300) : '');
  const number = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);
  /** A symbol of the runtime's own, by its description. */
  const hidden = (value: unknown, name: string): unknown => {
    try {
      for (const symbol of Object.getOwnPropertySymbols(value)) if (symbol.description === name) return get(value, symbol);
    } catch {
      // A proxy.
    }
    return undefined;
  };
  /** Thousands of sockets have one prototype. */
  const chains = new Map<unknown, string>();
  const chainOf = (value: unknown): string => {
    const names: string[] = [];
    let first: unknown;
    try {
      first = Object.getPrototypeOf(value);
      const known = chains.get(first);
      if (known !== undefined) return known;
      for (let at = first; at !== null && names.length < 8; at = Object.getPrototypeOf(at)) {
        names.push(text(get(get(at, 'constructor'), 'name')).slice(0, 60) || '?');
      }
    } catch {
      // A proxy.
    }
    const chain = names.join(' ');
    if (first !== undefined) chains.set(first, chain);
    return chain;
  };
  const note = (found: unknown): number | undefined => {
    if (typeof found !== 'function') return undefined;
    // once() wraps.
    const original = get(found, 'listener');
    const fn = (typeof original === 'function' ? original : found) as Fn;
    const known = numbers.get(fn);
    if (known !== undefined) return known;
    if (functions.length >= 400) return undefined;
    numbers.set(fn, functions.length);
    return functions.push(fn) - 1;
  };
  const listeners = (value: unknown, ...events: string[]): number[] => {
    const all = get(value, '_events');
    const found: number[] = [];
    for (const event of events) {
      const heard = get(all, event);
      const list = Array.isArray(heard) ? heard : [heard];
      for (let i = list.length - 1; i >= 0 && i >= list.length - 3; i--) {
        const index = note(list[i]);
        if (index !== undefined && !found.includes(index)) found.push(index);
      }
    }
    return found.slice(0, 6);
  };
  const hears = (value: unknown, event: string): boolean => get(get(value, '_events'), event) !== undefined;
  const fdOf = (native: unknown): number | undefined => {
    const fd = number(get(native, 'fd'));
    return fd === undefined || fd < 0 ? undefined : fd;
  };
  const refOf = (native: unknown): boolean | undefined => {
    try {
      return (native as { hasRef(): boolean }).hasRef() === true;
    } catch {
      return undefined;
    }
  };
  /** The id that the runtime gave it: one for each handle, never used again. */
  const asyncIdOf = (value: unknown, native: unknown): number | undefined => {
    try {
      return (native as { getAsyncId(): number }).getAsyncId();
    } catch {
      return number(hidden(value, 'async_id_symbol'));
    }
  };
  /** Its data was not asked for, and some waits. */
  const waits = (readable: unknown): boolean => {
    const state = get(readable, '_readableState');
    return get(readable, 'destroyed') !== true && get(state, 'endEmitted') !== true && get(state, 'flowing') !== true && (number(get(state, 'length')) ?? 0) > 0;
  };

  /** Neither a pipe nor a listener is there, and an iterator is one, too, between its turns: back pressure is reading. Of a pipe into a transformation its end counts. */
  const isUnread = (stream: unknown, steps = 0): boolean => {
    const state = get(stream, '_readableState');
    if (typeof state !== 'object' || state === null || get(stream, 'destroyed') === true || get(state, 'endEmitted') === true) return false;
    const pipes = get(state, 'pipes');
    if (Array.isArray(pipes) && pipes.length > 0) {
      const into: unknown = pipes[0];
      return pipes.length === 1 && steps < 5 && typeof get(into, '_transform') === 'function' && isUnread(into, steps + 1);
    }
    return get(state, 'flowing') !== true && !hears(stream, 'data') && !hears(stream, 'readable');
  };
  this.isUnread = (stream) => isUnread(stream);
  this.suspects ??= [];
  const { suspects } = this;
  const suspect = (fd: number | undefined, stream: unknown): boolean => {
    if (!isUnread(stream)) return false;
    if (fd !== undefined && suspects.length < 500) suspects.push({ fd, stream: new WeakRef(stream as object) });
    return true;
  };

  /** The request in progress of a socket. */
  const requests = new Map<unknown, unknown>();
  const httpOf = (socket: unknown, fd: number | undefined): RawHandle['http'] => {
    const message = get(socket, '_httpMessage');
    if (typeof message === 'object' && message !== null) {
      const asked = get(message, 'req');
      if (asked !== undefined && asked !== null) return { method: text(get(asked, 'method')), url: text(get(asked, 'url')), side: 'server' };
      requests.set(socket, message);
      const response = get(message, 'res');
      return {
        method: text(get(message, 'method')),
        url: `${text(get(message, 'protocol'))}//${text(get(message, 'host'))}${text(get(message, 'path'))}`,
        side: 'client',
        ...(response !== undefined && response !== null && { status: number(get(response, 'statusCode')) ?? 0, unread: waits(response) && suspect(fd, response) }),
      };
    }
    // undici, which fetch() is.
    const client = hidden(socket, 'client');
    if (typeof client !== 'object' || client === null) return undefined;
    const parser = hidden(socket, 'parser');
    const queue = hidden(client, 'queue');
    const request = Array.isArray(queue) ? queue[number(hidden(client, 'running index')) ?? 0] : undefined;
    if (typeof request !== 'object' || request === null) return undefined;
    requests.set(socket, request);
    const status = number(get(parser, 'statusCode'));
    const origin = get(request, 'origin');
    // Of fetch(), and of undici.request().
    const handler = hidden(request, 'handler');
    const body = get(handler, 'body') ?? get(handler, 'res');
    return {
      method: text(get(request, 'method')),
      url: `${typeof origin === 'string' ? text(origin) : text(get(origin, 'origin'))}${text(get(request, 'path'))}`,
      side: 'client',
      ...(status ? { status, unread: waits(socket) && (typeof body === 'object' && body !== null ? suspect(fd, body) : true) } : {}),
    };
  };

  const streamOf = (value: unknown, handle: RawHandle): void => {
    const readable = get(value, '_readableState');
    const writable = get(value, '_writableState');
    handle.rlen = number(get(readable, 'length')) ?? 0;
    handle.flow = get(readable, 'flowing') as boolean | null;
    handle.rend = get(readable, 'ended') === true;
    handle.wend = get(writable, 'ending') === true || get(writable, 'ended') === true;
    handle.reads = hears(value, 'data') || hears(value, 'readable');
    if (get(value, 'destroyed') === true) handle.destroyed = true;
    if (get(value, 'connecting') === true) handle.connecting = true;
    // What a server accepted knows it.
    const server = get(value, 'server') ?? get(value, '_server');
    if (typeof server === 'object' && server !== null) {
      handle.acc = true;
      const made = register?.of(server);
      if (made) handle.stack = made.stack;
    }
    if (get(value, 'allowHalfOpen') === true) handle.half = true;
    const http = httpOf(value, handle.fd);
    if (http) handle.http = http;
  };

  /** Streams of children, by their pid; and what each handle was made of. */
  const streamsOf = new Map<unknown, number>();
  const of: unknown[] = [];
  const describe = (value: unknown): void => {
    const c = chainOf(value);
    const handle: RawHandle = { c };
    const isDatagram = c.startsWith('Socket EventEmitter');
    // Reading _handle of a datagram socket prints a warning into the target's stderr.
    const native = isDatagram ? get(hidden(value, 'state symbol'), 'handle') : get(value, '_handle');
    if (c.startsWith('MessagePort') || c.startsWith('BroadcastChannel')) {
      const ref = refOf(value);
      if (ref !== undefined) handle.ref = ref;
    }
    if (typeof native === 'object' && native !== null) {
      handle.n = chainOf(native).split(' ')[0] ?? '';
      const fd = fdOf(native);
      if (fd !== undefined) handle.fd = fd;
      const ref = refOf(native);
      if (ref !== undefined) handle.ref = ref;
    }
    if (handle.fd === undefined && c.includes('Stream')) {
      const fd = number(get(value, 'fd'));
      if (fd !== undefined && fd >= 0) handle.fd = fd;
    }
    if (c.includes('ChildProcess')) {
      const pid = number(get(value, 'pid'));
      if (pid !== undefined) handle.pid = pid;
      handle.file = text(get(value, 'spawnfile'));
      const stdio = get(value, 'stdio');
      if (Array.isArray(stdio) && pid !== undefined) for (const stream of stdio) if (stream) streamsOf.set(stream, pid);
      handle.fn = listeners(value, 'exit', 'close', 'message', 'error');
    } else if (c.includes('Duplex')) {
      streamOf(value, handle);
      handle.fn = listeners(value, 'data', 'readable', 'end', 'close', 'error', 'connect');
    } else if (/(^| )(Http2Secure|Http2|)Server( |$)/.test(c)) {
      const conns = number(get(value, '_connections'));
      if (conns !== undefined) handle.conns = conns;
      handle.listening = true;
      const key = get(value, '_connectionKey');
      if (typeof key === 'string' && handle.n === 'Pipe') handle.path = text(key);
      const pipeName = get(value, '_pipeName');
      if (typeof pipeName === 'string') handle.path = text(pipeName);
      handle.fn = listeners(value, 'request', 'stream', 'secureConnection', 'connection', 'listening', 'close');
    } else {
      handle.fn = listeners(value, 'message', 'change', 'data', 'listening', 'error', 'close');
    }
    if (handle.fn?.length === 0) delete handle.fn;
    const id = asyncIdOf(value, native);
    if (id !== undefined) handle.id = id;
    const made = register?.of(value as object) ?? (id === undefined ? undefined : hook?.of(id));
    if (made) {
      handle.stack = made.stack;
      handle.age = made.age;
    }
    const message = requests.get(value);
    const asked = typeof message === 'object' && message !== null ? register?.of(message) : undefined;
    if (asked) {
      handle.ask = asked.stack;
      handle.age ??= asked.age;
    }
    handles.push(handle);
    of.push(value);
  };

  let cut = 0;
  const isFirst = this.active === undefined;
  const active = (this.active ??= (runtime._getActiveHandles as undefined | (() => unknown[]))?.() ?? []);
  const end = Math.min((this.at ?? 0) + part, most, active.length);
  if (active.length > most) cut = active.length - most;
  for (let index = this.at ?? 0; index < end; index++) {
    try {
      describe(active[index]);
    } catch {
      handles.length = of.length;
      handles.push({ c: '?' });
      of.push(undefined);
    }
  }
  of.forEach((value, index) => {
    const child = streamsOf.get(value);
    const handle = handles[index];
    if (child !== undefined && handle) handle.pid = child;
  });
  const pending: string[] = [];
  this.at = end;
  for (const value of isFirst ? ((runtime._getActiveRequests as undefined | (() => unknown[]))?.() ?? []) : []) {
    if (pending.length < 1000) pending.push(chainOf(value).split(' ')[0] ?? '?');
  }
  const extras = isFirst ? (register?.extras() ?? []) : [];
  for (const extra of extras) if (extra.fd !== undefined && suspect(extra.fd, register?.streamOf?.(extra.fd))) extra.unread = true;
  const resources: Record<string, number> = {};
  for (const name of isFirst ? ((runtime.getActiveResourcesInfo as undefined | (() => string[]))?.() ?? []) : []) resources[name] = (resources[name] ?? 0) + 1;
  const deno = get(globalThis, 'Deno');
  if (end >= Math.min(most, active.length)) {
    // For a second look only suspects are kept, weakly.
    this.active = [];
    of.length = 0;
    requests.clear();
    streamsOf.clear();
  }
  const answer: RawList = {
    pid: process.pid,
    version: text(deno === undefined ? process.version : get(get(deno, 'version'), 'deno')),
    runtime: deno === undefined ? 'node' : 'deno',
    main: true,
    handles,
    requests: pending,
    extras,
    left: Math.max(0, Math.min(most, active.length) - end),
    preloaded: register !== undefined,
    cut,
    resources,
    tookMs: performance.now() - started,
  };
  return JSON.stringify(answer);
}
