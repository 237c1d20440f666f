/** Who holds the other end of a pipe or of a connection inside this host, or the same thing too. */
import { isKind } from './kinds/kind.ts';
import { type PipeDetail, pipe } from './kinds/pipe.ts';
import { socket } from './kinds/socket.ts';
import { decodeText } from './text.ts';
import type { Fd, Process, Snapshot } from './types.ts';

interface Holder {
  pid: number;
  comm: string;
  fd: number;
  end?: PipeDetail['end'];
}

/** Of one link, in the order of sight. */
interface Holders {
  all: Holder[];
  /** Made when first asked for: those that may be at the other end of one who holds this end. */
  opposite: { [end in Holder['end'] & string]?: Holder[] };
}

const MOST_NAMED = 3;

export class OtherEnds {
  private readonly byLink = new Map<string, Holders>();

  constructor(snapshot: Snapshot) {
    for (const { process, fds } of snapshot.tables) {
      const holder = holderOf(process);
      for (const fd of fds) {
        if (isKind(fd, pipe)) this.add(fd.link, holder(fd.fd, fd.detail.end));
        else if (isKind(fd, socket)) this.add(fd.link, holder(fd.fd));
      }
    }
    for (const [link, list] of snapshot.foreign) for (const { process, fd } of list) this.add(link, holderOf(process)(fd));
  }

  private add(link: string, holder: Holder): void {
    const known = this.byLink.get(link);
    if (known) known.all.push(holder);
    else this.byLink.set(link, { all: [holder], opposite: {} });
  }

  /**
   * `sh[42]:1, node[7]:12, sh[43]:1 and 3 more`: those at the other end of this descriptor of a target, or, for a listener or a
   * lone end, those who hold it too. Undefined when nobody was found.
   */
  words(fd: Fd): string | undefined {
    const candidates = this.candidates(fd);
    // Every pipe and socket of a target is in the list of its own link.
    const others = candidates.length - (candidates === this.byLink.get(fd.link)?.all ? 1 : 0);
    if (others === 0) return undefined;
    const named: string[] = [];
    // One thing may be held 20,000 times: only as many are looked at as are named.
    for (const holder of candidates) {
      if (holder.pid === fd.pid && holder.fd === fd.fd) continue;
      if (named.push(`${holder.comm}[${holder.pid}]:${holder.fd}`) === MOST_NAMED) break;
    }
    return named.join(', ') + (others > MOST_NAMED ? ` and ${others - MOST_NAMED} more` : '');
  }

  private candidates(fd: Fd): readonly Holder[] {
    const peer = isKind(fd, socket) ? fd.detail.row?.peerInode : undefined;
    if (peer !== undefined) return this.byLink.get(`socket:[${peer}]`)?.all ?? [];
    const own = this.byLink.get(fd.link);
    if (!own) return [];
    const end = isKind(fd, pipe) ? fd.detail.end : undefined;
    if (end === undefined) return own.all;
    // In other processes the end is not known: a parent that kept both shows up as either.
    own.opposite[end] ??= own.all.filter((holder) => holder.end !== end);
    const opposite = own.opposite[end];
    return opposite.length > 0 ? opposite : own.all;
  }
}

function holderOf(process: Process): (fd: number, end?: PipeDetail['end']) => Holder {
  const comm = decodeText(process.comm).text;
  return (fd, end) => ({ pid: process.pid, comm, fd, ...(end && { end }) });
}
