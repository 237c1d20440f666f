/** Runs inside the target, as the text of this function: see list.ts. */
import type { Callbacks } from './callbacks.ts';
import type { http2Of, httpOf } from './http.ts';
import type { RawFrame, RawHandle } from './raw.ts';
import type { Unread } from './unread.ts';
import type { Ways } from './ways.ts';

/** Who knows where something was made: our preload, our hook. */
export interface Makers {
  ofObject(value: object): { stack: RawFrame[]; age: number } | undefined;
  ofId(id: number): { stack: RawFrame[]; age: number } | undefined;
}

export interface Tools {
  ways: Ways;
  unread: Unread;
  callbacks: Callbacks;
  makers: Makers;
  httpOf: typeof httpOf;
  http2Of: typeof http2Of;
}

export interface Describing {
  /** What one handle of the loop is. Throws for what is none. */
  describe(value: unknown): RawHandle;
  /** The child whose stream it is; known when all were described. */
  childOf(value: unknown): number | undefined;
}

export function describingOf({ ways, unread, callbacks, makers, httpOf, http2Of }: Tools): Describing {
  const { get, text, number, hidden, chainOf, hears, fdOf, refOf, asyncIdOf } = ways;
  /** Requests in progress, by their sockets. */
  const requests = new Map<unknown, unknown>();
  /** Streams of children, by their pid. */
  const children = new Map<unknown, number>();

  const noteListeners = (handle: RawHandle, value: unknown, ...events: string[]): void => {
    const all = get(value, '_events');
    const found: number[] = [];
    for (const event of events) {
      const heard = get(all, event);
      const list = Array.isArray(heard) ? heard : [heard];
      for (let i = list.length - 1; i >= 0 && i >= list.length - 3; i--) {
        if (typeof list[i] !== 'function') continue;
        // once() wraps.
        const original = get(list[i], 'listener');
        const { fn, like } = callbacks.note((typeof original === 'function' ? original : list[i]) as never);
        if (fn !== undefined && !found.includes(fn)) found.push(fn);
        if (like !== undefined) handle.like ??= like;
      }
    }
    if (found.length > 0) handle.fn = found.slice(0, 6);
  };

  const addStream = (handle: RawHandle, value: unknown): void => {
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
      const made = makers.ofObject(server);
      if (made) handle.stack = made.stack;
    }
    if (get(value, 'allowHalfOpen') === true) handle.half = true;
    Object.assign(handle, http2Of(ways, value) ?? httpOf(ways, unread, requests, value, handle.fd));
    noteListeners(handle, value, 'data', 'readable', 'end', 'close', 'error', 'connect');
  };

  const addChild = (handle: RawHandle, value: unknown): void => {
    const pid = number(get(value, 'pid'));
    if (pid !== undefined) handle.pid = pid;
    handle.file = text(get(value, 'spawnfile'));
    const stdio = get(value, 'stdio');
    if (Array.isArray(stdio) && pid !== undefined) for (const stream of stdio) if (stream) children.set(stream, pid);
    noteListeners(handle, value, 'exit', 'close', 'message', 'error');
  };

  const addServer = (handle: RawHandle, value: unknown): void => {
    const conns = number(get(value, '_connections'));
    if (conns !== undefined) handle.conns = conns;
    handle.listening = true;
    const key = get(value, '_connectionKey');
    if (typeof key === 'string' && handle.n === 'Pipe') handle.path = text(key);
    const pipeName = get(value, '_pipeName');
    if (typeof pipeName === 'string') handle.path = text(pipeName);
    noteListeners(handle, value, 'request', 'stream', 'secureConnection', 'connection', 'listening', 'close');
  };

  const addMaker = (handle: RawHandle, value: unknown): void => {
    const made = makers.ofObject(value as object) ?? (handle.id === undefined ? undefined : makers.ofId(handle.id));
    if (made) {
      handle.stack = made.stack;
      handle.age = made.age;
    }
    const message = requests.get(value);
    const asked = typeof message === 'object' && message !== null ? makers.ofObject(message) : undefined;
    if (asked) {
      handle.ask = asked.stack;
      handle.age ??= asked.age;
    }
  };

  const describe = (value: unknown): RawHandle => {
    const c = chainOf(value);
    const handle: RawHandle = { c };
    const isDatagram = c.startsWith('Socket EventEmitter');
    // Reading _handle of a datagram socket prints a warning into the target's stderr.
    const native = isDatagram ? get(hidden(value, 'state symbol'), 'handle') : get(value, '_handle');
    const isPort = c.startsWith('MessagePort') || c.startsWith('BroadcastChannel');
    const isNative = typeof native === 'object' && native !== null;
    if (isNative) handle.n = chainOf(native).split(' ')[0] ?? '';
    const fd = isNative ? fdOf(native) : undefined;
    if (fd !== undefined) handle.fd = fd;
    const ref = isNative ? refOf(native) : isPort ? refOf(value) : undefined;
    if (ref !== undefined) handle.ref = ref;
    if (fd === undefined && c.includes('Stream')) {
      const own = number(get(value, 'fd'));
      if (own !== undefined && own >= 0) handle.fd = own;
    }
    if (c.includes('ChildProcess')) addChild(handle, value);
    else if (c.includes('Duplex')) addStream(handle, value);
    else if (/(^| )(Http2Secure|Http2|)Server( |$)/.test(c)) addServer(handle, value);
    else noteListeners(handle, value, 'message', 'change', 'data', 'listening', 'error', 'close');
    const id = asyncIdOf(value, native);
    if (id !== undefined) handle.id = id;
    addMaker(handle, value);
    return handle;
  };

  return { describe, childOf: (value) => children.get(value) };
}
