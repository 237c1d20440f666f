/** What runs inside targets, run in here: it must come through whatever it meets, and leave nothing. */
import { createServer, type Server } from 'node:net';
import { Duplex, PassThrough, Readable, Writable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { installHook } from '../../src/node/probe/hook.ts';
import { type Listing, listHandles, newListing } from '../../src/node/probe/list.ts';
import { callbacksOf } from '../../src/node/probe/callbacks.ts';
import type { RawTimers } from '../../src/node/probe/raw.ts';
import { collectTimers, listTimers } from '../../src/node/probe/timers.ts';
import { stillUnread } from '../../src/node/probe/unread.ts';
import { listUv } from '../../src/node/probe/uv.ts';
import type { Fn } from '../../src/node/probe/ways.ts';
import { capture, note, of } from '../../src/node/register/made.ts';
import { wrap, wrapBefore } from '../../src/node/register/wrap.ts';
import { decodeList, decodeUv } from '../../src/node/read/decode.ts';

type Internals = { _getActiveHandles(): unknown[] };
const internals = process as unknown as Internals;
const original = internals._getActiveHandles;
const servers: Server[] = [];

afterEach(async () => {
  internals._getActiveHandles = original;
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

function listen(): Promise<Server> {
  const server = createServer();
  servers.push(server);
  // With a host it would be made in a later turn, by nobody.
  return new Promise((resolve) => server.listen(0, () => resolve(server)));
}

const list = (listing: Listing, part = 50_000): ReturnType<typeof decodeList> => decodeList(JSON.parse(listHandles.call(listing, 50_000, part)));

describe('listHandles', () => {
  it('tells kind, descriptor and reference', async () => {
    const server = await listen();
    internals._getActiveHandles = () => [server];
    const found = list(newListing());
    expect(found).toMatchObject({ pid: process.pid, runtime: 'node', left: 0, cut: 0 });
    expect(found.handles).toHaveLength(1);
    expect(found.handles[0]).toMatchObject({ c: expect.stringMatching(/^Server /), n: 'TCP', ref: true, fd: expect.any(Number), id: expect.any(Number), listening: true });
  });

  it('goes on where it was', async () => {
    const server = await listen();
    internals._getActiveHandles = () => Array.from({ length: 5 }, () => server);
    const listing: Listing = newListing();
    expect([list(listing, 2), list(listing, 2), list(listing, 2)].map(({ handles, left }) => [handles.length, left])).toEqual([[2, 3], [2, 1], [1, 0]]);
  });

  it('comes through everything', () => {
    const thrower = new Proxy({}, { get() { throw new Error('get'); }, getPrototypeOf() { throw new Error('prototype'); }, ownKeys() { throw new Error('keys'); } });
    const liar = { _handle: { get fd(): number { throw new Error('fd'); }, hasRef: 'no' }, get _events(): never { throw new Error('events'); } };
    internals._getActiveHandles = () => [thrower, liar, null, undefined, 7, 'text', { constructor: { name: 'x'.repeat(1e6) } }, Object.create(null)];
    const found = list(newListing());
    expect(found.handles).toHaveLength(8);
    expect(JSON.stringify(found).length).toBeLessThan(10_000);
  });

  it('hands out the functions that are called, once each', async () => {
    const server = await listen();
    const heard = (): void => undefined;
    server.on('connection', heard);
    server.once('close', heard);
    internals._getActiveHandles = () => [server, server];
    const listing: Listing = newListing();
    list(listing);
    expect(listing.functions!.filter((fn) => fn === (heard as unknown))).toHaveLength(1);
  });
});

describe('who reads a stream', () => {
  /** A pooled connection of a client whose response is `response`. */
  const socketWith = (response: object): object => {
    const socket = Object.create(Duplex.prototype) as Record<string, unknown>;
    Object.assign(socket, { _handle: { fd: 20 }, _httpMessage: { method: 'GET', protocol: 'http:', host: 'x', path: '/', res: response } });
    return socket;
  };
  const unread = (response: object, listing: Listing = newListing()): boolean | undefined => {
    internals._getActiveHandles = () => [socketWith(response)];
    return list(listing).handles[0]?.http?.unread;
  };
  const source = (): Readable => new Readable({ read() {}, highWaterMark: 4 });
  const full = (): Readable => {
    const stream = source();
    stream.push('0123456789');
    return stream;
  };

  it('is nobody where there is neither a listener, a pipe nor an iterator', async () => {
    expect(unread(full())).toBe(true);
    const compressed = full();
    compressed.pipe(new PassThrough({ highWaterMark: 1 }));
    await new Promise((resolve) => setImmediate(resolve));
    compressed.push('more');
    expect(unread(compressed)).toBe(true);
  });

  it('is somebody who is slow: back pressure is reading', () => {
    const piped = full();
    piped.pipe(new Writable({ write() {}, highWaterMark: 1 }));
    expect(unread(piped)).toBeUndefined();
    const iterated = full();
    void iterated[Symbol.asyncIterator]().next();
    expect(unread(iterated)).toBeUndefined();
    const paused = full();
    paused.on('data', () => undefined).pause();
    expect(unread(paused)).toBeUndefined();
  });

  it('is asked again of the very same stream', async () => {
    const listing: Listing = newListing();
    const [first, second] = [full(), full()];
    expect(unread(first, listing)).toBe(true);
    expect(JSON.parse(stillUnread.call(listing))).toEqual([20]);
    internals._getActiveHandles = () => [socketWith(second)];
    first.resume();
    first.push(null);
    await new Promise((resolve) => first.once('end', resolve));
    expect(JSON.parse(stillUnread.call(listing))).toEqual([]);
  });
});

describe('listTimers', () => {
  it('leaves out what does not belong to the program', () => {
    const refed = Symbol('refed');
    const timer = (more: object): Record<PropertyKey, unknown> => ({ _onTimeout: () => undefined, _idleTimeout: 50, _idleStart: 0, _repeat: null, [refed]: true, ...more });
    const all = [timer({}), timer({ _repeat: 50 }), timer({ [Symbol('reloadctl.own')]: true }), { _onTimeout: () => undefined, _idleTimeout: 50 }];
    const head: Record<string, unknown> = {};
    let before = head;
    for (const one of all) {
      before._idlePrev = one;
      before = one as Record<string, unknown>;
    }
    before._idlePrev = head;
    const listing = collectTimers.call({ 50: head }, callbacksOf, 100);
    expect(JSON.parse(listTimers.call(listing, 100))).toMatchObject({ handles: [{ c: 'Timeout', once: 50, ref: true }, { c: 'Timeout', repeat: 50, ref: true }], cut: 0, left: 0 });
    expect(listing.functions).toHaveLength(2);
    expect(JSON.parse(listTimers.call(collectTimers.call({ 50: head }, callbacksOf, 1), 1))).toMatchObject({ cut: 2 });
    const parts = collectTimers.call({ 50: head }, callbacksOf, 100);
    expect([1, 1, 1].map(() => JSON.parse(listTimers.call(parts, 1)) as RawTimers).map(({ handles, left }) => [handles.length, left])).toEqual([[1, 2], [1, 1], [0, 0]]);
  });
});

describe('callbacksOf', () => {
  const closure = (): Fn => function sameText() { return closure; };

  it('has a number for each function, as long as they are few', () => {
    const { functions, note, alike } = callbacksOf();
    const [first, second] = [closure(), closure()];
    expect([note(first), note(second), note(first)]).toEqual([{ fn: 0 }, { fn: 1 }, { fn: 0 }]);
    expect(functions).toEqual([first, second]);
    expect(alike()).toEqual([]);
  });

  it('lets those that are written alike stand for each other, early ones and late ones', () => {
    const { functions, note, alike } = callbacksOf();
    const all = Array.from({ length: 5000 }, (_, index) => (index % 10 === 9 ? (): number => 1 : closure()) as Fn);
    const noted = all.map(note);
    expect(functions.length).toBeLessThanOrEqual(240);
    expect(new Set(noted.slice(120).map(({ like }) => like))).toEqual(new Set([0, 1]));
    const [many, few] = alike() as [number[], number[]];
    expect(many.every((index) => String(functions[index]).includes('sameText'))).toBe(true);
    expect(few.every((index) => !String(functions[index]).includes('sameText'))).toBe(true);
    expect(Math.max(...many.map((index) => all.indexOf(functions[index]!)))).toBeGreaterThan(2000);
  });

  it('calls nothing of the application', () => {
    const original = Object.getOwnPropertyDescriptor(Function.prototype, 'toString')!;
    let called = 0;
    Object.defineProperty(Function.prototype, 'toString', { configurable: true, writable: true, value: () => String(++called) });
    try {
      const { note } = callbacksOf();
      for (let made = 0; made < 200; made++) note(Object.assign(closure(), { toString: () => String(++called) }));
    } finally {
      Object.defineProperty(Function.prototype, 'toString', original);
    }
    expect(called).toBe(0);
  });
});

describe('listUv', () => {
  it('is what libuv walks, and leaves the setting as it was', () => {
    const report = process.report as unknown as { excludeNetwork?: boolean };
    const before = report.excludeNetwork;
    expect(decodeUv(listUv())?.some(({ type }) => type === 'async' || type === 'timer')).toBe(true);
    expect(report.excludeNetwork).toBe(before);
  });
});

describe('installHook', () => {
  it('knows who made a handle, turns off, and leaves nothing', async () => {
    const key = Symbol.for('reloadctl.hook');
    const world = globalThis as unknown as Record<symbol, { of(id: number): { stack: { file: string }[] } | undefined; remove(): void; promises(): string } | undefined>;
    const state: unknown = JSON.parse(installHook({ ttlMs: 60_000, promises: false, timers: false, most: 1000, mostOverhead: 0, oldMs: 1000 }));
    expect(state).toMatchObject({ on: true });
    const server = await listen();
    const { _handle: native } = server as unknown as { _handle: { getAsyncId(): number } };
    expect(world[key]?.of(native.getAsyncId())?.stack.some(({ file }) => file.includes('probe.test'))).toBe(true);
    world[key]?.remove();
    expect(key in globalThis).toBe(false);
  });

  it('is removed by its own timer', async () => {
    installHook({ ttlMs: 20, promises: false, timers: false, most: 10, mostOverhead: 0, oldMs: 1000 });
    await expect.poll(() => Symbol.for('reloadctl.hook') in globalThis, { timeout: 5000 }).toBe(false);
  });
});

describe('what the preload notes', () => {
  it('is the line of the caller, formatted only when asked for', () => {
    const thing = {};
    const made = (function make() {
      return capture(make as never);
    })();
    note(thing, made);
    note(thing, capture(() => undefined));
    const found = of(thing)!;
    expect(found.stack[0]?.file).toContain('probe.test');
    expect(found.age).toBeGreaterThanOrEqual(0);
    expect(of({})).toBeUndefined();
    expect(() => note(7, made)).not.toThrow();
  });

  it('does not run the formatter of the application', () => {
    const before = Error.prepareStackTrace;
    let ran = false;
    Error.prepareStackTrace = () => {
      ran = true;
      return '';
    };
    const thing = {};
    note(thing, capture(() => undefined));
    of(thing);
    Error.prepareStackTrace = before;
    expect(ran).toBe(false);
  });

  it('leaves functions as they are, but for who calls them', () => {
    const mark = Symbol('mark');
    const holder: Record<string, unknown> = { add: Object.assign(function add(this: unknown, a: number, b: number): number { return a + b; }, { [mark]: 1 }), no: 7, fail: () => { throw new TypeError('no'); } };
    const seen: unknown[] = [];
    const old = wrap(holder, 'add', (_made, result, self, args) => seen.push([result, self === holder, args]));
    const add = holder.add as ((a: number, b: number) => number) & { [mark]?: number };
    expect([add.call(holder, 1, 2), add.name, add.length, add[mark]]).toEqual([3, 'add', 2, 1]);
    expect(seen).toEqual([[3, true, [1, 2]]]);
    expect(old).not.toBe(add);
    expect(wrap(holder, 'no', () => undefined)).toBeUndefined();
    wrapBefore(holder, 'fail', () => undefined);
    expect(() => (holder.fail as () => void)()).toThrow(TypeError);
  });
});
