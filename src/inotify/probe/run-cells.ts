/** Tries each pattern against each watch, every time in a fresh directory, with one inotify instance. */
import type { InotifyEvent, OwnCalls, OwnInotify } from '../../evidence/index.ts';
import { files } from '../../effects/scratch.ts';
import { IN, maskWords } from '../mask.ts';
import { type Ground, type Pattern, patterns, prepare, type WatchPlace } from './patterns.ts';
import type { Tell } from './steps.ts';

export interface Cell {
  pattern: string;
  watch: WatchPlace;
  /** `MODIFY`, `MOVED_TO`, in the order they came. */
  events: string[];
  /** The same with names: `MOVED_TO cfg`. */
  details: string[];
  /** A later in-place write to the path is still seen by this watch. */
  alive: boolean;
  /** The kernel still lists the watch (no IGNORED came). */
  listed: boolean;
}

export interface Skipped {
  pattern: string;
  watch: WatchPlace;
  errno: string;
}

/** inotify_add_watch(2) refused what has nothing to do with the file system: its `code`. */
export class WatchRefused extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`inotify_add_watch: ${code}`);
    this.code = code;
  }
}

const PLACES: readonly WatchPlace[] = ['file', 'parent', 'symlink'];
/** What libuv and fsnotify ask for, and CLOSE_WRITE, which tells that a write is complete. */
const MASK = IN.MODIFY | IN.ATTRIB | IN.CLOSE_WRITE | IN.MOVED_FROM | IN.MOVED_TO | IN.CREATE | IN.DELETE | IN.DELETE_SELF | IN.MOVE_SELF;

/** Tells of each cell. `stopped`: a signal ended it. Throws WatchRefused. */
export async function runCells(base: string, inotify: OwnInotify, calls: OwnCalls, signal: AbortSignal, tell: Tell): Promise<{ stopped: boolean }> {
  for (const pattern of patterns) {
    for (const watch of PLACES) {
      // Once per cell, so that a signal is heard on file systems that are slow.
      await new Promise((resolve) => setImmediate(resolve));
      if (signal.aborted) return { stopped: true };
      tell({ step: 'progress', text: pattern.name });
      try {
        tell({ step: 'cell', cell: runCell(pattern, watch, base, inotify, calls) });
      } catch (error) {
        if (error instanceof WatchRefused) throw error;
        tell({ step: 'skipped', skipped: { pattern: pattern.name, watch, errno: codeOf(error) } });
      }
    }
  }
  return { stopped: false };
}

/** Errors of the file system are answers; anything else is a bug. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (typeof code !== 'string' || code.startsWith('ERR_')) throw error;
  return code;
}

function runCell(pattern: Pattern, watch: WatchPlace, base: string, inotify: OwnInotify, calls: OwnCalls): Cell {
  const at = `${base}/${pattern.name}-${watch}`;
  const held: (() => void)[] = [];
  const ground: Ground = {
    at,
    file: `${at}/d/cfg`,
    beside: (name) => `${at}/d/${name}`,
    elsewhere: (name) => `${at}/e/${name}`,
    calls,
    afterwards: (letGo) => void held.push(letGo),
  };
  let wd: number | undefined;
  try {
    for (const directory of [at, `${at}/d`, `${at}/e`]) files.directory(directory);
    prepare(pattern, ground);
    wd = addWatch(inotify, placeOf(watch, pattern, ground));
    inotify.read();
    pattern.change(ground);
    const seen = inotify.read().filter((event) => event.wd === wd);
    const alive = isAlive(ground, watch, wd, inotify);
    return { pattern: pattern.name, watch, events: seen.map(nameOf), details: seen.map(detailOf), alive, listed: !seen.some(({ mask }) => mask & IN.IGNORED) };
  } finally {
    for (const letGo of held) letGo();
    if (wd !== undefined) inotify.remove(wd);
    files.removeAll(at);
    inotify.read();
  }
}

/** The limit of the user's watches, and memory, are no answers of the file system. */
function addWatch(inotify: OwnInotify, path: string): number {
  try {
    return inotify.add(path, MASK);
  } catch (error) {
    const code = codeOf(error);
    throw code === 'ENOSPC' || code === 'ENOMEM' ? new WatchRefused(code) : error;
  }
}

/** A watch through a link is put on what it leads to, as that on the file is when the file itself is a link. */
function placeOf(watch: WatchPlace, pattern: Pattern, { at, file }: Ground): string {
  if (watch === 'parent') return `${at}/d`;
  if (watch === 'file' || pattern.link) return file;
  files.symlink(file, `${at}/e/link`);
  return `${at}/e/link`;
}

function isAlive(ground: Ground, watch: WatchPlace, wd: number, inotify: OwnInotify): boolean {
  files.append(ground.file, 'later\n');
  const content = IN.MODIFY | IN.CLOSE_WRITE;
  return inotify.read().some((event) => event.wd === wd && (event.mask & content) !== 0 && (watch !== 'parent' || event.name === 'cfg'));
}

function nameOf({ mask }: InotifyEvent): string {
  return maskWords((mask & ~IN.ISDIR) >>> 0);
}

function detailOf(event: InotifyEvent): string {
  return event.name === '' ? nameOf(event) : `${nameOf(event)} ${event.name}`;
}
