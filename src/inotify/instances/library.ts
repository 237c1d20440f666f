/** Which watcher an instance looks like: by the bits it asks for and by what the program is. */
import type { WatcherProgram } from '../../evidence/types.ts';
import { IN } from '../mask.ts';
import type { RawWatch } from './fdinfo.ts';

export interface Library {
  /** `chokidar 4.0.3`, `node fs.watch`, `fsnotify (Go)`, ... */
  name: string;
  /** Does it tell its program when the queue overflowed? Undefined: not known. */
  tellsOverflow?: boolean;
  /** Does it watch a file anew that was replaced? Undefined: not known. */
  watchesAnew?: boolean;
}

/** What libuv, bun and fsnotify all ask for: MODIFY ATTRIB MOVED_FROM MOVED_TO CREATE DELETE DELETE_SELF MOVE_SELF. */
const USUAL = IN.MODIFY | IN.ATTRIB | IN.MOVED_FROM | IN.MOVED_TO | IN.CREATE | IN.DELETE | IN.DELETE_SELF | IN.MOVE_SELF;
const EVENTS = 0xfff;

/** Undefined when it is none we know. */
export function libraryOf(program: WatcherProgram | undefined, watches: readonly RawWatch[]): Library | undefined {
  if (!program) return undefined;
  const { runtime, words } = program;
  switch (runtime) {
    case 'inotifywait':
    case 'inotifywatch':
      return { name: runtime, tellsOverflow: false, watchesAnew: false };
    case 'tail':
      return { name: 'tail -f', watchesAnew: true };
    case 'systemd':
    case 'udev':
    case 'dbus':
    case 'watchman':
      return { name: runtime, ...(runtime !== 'dbus' && { tellsOverflow: true }) };
    case 'go':
      return isUsual(watches) ? { name: 'fsnotify (Go)', tellsOverflow: true, watchesAnew: false } : { name: 'a Go program' };
    case 'bun':
      return { name: words.includes('--watch') || words.includes('--hot') ? 'bun --watch' : 'bun fs.watch', tellsOverflow: false, watchesAnew: false };
    case 'node':
      return nodeLibrary(program, watches);
    default:
      return undefined;
  }
}

function nodeLibrary({ words, packages }: WatcherProgram, watches: readonly RawWatch[]): Library | undefined {
  const versionOf = (name: string): string => packages.find((one) => one.name === name)?.version ?? '';
  const parcel = packages.find(({ name, loaded }) => name === '@parcel/watcher' && loaded);
  if (parcel && watches.every(({ mask }) => (mask & IN.EXCL_UNLINK) !== 0)) return nodeOne(`@parcel/watcher ${parcel.version}`, false);
  if (!isUsual(watches)) return undefined;
  if (words.includes('nodemon')) return nodeOne(`nodemon ${versionOf('nodemon')}`.trim(), true);
  if (words.includes('tsx')) return nodeOne(`tsx watch ${versionOf('tsx')}`.trim(), true);
  if (words.includes('--watch')) return nodeOne('node --watch', true);
  const chokidar = versionOf('chokidar');
  return chokidar === '' ? nodeOne('node fs.watch', false) : nodeOne(`chokidar ${chokidar}`, true);
}

function nodeOne(name: string, watchesAnew: boolean): Library {
  return { name, tellsOverflow: false, watchesAnew };
}

function isUsual(watches: readonly RawWatch[]): boolean {
  return watches.length > 0 && watches.every(({ mask }) => (mask & EVENTS) === USUAL);
}
