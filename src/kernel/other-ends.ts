/** Who holds the other end of a pipe or of a connection inside this host, or the same thing too. */
import { isKind } from './kinds/kind.ts';
import { pipe } from './kinds/pipe.ts';
import { socket } from './kinds/socket.ts';
import { decodeText } from './text.ts';
import type { Fd, Snapshot } from './types.ts';

interface Holder {
  pid: number;
  comm: string;
  fd: number;
  end?: string;
}

const MOST_NAMED = 3;

export class OtherEnds {
  private readonly holders = new Map<string, Holder[]>();

  constructor(snapshot: Snapshot) {
    for (const { process, fds } of snapshot.tables) {
      for (const fd of fds) {
        if (!isKind(fd, pipe) && !isKind(fd, socket)) continue;
        const end = isKind(fd, pipe) ? fd.detail.end : undefined;
        this.add(fd.link, { pid: process.pid, comm: decodeText(process.comm).text, fd: fd.fd, ...(end && { end }) });
      }
    }
    for (const [link, list] of snapshot.foreign) {
      for (const { process, fd } of list) this.add(link, { pid: process.pid, comm: decodeText(process.comm).text, fd });
    }
  }

  private add(link: string, holder: Holder): void {
    const list = this.holders.get(link);
    if (list) list.push(holder);
    else this.holders.set(link, [holder]);
  }

  /** Those at the other end; for a listener or an unnamed thing: those who hold it too. Without `fd` itself. */
  of(fd: Fd): Holder[] {
    if (isKind(fd, socket)) {
      const peer = fd.detail.row?.peerInode;
      if (peer !== undefined) return this.holders.get(`socket:[${peer}]`) ?? [];
    }
    const same = (this.holders.get(fd.link) ?? []).filter((holder) => holder.pid !== fd.pid || holder.fd !== fd.fd);
    if (!isKind(fd, pipe)) return same;
    // In other processes the end is not known: a parent that kept both shows up too.
    const opposite = same.filter((holder) => holder.end === undefined || holder.end !== fd.detail.end);
    return opposite.length > 0 ? opposite : same;
  }

  /** `sh[42]:1, node[7]:12 and 3 more`; undefined when nobody was found. */
  words(fd: Fd): string | undefined {
    const found = this.of(fd);
    if (found.length === 0) return undefined;
    const named = found.slice(0, MOST_NAMED).map((holder) => `${holder.comm}[${holder.pid}]:${holder.fd}`);
    return named.join(', ') + (found.length > MOST_NAMED ? ` and ${found.length - MOST_NAMED} more` : '');
  }
}
