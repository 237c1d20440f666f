/** Who holds the other end of a pipe or of a connection inside this host, or the same thing too. */
import { fdsOf } from './fd-index.ts';
import { isKind } from './kinds/kind.ts';
import { type PipeDetail, pipe } from './kinds/pipe.ts';
import { type SocketDetail, socket } from './kinds/socket.ts';
import { decodeText } from './text.ts';
import { PlainHolders } from './plain-holders.ts';
import type { Fd, FdTable, ForeignFd, Process, Snapshot } from './types.ts';

/** A descriptor of a target, or of somebody else. */
type Holder = Fd | ForeignFd;
type End = PipeDetail['end'];

const MOST_NAMED = 3;
const NOBODY: readonly Holder[] = [];

export class OtherEnds {
  /** Who holds a link, in the order of sight; one alone is no list, since nearly all links have one holder. Sockets by inode. */
  private readonly byLink = new Map<string, Holder | Holder[]>();
  /** By link and end: those that may be at the other end of one who holds this end. Made when first asked for. */
  private readonly opposites = new Map<string, readonly Holder[]>();
  private readonly names = new Map<number, string>();

  private knownInodes: Set<number> | undefined;

  /** Of a look at very many: who holds a plain socket, by inode, and who else. */
  private readonly plain: PlainHolders | undefined;

  constructor(snapshot: Snapshot) {
    if (snapshot.tables.some((table) => table.plain)) this.plain = new PlainHolders(snapshot);
    for (const { process, fds } of snapshot.tables) {
      this.setName(process);
      for (const fd of fdsOf(fds, pipe)) this.add(fd.link, fd);
      for (const fd of fdsOf(fds, socket)) this.add(fd.detail.inode, fd);
    }
    for (const [link, list] of snapshot.foreign) {
      const key = link.startsWith('socket:[') ? link.slice(8, -1) : link;
      for (const holder of list) {
        this.setName(holder.process);
        this.add(key, holder);
      }
    }
  }

  private setName({ pid, comm }: Process): void {
    if (!this.names.has(pid)) this.names.set(pid, `${decodeText(comm).text}[${pid}]`);
  }

  private add(link: string, holder: Holder): void {
    const known = this.byLink.get(link);
    if (known === undefined) this.byLink.set(link, holder);
    else if (Array.isArray(known)) known.push(holder);
    else this.byLink.set(link, [known, holder]);
  }

  /**
   * `sh[42]:1, node[7]:12, sh[43]:1 and 3 more`: those at the other end of this descriptor of a target, or, for a listener or a
   * lone end, those who hold it too. Undefined when nobody was found.
   */
  words(fd: Fd): string | undefined {
    const candidates = this.candidates(fd);
    const named: string[] = [];
    let own = 0;
    // One thing may be held 20,000 times: only as many are looked at as are named.
    for (const holder of candidates) {
      if (isSame(holder, fd)) own = 1;
      else if (named.push(`${this.names.get(pidOf(holder))}:${holder.fd}`) === MOST_NAMED) break;
    }
    if (named.length === 0) return undefined;
    // Every pipe and socket of a target is in the list of its own link, named or not.
    const others = candidates.length - (own === 1 || candidates === this.byLink.get(keyOf(fd)) ? 1 : 0);
    return named.join(', ') + (others > MOST_NAMED ? ` and ${others - MOST_NAMED} more` : '');
  }

  /** The first of words(), without its number: `sh[42]`. */
  firstHolder(fd: Fd): string | undefined {
    if (fd.kind !== pipe.name && fd.kind !== socket.name) return undefined;
    if (this.plain && isKind(fd, socket)) {
      const pid = this.plain.otherThan(fd.pid, fd.fd, Number(otherKeyOf(fd)));
      if (pid !== undefined) return this.names.get(pid);
    }
    // Nearly all sockets have one holder: no list is made of it.
    const alone = isKind(fd, socket) ? this.byLink.get(otherKeyOf(fd)) : undefined;
    if (alone !== undefined && !Array.isArray(alone)) return isSame(alone, fd) ? undefined : this.names.get(pidOf(alone));
    for (const holder of this.candidates(fd)) if (!isSame(holder, fd)) return this.names.get(pidOf(holder));
    return undefined;
  }

  /** The same of a plain descriptor. */
  firstHolderOfPlain(table: FdTable, position: number): string | undefined {
    const plain = table.plain!;
    const place = plain.placeAt(position);
    if (place < 0) return undefined;
    const peer = plain.rows!.plain.peerAt(place);
    const pid = this.plain?.otherAt(plain.rows!.plain, peer < 0 ? place : peer, table.process.pid, plain.numberAt(position));
    if (pid !== undefined) return this.names.get(pid);
    // Of what no target holds somebody else may; of nearly all nobody does.
    const other = plain.rows!.plain.otherInodeAt(place);
    const mayBe = this.inodes().has(other) || this.plain?.otherThan(table.process.pid, plain.numberAt(position), other) !== undefined;
    return mayBe ? this.firstHolder(plain.fdAt(position)) : undefined;
  }

  /** Of the sockets in `byLink`, whose keys are made of nothing else. */
  private inodes(): ReadonlySet<number> {
    this.knownInodes ??= new Set([...this.byLink.keys()].map(Number));
    return this.knownInodes;
  }

  private holdersOf(key: string): readonly Holder[] {
    const known = this.byLink.get(key);
    if (known === undefined) return NOBODY;
    return Array.isArray(known) ? known : [known];
  }

  private candidates(fd: Fd): readonly Holder[] {
    if (isKind(fd, socket)) return this.holdersOf(otherKeyOf(fd));
    const end = isKind(fd, pipe) ? fd.detail.end : undefined;
    if (end === undefined) return this.holdersOf(fd.link);
    const key = `${end} ${fd.link}`;
    let opposite = this.opposites.get(key);
    if (!opposite) {
      const all = this.holdersOf(fd.link);
      // In other processes the end is not known: a parent that kept both shows up as either.
      const others = all.filter((holder) => endOf(holder) !== end);
      opposite = others.length > 0 ? others : all;
      this.opposites.set(key, opposite);
    }
    return opposite;
  }
}

function keyOf(fd: Fd): string {
  return isKind(fd, socket) ? fd.detail.inode : fd.link;
}

/** What the other end of a socket is held by, or the socket itself where that is not known. */
function otherKeyOf({ detail }: Fd<SocketDetail>): string {
  return detail.row?.peerInode ?? detail.inode;
}

function pidOf(holder: Holder): number {
  return 'process' in holder ? holder.process.pid : holder.pid;
}

function isSame(holder: Holder, fd: Fd): boolean {
  return holder.fd === fd.fd && pidOf(holder) === fd.pid;
}

function endOf(holder: Holder): End {
  return 'process' in holder || !isKind(holder, pipe) ? undefined : holder.detail.end;
}
