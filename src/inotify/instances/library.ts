/** Which watcher an instance looks like: by the bits it asks for and by what the program is. */
import type { WatcherProgram } from '../../evidence/types.ts';
import { IN } from '../mask.ts';
import type { Watch } from './model.ts';

export interface Library {
  /** `chokidar 4.0.3`, `node fs.watch`, `fsnotify (Go)`, ... */
  name: string;
  /** Does it tell its program when the queue overflowed? Undefined: not known. */
  tellsOverflow?: boolean;
  /** It follows the file it opened, whatever becomes of its name. */
  staysWithFile?: true;
  /** Does it watch a file anew that was replaced? Undefined: not known. */
  watchesAnew?: boolean;
}

/** What libuv, bun and fsnotify all ask for: MODIFY ATTRIB MOVED_FROM MOVED_TO CREATE DELETE DELETE_SELF MOVE_SELF. */
const USUAL = IN.MODIFY | IN.ATTRIB | IN.MOVED_FROM | IN.MOVED_TO | IN.CREATE | IN.DELETE | IN.DELETE_SELF | IN.MOVE_SELF;
const EVENTS = 0xfff;
/** What watchdog for Python asks for; newer ones ask for opening and closing besides. */
const WATCHDOG = IN.MODIFY | IN.ATTRIB | IN.CLOSE_WRITE | IN.MOVED_FROM | IN.MOVED_TO | IN.CREATE | IN.DELETE | IN.DELETE_SELF;
const READING = IN.OPEN | IN.CLOSE_NOWRITE;
/** What the crate `notify` asks for; of what it was given itself, removal and renaming besides. */
const NOTIFY = IN.MODIFY | IN.ATTRIB | IN.CLOSE_WRITE | IN.MOVED_FROM | IN.MOVED_TO | IN.CREATE | IN.DELETE;
const SELF = IN.DELETE_SELF | IN.MOVE_SELF;

/** Paths where they are known. */
export type LibraryWatch = Pick<Watch, 'wd' | 'mask' | 'path' | 'what'>;

/** Undefined when it is none we know. */
export function libraryOf(program: WatcherProgram | undefined, watches: readonly LibraryWatch[]): Library | undefined {
  if (!program) return undefined;
  const { runtime, words } = program;
  switch (runtime) {
    case 'inotifywait':
    case 'inotifywatch':
      return { name: runtime, tellsOverflow: false, watchesAnew: false };
    case 'tail':
      return { name: 'tail -f', watchesAnew: true, staysWithFile: true };
    case 'systemd':
    case 'udev':
    case 'dbus':
    case 'watchman':
      return { name: runtime, ...(runtime !== 'dbus' && { tellsOverflow: true }) };
    case 'go':
      return isUsual(watches) ? { name: 'fsnotify (Go)', tellsOverflow: true, watchesAnew: false } : { name: 'a Go program' };
    case 'bun':
      return { name: words.includes('--watch') || words.includes('--hot') ? 'bun --watch' : 'bun fs.watch', tellsOverflow: true, watchesAnew: false };
    case 'node':
      return nodeLibrary(program, watches);
    case 'python':
      if (words.includes('watchfiles')) return { name: 'watchfiles (Python)' };
      return isAll(watches, WATCHDOG, READING) ? { name: 'watchdog (Python)' } : undefined;
    case undefined:
    case 'deno':
      return isAll(watches, NOTIFY, IN.OPEN | SELF) ? { name: 'notify (Rust)', tellsOverflow: true } : undefined;
    default:
      return undefined;
  }
}

