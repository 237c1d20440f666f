/** Which descriptor of one sample is which of the one before. */
import { eventfd, isKind, kindOf, pidfd } from '../../kernel/kinds/index.ts';
import { isPath } from '../../kernel/kinds/path.ts';
import type { Fd } from '../../kernel/types.ts';
import type { Member } from '../../series/index.ts';

/** Remembers numbers of things that are closed, up to so many; then it forgets those. */
const MOST_REMEMBERED = 100_000;

/** As fs/d_path.c marks them; those of O_TMPFILE have a number for a name, and numbers are used again. */
const NAMELESS = / \(deleted\)$/;

interface Thing {
  thing: string;
  exact: boolean;
}

interface Named extends Thing {
  identity: string;
  isEventfd: boolean;
  isNameless: boolean;
}

/**
 * Names each descriptor by process, number and thing (inode, eventfd id, pid ...). `exact` where the kernel never gives the same
 * name to another one in the window, `weak` where it may: paths, things seen at two numbers, ids that are handed out again.
 */
export class Identities {
  private readonly named = new WeakMap<Fd, Named>();
  /** At which number a thing was seen; `null` once it was seen at two: then its number does not name one opening of it. */
  private numberOf = new Map<string, number | null>();
  /** Eventfds of the sample before. */
  private eventfds = new Set<string>();
  /** The ids of eventfds are handed out again (fs/eventfd.c takes the lowest free one), as numbers are: once one is closed they prove nothing. */
  private eventfdsEnd = false;

  /**
   * @param fds of one sample
   * @param hungUp those that were connected before, and were hung up by the other side: a life of its own, for who stays there is
   * not who stays connected
   */
  membersOf(fds: Iterable<Fd>, hungUp: WeakSet<Fd>): Member<Fd>[] {
    const members: Member<Fd>[] = [];
    const names: Named[] = [];
    const eventfds = new Set<string>();
    const nameless = new Set<string>();
    for (const fd of fds) {
      const named = this.nameOf(fd, hungUp);
      names.push(named);
      if (named.isEventfd) eventfds.add(named.thing);
      if (named.isNameless) nameless.add(named.thing);
      const before = this.numberOf.get(named.thing);
      if (before === undefined) this.numberOf.set(named.thing, fd.fd);
      else if (before !== fd.fd) this.numberOf.set(named.thing, null);
      members.push({ identity: named.identity, quality: named.exact ? 'exact' : 'weak', item: fd });
    }
    this.eventfdsEnd ||= [...this.eventfds].some((thing) => !eventfds.has(thing));
    this.eventfds = eventfds;
    members.forEach((member, index) => {
      const { thing, isEventfd } = names[index]!;
      if ((this.eventfdsEnd && isEventfd) || this.numberOf.get(thing) === null) member.quality = 'weak';
    });
    // Nobody opens them again by name: what has the inode of an earlier one at another number is another file. (At two at once it is one.)
    for (const thing of nameless) this.numberOf.delete(thing);
    this.forget(names);
    return members;
  }

  /** Kept for as long as it is the same descriptor: to make these texts anew is most of the work of a sample. */
  private nameOf(fd: Fd, hungUp: WeakSet<Fd>): Named {
    const known = this.named.get(fd);
    if (known) return known;
    const { thing, exact } = thingOf(fd);
    const identity = `${fd.pid}:${fd.fd}:${thing}${hungUp.has(fd) ? ':hung-up' : ''}`;
    const named = { thing, exact, identity, isEventfd: isKind(fd, eventfd), isNameless: NAMELESS.test(thing) };
    this.named.set(fd, named);
    return named;
  }

  private forget(living: readonly Named[]): void {
    if (this.numberOf.size <= MOST_REMEMBERED + living.length) return;
    this.numberOf = new Map(living.map(({ thing }) => [thing, this.numberOf.get(thing)!]));
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
