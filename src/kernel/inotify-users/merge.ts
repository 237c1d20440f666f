/** Which descriptors are one instance: fork(2) and passing on copy descriptors, and link and inode are the same for all instances. */
import type { Evidence } from '../../evidence/types.ts';
import type { InotifyFd } from './types.ts';

export interface Merged {
  /** Each one instance. */
  classes: InotifyFd[][];
  /** Why the kernel could not be asked: then relatives with the same number are taken for holders of one instance. */
  errno: string | null;
}

/** Asks kcmp(2), and sorts the answers into classes. */
export function mergeShared(evidence: Evidence, held: readonly InotifyFd[]): Merged {
  const classes: InotifyFd[][] = [];
  for (const one of held) {
    let place = placeOf(evidence, classes, one);
    // What ended meanwhile is left out, and does not take along what it was compared with.
    for (; typeof place === 'object' && place.is === 'ended'; place = placeOf(evidence, classes, one)) forget(classes, place.at);
    if (place === 'gone') continue;
    if (typeof place === 'string') return { classes: byFork(held), errno: place };
    if (place.is === 'same') classes[place.at]!.push(one);
    else classes.splice(place.at, 0, [one]);
  }
  return { classes: classes.map(oldestFirst), errno: null };
}

function forget(classes: InotifyFd[][], at: number): void {
  const [, ...rest] = classes[at]!;
  if (rest.length > 0) classes[at] = rest;
  else classes.splice(at, 1);
}

interface Place {
  at: number;
  /** `ended`: the first of the class at `at` is not there any more. */
  is: 'new' | 'same' | 'ended';
}

/** kcmp(2) gives an order to sort by: 1,000 instances take 10,000 questions instead of 500,000. `gone`, or the errno that refuses all. */
function placeOf(evidence: Evidence, classes: readonly InotifyFd[][], one: InotifyFd): Place | string {
  let from = 0;
  let to = classes.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const other = classes[middle]![0]!;
    const { value, errno = 'ENOTSUP' } = orderOf(evidence, one, other);
    if (value === undefined && errno !== 'ESRCH' && errno !== 'EBADF') return errno;
    if (value === undefined) return orderOf(evidence, one, one).value === 0 ? { at: middle, is: 'ended' } : 'gone';
    if (value === 0) return { at: middle, is: 'same' };
    if (value < 0) to = middle;
    else from = middle + 1;
  }
  return { at: from, is: 'new' };
}

function orderOf(evidence: Evidence, a: InotifyFd, b: InotifyFd): { value?: number; errno?: string } {
  return evidence.users?.descriptionOrder(a.watcher.pid, a.fd, b.watcher.pid, b.fd) ?? {};
}

function byFork(held: readonly InotifyFd[]): InotifyFd[][] {
  const classes: InotifyFd[][] = [];
  const byNumber = new Map<number, InotifyFd[][]>();
  for (const one of oldestFirst([...held])) {
    const sameNumber = byNumber.get(one.fd) ?? [];
    byNumber.set(one.fd, sameNumber);
    const family = sameNumber.find((members) => members.some((other) => areRelatives(one, other)));
    if (family) family.push(one);
    else {
      const alone = [one];
      sameNumber.push(alone);
      classes.push(alone);
    }
  }
  return classes;
}

function areRelatives({ watcher: a }: InotifyFd, { watcher: b }: InotifyFd): boolean {
  return a.pid !== b.pid && (a.ppid === b.pid || b.ppid === a.pid || (a.ppid === b.ppid && a.ppid > 1 && a.exe === b.exe));
}

function oldestFirst(held: InotifyFd[]): InotifyFd[] {
  return held.sort((a, b) => Number(a.watcher.startTime) - Number(b.watcher.startTime) || a.watcher.pid - b.watcher.pid || a.fd - b.fd);
}