function nodeLibrary({ words, packages }: WatcherProgram, watches: readonly LibraryWatch[]): Library | undefined {
  const versionOf = (name: string): string => packages.find((one) => one.name === name)?.version ?? '';
  const parcel = packages.find(({ name, loaded }) => name === '@parcel/watcher' && loaded);
  if (parcel && watches.every(({ mask }) => (mask & IN.EXCL_UNLINK) !== 0)) return nodeOne(`@parcel/watcher ${parcel.version}`, false);
  if (watches.length > 0 && !isUsual(watches)) return undefined;
  if (words.includes('nodemon')) return nodeOne(`nodemon ${versionOf('nodemon')}`.trim(), true);
  if (words.includes('tsx')) return nodeOne(`tsx watch ${versionOf('tsx')}`.trim(), true);
  if (words.includes('webpack')) return nodeOne(`webpack ${versionOf('webpack')} (watchpack)`.replace('  ', ' '), true);
  if (words.includes('vite')) return nodeOne(`vite ${versionOf('vite')} (chokidar)`.replace('  ', ' '), true);
  if (words.includes('--watch')) return nodeOne('node --watch', false);
  if (watches.length === 0) return undefined;
  const installed = ['chokidar', 'watchpack'].flatMap((name) => (versionOf(name) === '' ? [] : [`${name} ${versionOf(name)}`]));
  const order = orderOf(watches);
  const [chokidar] = installed;
  if (order === 'depth-first' || chokidar === undefined) return nodeOne('node fs.watch', false);
  if (order === 'breadth-first' && chokidar.startsWith('chokidar')) return nodeOne(chokidar, true);
  // Both call fs.watch, and of a few watches nothing tells who called: that it is installed proves nothing.
  return nodeOne(`node fs.watch (perhaps under ${installed.join(' or ')})`, undefined);
}

function nodeOne(name: string, watchesAnew: boolean | undefined): Library {
  return { name, tellsOverflow: false, ...(watchesAnew !== undefined && { watchesAnew }) };
}

/**
 * In which order a tree was gone through, by the numbers of its watches: chokidar lists a directory, watches all that is in it, and
 * then goes deeper; fs.watch with `recursive` (Node 20 to 24) goes deeper at once. Undefined for what has both, or is no tree of
 * directories and files.
 */
export function orderOf(watches: readonly LibraryWatch[]): 'breadth-first' | 'depth-first' | undefined {
  const ordered = firstOf(watches);
  const directories = new Set(ordered.flatMap(({ path, what }) => (what === 'directory' ? [path!] : [])));
  const parents = new Set<string>();
  let back = 0;
  let hasFiles = false;
  for (const [index, { path, what }] of ordered.entries()) {
    const parent = path!.slice(0, path!.lastIndexOf('/')) || '/';
    if (!directories.has(parent)) continue;
    parents.add(parent);
    hasFiles ||= what === 'file';
    const before = ordered[index - 1]?.path ?? '';
    if (before !== parent && !before.startsWith(parent === '/' ? '/' : `${parent}/`)) back++;
  }
  // The directory at the top has its entries behind it in either order.
  const groups = parents.size - 1;
  if (!hasFiles || groups < 2) return undefined;
  return back === 0 ? 'depth-first' : back * 2 >= groups ? 'breadth-first' : undefined;
}

/** What a tree begins with tells its order as well as all of it. */
const MOST_ORDERED = 4096;

/** The oldest ones with a path, in their order. The kernel lists the newest first, so that turning them round mostly is all of it. */
function firstOf(watches: readonly LibraryWatch[]): LibraryWatch[] {
  const oldest: LibraryWatch[] = [];
  let isSorted = true;
  for (let index = watches.length - 1, before = 0; index >= 0; index--) {
    const watch = watches[index]!;
    isSorted &&= watch.wd > before;
    before = watch.wd;
    if (watch.path !== undefined) oldest.push(watch);
  }
  if (!isSorted) oldest.sort((a, b) => a.wd - b.wd);
  return oldest.slice(0, MOST_ORDERED);
}

function isUsual(watches: readonly LibraryWatch[]): boolean {
  return isAll(watches, USUAL);
}

/** Does each ask for all of these events, and for none besides but these? */
function isAll(watches: readonly LibraryWatch[], events: number, besides = 0): boolean {
  return watches.length > 0 && watches.every(({ mask }) => (mask & EVENTS & ~besides) === events);
}
