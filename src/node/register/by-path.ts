/** What gives no number to JavaScript and is no handle that it sees: directories that are read, and fs.promises.watch(). The path tells which. */
import fs from 'node:fs';
import path from 'node:path';
import type { RawHandle } from '../probe/raw.ts';
import { type Made, written } from './made.ts';
import { wrap, wrapBefore } from './wrap.ts';

interface ByPath {
  c: 'OpenDir' | 'Watch';
  path: string;
  made: Made;
  /** Of a directory: it may be closed, or collected. */
  dir?: WeakRef<object>;
}

const MOST = 1000;
const known: ByPath[] = [];

export function watchPaths(): void {
  wrap(fs, 'opendirSync', (made, dir, _, [name]) => keepDir(name, made, dir));
  wrapBefore(fs, 'opendir', (made, _, args) => {
    const callback = args.at(-1);
    if (typeof callback !== 'function') return;
    const [name] = args;
    args[args.length - 1] = (error: Error | null, dir?: unknown) => {
      if (!error) keepDir(name, made, dir);
      (callback as (error: Error | null, dir?: unknown) => void)(error, dir);
    };
  });
  wrap(fs.promises, 'opendir', (made, promise, _, [name]) => void (promise as Promise<unknown>).then((dir) => keepDir(name, made, dir), () => undefined));
  wrapBefore(fs.promises, 'watch', (made, _, [name]) => keep({ c: 'Watch', path: textOf(name), made }));
}

function keepDir(name: unknown, made: Made, dir: unknown): void {
  if (typeof dir === 'object' && dir !== null) keep({ c: 'OpenDir', path: textOf(name), made, dir: new WeakRef(dir) });
}

function keep(one: ByPath): void {
  if (known.length >= MOST) known.splice(0, known.length, ...known.filter(isThere).slice(-MOST / 2));
  known.push(one);
}

function textOf(name: unknown): string {
  return typeof name === 'string' ? path.resolve(name).slice(0, 4096) : name instanceof URL ? name.pathname : '';
}

/** A watch that ended is not known to have: it stands for a handle of its path, where there is one. */
function isThere({ dir }: ByPath): boolean {
  if (!dir) return true;
  const open = dir.deref();
  if (!open) return false;
  const closed = Object.getOwnPropertySymbols(open).find(({ description }) => description === 'kDirClosed');
  return closed === undefined || (open as Record<symbol, unknown>)[closed] !== true;
}

export function listPaths(): RawHandle[] {
  return known.filter((one) => one.path !== '' && isThere(one)).map(({ c, path: name, made }) => ({ c, path: name, ...written(made) }));
}
