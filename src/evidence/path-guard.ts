/**
 * Which paths may be asked for by our own thread: none that leads through a file system that asks a program or another host, however deep
 * what it leads to is mounted below. An open(2) there may never return, and no signal ends it.
 */
import { isLocal } from './local-filesystems.ts';
import type { ByteString, Errno, Evidence } from './types.ts';

/** What is answered instead. */
export const NOT_ASKED: Errno = 'EREMOTE';

export interface PathGuard {
  /** Throws NOT_ASKED. */
  check(pid: number, path: ByteString): void;
  /** For the mount on top at that path, whatever it is: opening its root with O_PATH asks FUSE for nothing, only the way to it counts. */
  checkWayTo(pid: number, mountPoint: ByteString): void;
}

interface Place {
  mountPoint: ByteString;
  local: boolean;
}

/** @param pid of questions: 0 is ourselves */
export function pathGuard(world: Pick<Evidence, 'read' | 'readlink'>): PathGuard {
  let known: { pid: number; judge: Judge } | undefined;
  /** mountinfo is read once for the questions of one turn of the event loop: a batch asks thousands. */
  const judgeOf = (pid: number): Judge => {
    if (known?.pid === pid) return known.judge;
    const made = { pid, judge: openJudge(world, pid === 0 ? 'self' : pid) };
    known = made;
    setImmediate(() => {
      if (known === made) known = undefined;
    });
    return made.judge;
  };
  const refuseUnless = (may: boolean): void => {
    if (!may) throw Object.assign(new Error('a file system on the way may not answer'), { code: NOT_ASKED });
  };
  return {
    check: (pid, path) => refuseUnless(judgeOf(pid)(path, false)),
    checkWayTo: (pid, mountPoint) => refuseUnless(judgeOf(pid)(mountPoint, true)),
  };
}

type Judge = (path: ByteString, isWay: boolean) => boolean;

function openJudge(world: Pick<Evidence, 'read' | 'readlink'>, pid: number | 'self'): Judge {
  const places = placesOf(world.read(`/proc/${pid}/mountinfo`).value ?? '');
  if (places.some(({ mountPoint }) => mountPoint === '/')) return judgeOfPlaces(places);
  // A chroot that is no mount point: what it lies on is not listed there. Of one in a namespace of its own that cannot be known.
  const root = world.readlink(`/proc/${pid}/root`).value;
  const namespace = world.readlink(`/proc/${pid}/ns/mnt`).value;
  const ours = placesOf(world.read('/proc/self/mountinfo').value ?? '');
  const isShared = namespace !== undefined && namespace === world.readlink('/proc/self/ns/mnt').value && ours.some(({ mountPoint }) => mountPoint === '/');
  if (root === undefined || root === '/' || !isShared) return () => false;
  const judge = judgeOfPlaces(ours);
  return (path, isWay) => judge(path === '/' ? root : root + path, isWay);
}

function judgeOfPlaces(places: readonly Place[]): Judge {
  const others = places.filter(({ local }) => !local);
  return (path, isWay) =>
    others.every((place) => {
      const { mountPoint } = place;
      if (path !== mountPoint) return !path.startsWith(mountPoint === '/' ? '/' : `${mountPoint}/`);
      // What lies under the one on top is passed on the way to it.
      return isWay && places.findLast((other) => other.mountPoint === path) === place;
    });
}

/** Fields of a line: fs/proc_namespace.c show_mountinfo(). Blanks in names are escaped, so the first separator is the one. */
function placesOf(mountinfo: ByteString): Place[] {
  return mountinfo.split('\n').flatMap((line): Place[] => {
    const at = line.split(' ')[4];
    const type = /^[^ ]+/.exec(line.slice(line.indexOf(' - ') + 3))?.[0];
    if (at === undefined || type === undefined) return [];
    return [{ mountPoint: at.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))), local: isLocal(type) }];
  });
}
