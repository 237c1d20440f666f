/** Would a change of this very path be seen? Asked of what the path is now, step by step, as the process sees it. */
import type { ByteString, FileStat, InotifyQuestions } from '../../evidence/types.ts';
import { errnoWords } from '../../kernel/coverage.ts';
import type { Mount } from '../../kernel/proc/mountinfo.ts';
import { blindnessOf, isLocal } from '../filesystems.ts';
import { IN } from '../mask.ts';
import { deviceOf } from './fdinfo.ts';
import type { Expectation, ExpectedChange, Watch } from './model.ts';

interface Place {
  path: ByteString;
  stat: FileStat;
}

interface Link {
  path: ByteString;
  directory: Place;
}

/** What a path is made of. */
interface Route {
  links: Link[];
  /** The directory of the last component. */
  directory: Place;
  /** Absent when nothing is there. */
  file?: Place;
  path: ByteString;
}

/** As the kernel (fs/namei.c MAXSYMLINKS). */
const MOST_LINKS = 40;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

const WRITE = IN.MODIFY | IN.CLOSE_WRITE;
const ARRIVE = IN.MOVED_TO | IN.CREATE;
const LEAVE = IN.DELETE_SELF | IN.MOVE_SELF | IN.ATTRIB;

export function expectationOf(
  path: ByteString,
  watches: readonly Watch[],
  { questions, pid, mounts }: { questions: InotifyQuestions; pid: number; mounts: readonly Mount[] },
): Expectation {
  const route = routeOf(path, questions, pid, mounts);
  if (typeof route === 'string') return { path, verdict: 'unknown', changes: [], because: route };
  const { file, directory, links } = route;
  const on = (place: Place, mask: number): Watch[] => watches.filter((watch) => (watch.mask & mask) !== 0 && isOn(watch, place.stat));
  const changes: ExpectedChange[] = [];
  const add = (change: ExpectedChange['change'], where: ByteString, by: Watch[], more: Partial<ExpectedChange> = {}): void => {
    changes.push({ change, path: where, seen: by.length > 0, by: by.map(({ pid: holder, fd, wd }) => ({ pid: holder, fd, wd })), ...more });
  };
  if (file) {
    const isDirectory = (file.stat.mode & S_IFMT) === S_IFDIR;
    // A change of a directory is an entry that comes or goes: its own watch tells that.
    add('write', file.path, isDirectory ? on(file, ARRIVE) : [...on(file, WRITE), ...on(directory, WRITE)]);
    const inDirectory = on(directory, ARRIVE);
    const own = on(file, LEAVE);
    add('replace', file.path, inDirectory.length > 0 ? inDirectory : own, inDirectory.length === 0 && own.length > 0 ? { once: true } : {});
  } else {
    add('create', route.path, on(directory, ARRIVE));
  }
  for (const link of links) add('link', link.path, on(link.directory, ARRIVE), isSystemLink(link.path) ? { minor: true } : {});
  const fsType = mountOf(route.path, mounts)?.fsType;
  return {
    path,
    ...(file && file.path !== path && { real: file.path }),
    verdict: verdictOf(changes),
    changes,
    ...(fsType !== undefined && blindnessOf(fsType) && { fsType }),
  };
}

function verdictOf(changes: readonly ExpectedChange[]): Expectation['verdict'] {
  const counted = changes.filter(({ minor }) => !minor);
  if (counted.every(({ seen, once }) => seen && !once)) return 'seen';
  return counted.some(({ seen }) => seen) ? 'partly' : 'not-seen';
}

/** `/bin`, `/var/run`: made with the system. */
function isSystemLink(path: ByteString): boolean {
  return /^\/[^/]+$/.test(path) || /^\/var\/(?:run|lock|tmp)$/.test(path);
}

function isOn(watch: Watch, stat: FileStat): boolean {
  if (watch.ino !== stat.ino) return false;
  const device = deviceOf(stat.dev);
  return watch.fsType === 'btrfs' || (device.major === watch.major && device.minor === watch.minor);
}

/** The mount that shows a path: the longest mount point above it, and of several there the last. */
export function mountOf(path: ByteString, mounts: readonly Mount[]): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    const { mountPoint } = mount;
    const isAbove = mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (isAbove && (!best || mountPoint.length >= best.mountPoint.length)) best = mount;
  }
  return best;
}

/** Follows links by our own hand: each is a place where the path can change. A text says why it cannot be told. */
function routeOf(path: ByteString, questions: InotifyQuestions, pid: number, mounts: readonly Mount[]): Route | string {
  const links: Link[] = [];
  let parts = path.split('/').filter((part) => part !== '' && part !== '.');
  let at = '/';
  let place = placeOf(at);
  function placeOf(where: ByteString): Place | string {
    const look = questions.lookInRoot(pid, where);
    return look.value ? { path: where, stat: look.value.stat } : `${where}: ${errnoWords(look.errno ?? 'EIO')}`;
  }
  if (typeof place === 'string') return place;
  while (parts.length > 0) {
    const [name, ...rest] = parts as [string, ...string[]];
    const next: ByteString = name === '..' ? at.slice(0, at.lastIndexOf('/')) || '/' : `${at === '/' ? '' : at}/${name}`;
    const mount = mountOf(next, mounts);
    if (mount && !isLocal(mount.fsType)) return `${mount.mountPoint} is ${mount.fsType}: it is not asked, since that may block`;
    const look = questions.lookInRoot(pid, next);
    if (!look.value) {
      if (look.errno === 'ENOENT' && rest.length === 0) return { links, directory: place, path: next };
      return `${next}: ${look.errno === 'ENOENT' ? 'there is no such directory' : errnoWords(look.errno ?? 'EIO')}`;
    }
    if (look.value.link !== undefined) {
      if (links.length >= MOST_LINKS) return `${path}: a loop of symbolic links`;
      links.push({ path: next, directory: place });
      parts = [...look.value.link.split('/').filter((part) => part !== '' && part !== '.'), ...rest];
      if (look.value.link.startsWith('/')) at = '/';
      const back = placeOf(at);
      if (typeof back === 'string') return back;
      place = back;
      continue;
    }
    const here: Place = { path: next, stat: look.value.stat };
    if (rest.length === 0) return { links, directory: place, file: here, path: next };
    at = next;
    place = here;
    parts = rest;
  }
  return { links, directory: place, file: place, path: at };
}
