/** The way a path takes, link by link, as the process sees it. */
import { isLocal } from '../../evidence/local-filesystems.ts';
import type { ByteString, FileStat, InotifyQuestions } from '../../evidence/types.ts';
import { errnoWords } from '../../kernel/coverage.ts';
import type { Mount } from '../../kernel/proc/mountinfo.ts';

export interface Place {
  path: ByteString;
  stat: FileStat;
}

export interface Link {
  path: ByteString;
  /** Of the link itself. */
  stat: FileStat;
  directory: Place;
  /** Made by the kernel in /proc: nobody switches it. */
  magic?: true;
}

/** What a path is made of. */
export interface Route {
  links: Link[];
  /** The directory of the last component. */
  directory: Place;
  /** Absent when nothing is there. */
  file?: Place;
  path: ByteString;
}

/** As the kernel (fs/namei.c MAXSYMLINKS). */
const MOST_LINKS = 40;

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

/** `self` in /proc is whoever asks, which is we: `self` and `thread-self` of the process are its own number there. */
function linkOfProcess(path: ByteString, mountPoint: ByteString, link: ByteString, own: number): ByteString {
  if (path === `${mountPoint}/self`) return String(own);
  return path === `${mountPoint}/thread-self` ? `${own}/task/${own}` : link;
}

/**
 * Follows links by our own hand: each is a place where the path can change. A text says why it cannot be told.
 * @param own the number of the process in its own pid namespace, by which its /proc knows it
 */
export function routeOf(path: ByteString, questions: InotifyQuestions, pid: number, mounts: readonly Mount[], own = pid): Route | string {
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
      const isMagic = mount?.fsType === 'proc';
      links.push({ path: next, stat: look.value.stat, directory: place, ...(isMagic && { magic: true as const }) });
      const link = isMagic ? linkOfProcess(next, mount.mountPoint, look.value.link, own) : look.value.link;
      parts = [...link.split('/').filter((part) => part !== '' && part !== '.'), ...rest];
      if (link.startsWith('/')) at = '/';
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
