/**
 * Closed and opened again at the same number, between two samples: links do not show it. The kernel has an order of all open files
 * (kcmp, kernel/kcmp.c: by their addresses, in disguise), and where that of two descriptors has changed, one of them is another file now.
 */
import type { Evidence } from '../../evidence/types.ts';
import type { Fd } from '../../kernel/types.ts';
import type { Member } from '../../series/index.ts';

/** What does not become more is nobody's leak: only then it is asked. */
const LEAST_GAIN = 3;
/** So many of each thing are compared with its first; the rest is told from them. */
const MOST_COMPARED = 48;
const MOST_THINGS = 16;

interface Thing {
  atFirst: number;
  /** Order against the lowest number, `-1`, `0` or `1`, of each of those compared; `than` is that number. */
  than?: number;
  orders: Map<number, number>;
}

/** Follows the order of weak members that became more. Where kcmp is refused it asks no more, and changes nothing. */
export class Reopened {
  private readonly things = new Map<string, Thing>();
  /** How often the file at an identity was seen to be another one. */
  private readonly times = new Map<string, number>();
  private readonly evidence: Evidence;
  private isRefused = false;

  constructor(evidence: Evidence) {
    this.evidence = evidence;
  }

  /** Gives those that were opened again an identity of their own. @param members of one process */
  mark(members: Member<Fd>[]): Member<Fd>[] {
    const weak = new Map<string, Member<Fd>[]>();
    for (const member of members) {
      if (member.quality === 'exact') continue;
      const thing = member.identity.slice(`${member.item.pid}:${member.item.fd}:`.length);
      const alike = weak.get(thing);
      if (alike) alike.push(member);
      else weak.set(thing, [member]);
    }
    let asked = 0;
    for (const [name, alike] of weak) {
      let thing = this.things.get(name);
      if (!thing) this.things.set(name, (thing = { atFirst: alike.length, orders: new Map() }));
      if (alike.length >= thing.atFirst + LEAST_GAIN && asked++ < MOST_THINGS && !this.isRefused) this.compare(thing, alike);
    }
    for (const member of members) {
      const times = member.quality === 'weak' ? this.times.get(member.identity) : undefined;
      if (times !== undefined) member.identity += `#${times}`;
    }
    return members;
  }

  private compare(thing: Thing, alike: readonly Member<Fd>[]): void {
    const [first, ...others] = alike.toSorted((a, b) => a.item.fd - b.item.fd).slice(0, MOST_COMPARED);
    const { pid, fd } = first!.item;
    const isSame = thing.than === fd;
    const orders = new Map<number, number>();
    for (const { item, identity } of others) {
      const { value, errno } = this.evidence.users?.descriptionOrder(pid, fd, pid, item.fd) ?? { errno: 'ENOTSUP' };
      if (value === undefined) {
        // EBADF: closed this moment. Everything else will not change.
        this.isRefused ||= errno !== 'EBADF';
        continue;
      }
      const before = isSame ? thing.orders.get(item.fd) : undefined;
      if (before !== undefined && before !== value) this.times.set(identity, (this.times.get(identity) ?? 0) + 1);
      orders.set(item.fd, value);
    }
    thing.than = fd;
    thing.orders = orders;
  }
}
