/** Which descriptor of one sample is which of the one before. */
import { eventfd, isKind, kindOf, pidfd, socket } from '../../kernel/kinds/index.ts';
import { isPath } from '../../kernel/kinds/path.ts';
import type { Fd } from '../../kernel/types.ts';
import type { Member } from '../../series/index.ts';

/** Remembers numbers of things that are closed, up to so many; then it forgets those. */
const MOST_REMEMBERED = 100_000;

interface Thing {
  thing: string;
  exact: boolean;
}

export class Identities {
  /** At which number a thing was seen; `null` once it was seen at two: then its number does not name one opening of it. */
  private numberOf = new Map<string, number | null>();
  /** Eventfds of the sample before. */
  private eventfds = new Set<string>();
  /** The ids of eventfds are handed out again (fs/eventfd.c takes the lowest free one), as numbers are: once one is closed they prove nothing. */
  private eventfdsEnd = false;

  /** @param fds of one sample */
  membersOf(fds: Iterable<Fd>): Member<Fd>[] {
    const members: Member<Fd>[] = [];
    const things: string[] = [];
    const eventfds = new Set<string>();
    for (const fd of fds) {
      const { thing, exact } = thingOf(fd);
      things.push(thing);
      if (isKind(fd, eventfd)) eventfds.add(thing);
      const before = this.numberOf.get(thing);
      if (before === undefined) this.numberOf.set(thing, fd.fd);
      else if (before !== fd.fd) this.numberOf.set(thing, null);
      members.push({ identity: `${fd.pid}:${fd.fd}:${thing}${phaseOf(fd)}`, quality: exact ? 'exact' : 'weak', item: fd });
    }
    this.eventfdsEnd ||= [...this.eventfds].some((thing) => !eventfds.has(thing));
    this.eventfds = eventfds;
    members.forEach((member, index) => {
      const recycled = this.eventfdsEnd && isKind(member.item, eventfd);
      if (recycled || this.numberOf.get(things[index]!) === null) member.quality = 'weak';
    });
    this.forget(things);
    return members;
  }

  private forget(living: readonly string[]): void {
    if (this.numberOf.size <= MOST_REMEMBERED + living.length) return;
    this.numberOf = new Map(living.map((thing) => [thing, this.numberOf.get(thing)!]));
  }
}

/**
 * What is open, apart from its number. A path names one file, but not one opening of it: it is exact for as long as it
 * is seen at one number only. (Temporary files and uploads have paths of their own; a file opened again and again has not.)
 * So is a process that a pidfd stands for. Its inode, since pidfs (6.9) one for each process, outlives the process; before, all have
 * the same and are soon seen at two numbers.
 */
function thingOf(fd: Fd): Thing {
  if (isPath(fd.link) && fd.kind !== 'memfd') return { thing: fd.link, exact: true };
  if (isKind(fd, pidfd)) return fd.info?.ino === undefined ? { thing: 'pidfd', exact: false } : { thing: `pidfd:${fd.info.ino}`, exact: true };
  const { id, quality } = kindOf(fd).identity(fd);
  return { thing: id, exact: quality === 'exact' };
}

/** Hung up by the other side is a life of its own: who stays there is not who stays connected. */
function phaseOf(fd: Fd): string {
  return isKind(fd, socket) && fd.detail.row?.state === 'CLOSE_WAIT' ? ':hung-up' : '';
}
