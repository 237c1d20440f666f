/** Files that JavaScript opens: no handle of the loop stands for them, so they are counted here. */
import fs from 'node:fs';
import type { RawHandle } from '../probe/raw.ts';
import { capture, type Made, written } from './made.ts';
import { wrap, wrapBefore } from './wrap.ts';

interface Opened {
  c: 'OpenFile' | 'FileHandle' | 'FileStream';
  path: string;
  made: Made;
  /** Of a FileHandle or stream: it may be collected, and then the descriptor is closed by Node itself. */
  object?: WeakRef<object>;
  /** Nobody holds it: once it is gone, garbage was collected since, and what is still there then is held by somebody. */
  canary?: WeakRef<object>;
  /** What the FileHandle stands for, held by us while garbage is collected: see holdFiles(). */
  native?: object | undefined;
}

/** By number. More than so many are not followed. */
const opened = new Map<number, Opened>();
const MOST = 20_000;
/** Streams that were made and have not opened their file yet: who made them, by path. */
const soon = new Map<string, { made: Made; stream: WeakRef<object> }[]>();

type Callback = (error: Error | null, fd?: number) => void;

export function watchFiles(): void {
  wrap(fs, 'openSync', (made, fd, _, [path]) => keep(fd, { c: 'OpenFile', path: text(path), made }));
  wrapBefore(fs, 'open', (made, _, args) => {
    const callback = args.at(-1);
    if (typeof callback !== 'function') return;
    const path = text(args[0]);
    const stream = soon.get(path)?.shift();
    if (soon.get(path)?.length === 0) soon.delete(path);
    args[args.length - 1] = (error: Error | null, fd?: number) => {
      if (!error) keep(fd, stream ? { c: 'FileStream', path, made: stream.made, object: stream.stream } : { c: 'OpenFile', path, made });
      (callback as Callback)(error, fd);
    };
  });
  wrapBefore(fs, 'close', (_made, _, [fd]) => void opened.delete(fd as number));
  wrapBefore(fs, 'closeSync', (_made, _, [fd]) => void opened.delete(fd as number));
  // Its createReadStream() makes them by these.
  for (const name of ['ReadStream', 'WriteStream'] as const) {
    const proxy: object = new Proxy(fs[name], {
      construct(target, args: [unknown, { fd?: unknown; fs?: unknown }?], newTarget): object {
        const made = capture(this.construct as never);
        const stream = Reflect.construct(target, args, newTarget) as object;
        const [path, options] = args;
        if (options?.fd !== undefined && options.fd !== null) return stream;
        // Some are destroyed before they open, or open through another module.
        if (soon.size > 1000) soon.clear();
        const key = text(path);
        soon.set(key, [...(soon.get(key) ?? []).slice(-100), { made, stream: new WeakRef(stream) }]);
        return stream;
      },
    });
    (fs as unknown as Record<string, unknown>)[name] = proxy;
  }
  watchFileHandles();
}

function watchFileHandles(): void {
  const { open } = fs.promises;
  const wrapped = async function (this: unknown, ...args: Parameters<typeof open>): ReturnType<typeof open> {
    const made = capture(wrapped as never);
    const handle = await Reflect.apply(open, this, args);
    const { fd } = handle;
    keep(fd, { c: 'FileHandle', path: text(args[0]), made, object: new WeakRef(handle), canary: new WeakRef({}) });
    (handle as unknown as NodeJS.EventEmitter).once('close', () => void opened.delete(fd));
    return handle;
  };
  Object.defineProperty(wrapped, 'name', { value: 'open' });
  fs.promises.open = wrapped as typeof open;
}

function keep(fd: unknown, file: Opened): void {
  if (typeof fd === 'number' && opened.size < MOST) opened.set(fd, file);
}

function text(path: unknown): string {
  return typeof path === 'string' ? path.slice(0, 4096) : path instanceof URL ? path.pathname : '';
}

/** Every file that is believed open, with who opened it. */
export function openedFiles(): { fd: number; c: Opened['c']; path: string; made: Made; isLost: boolean }[] {
  return [...opened].map(([fd, { c, path, made, object }]) => ({ fd, c, path, made, isLost: object !== undefined && object.deref() === undefined }));
}

/** Where it is there still. */
export function streamOf(fd: number): object | undefined {
  const file = opened.get(fd);
  return file?.c === 'FileStream' ? file.object?.deref() : undefined;
}

/** What is open by all that is known; the kernel's table has the last word. */
export function listFiles(): RawHandle[] {
  const files: RawHandle[] = [];
  for (const [fd, { c, path, made, object, canary, native }] of opened) {
    const alive = object?.deref() as { _readableState?: { flowing?: boolean | null; length?: number; ended?: boolean } } | undefined;
    const isLost = object !== undefined && !alive && c === 'FileHandle';
    // It was collected, and closed with that.
    if (isLost && !native) {
      opened.delete(fd);
      continue;
    }
    const isHeld = c === 'FileHandle' && alive !== undefined && canary?.deref() === undefined;
    const { stack, age } = written(made);
    const state = alive?._readableState;
    files.push({ c, fd, path, stack, age, ...(isLost ? { held: false } : isHeld && { held: true }), ...(state && { flow: state.flowing ?? null, rlen: state.length ?? 0, rend: state.ended === true }) });
  }
  return files;
}

/** From here on a FileHandle that is collected throws, and ends the process (nodejs/node#58536). */
const THROWS_FROM = 25;

/**
 * Before garbage is collected: what FileHandles stand for is held by us, so that one which nobody holds is collected without harm.
 * Returns how many may have been lost: those that have not survived a collection yet.
 */
export function holdFiles(): number {
  let unknown = 0;
  for (const file of opened.values()) {
    const handle = file.object?.deref();
    if (file.c !== 'FileHandle' || !handle) continue;
    const kHandle = Object.getOwnPropertySymbols(handle).find(({ description }) => description === 'kHandle');
    const native = kHandle && (handle as Record<symbol, unknown>)[kHandle];
    if (typeof native === 'object' && native !== null) file.native = native;
    if (file.canary?.deref() !== undefined) unknown++;
  }
  return unknown;
}

/** Afterwards. What was lost stays with us where letting it go would end the process; its descriptor stays open then. */
export function releaseFiles(): void {
  const throws = Number.parseInt(process.versions.node, 10) >= THROWS_FROM;
  for (const [fd, file] of opened) {
    if (!file.native) continue;
    const isLost = file.object?.deref() === undefined;
    if (isLost && throws) continue;
    file.native = undefined;
    if (isLost) opened.delete(fd);
  }
}
