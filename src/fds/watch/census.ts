/** Who is open in one process, sample by sample. Links are read each time, the rest only of what is new. */
import type { ByteString, Evidence } from '../../evidence/types.ts';
import { type DecodeInput, kindOf, recognise } from '../../kernel/kinds/index.ts';
import { isPath } from '../../kernel/kinds/path.ts';
import { parseFdInfo } from '../../kernel/proc/fdinfo.ts';
import { readSocketTable } from '../../kernel/socket-tables.ts';
import type { Fd, Process, SocketTable } from '../../kernel/types.ts';
import type { Member } from '../../series/index.ts';

/** Kinds whose link is the same for all: what tells two of them apart stands in fdinfo, which must be read each time. */
const NAMED_BY_INFO = /^anon_inode:\[(eventfd|pidfd)\]$/;
const NEEDS_INFO = /^(pipe:|anon_inode:\[(eventfd|pidfd)\]$|\/memfd:)/;

export class FdCensus {
  readonly process: Process;
  private known = new Map<number, Fd>();
  /** At which number a thing was seen; `null` once it was seen at two: then its number does not name one opening of it. */
  private readonly numberOf = new Map<string, number | null>();
  private readonly evidence: Evidence;

  constructor(evidence: Evidence, process: Process) {
    this.evidence = evidence;
    this.process = process;
  }

  /** The descriptors of the last sample. */
  get fds(): Fd[] {
    return [...this.known.values()].sort((a, b) => a.fd - b.fd);
  }

  /** Null when the table can no longer be listed. */
  sample(): Member<Fd>[] | null {
    const base = `/proc/${this.process.pid}`;
    const listed = this.evidence.list(`${base}/fd`).value;
    if (!listed) return null;
    const fresh = new Map<number, ByteString>();
    const next = new Map<number, Fd>();
    for (const name of listed) {
      const link = this.evidence.readlink(`${base}/fd/${name}`).value;
      if (link === undefined) continue;
      const number = Number(name);
      const before = this.known.get(number);
      if (before?.link === link && !NAMED_BY_INFO.test(link)) next.set(number, before);
      else fresh.set(number, link);
    }
    const sockets = this.readSockets(fresh.values());
    for (const [number, link] of fresh) next.set(number, this.decode(number, link, sockets));
    this.known = next;
    return this.members();
  }

  private readSockets(links: Iterable<ByteString>): SocketTable | undefined {
    const inodes = new Set<string>();
    for (const link of links) if (link.startsWith('socket:[')) inodes.add(link.slice(8, -1));
    return inodes.size > 0 ? readSocketTable(this.evidence, this.process.pid, this.process.netns ?? '', { inodes }) : undefined;
  }

  private decode(fd: number, link: ByteString, sockets: SocketTable | undefined): Fd {
    const answer = NEEDS_INFO.test(link) ? this.evidence.read(`/proc/${this.process.pid}/fdinfo/${fd}`).value : undefined;
    const info = answer === undefined ? undefined : (parseFdInfo(answer) ?? undefined);
    const input: DecodeInput = {
      link,
      ...(info && { info }),
      socket: (inode) => sockets?.byInode.get(inode),
      isListening: (port) => sockets?.pending.has(port) ?? false,
    };
    const kind = recognise(input);
    return { pid: this.process.pid, fd, kind: kind.name, link, ...(info && { info }), detail: kind.decode(input) };
  }

  private members(): Member<Fd>[] {
    const things = [...this.known.values()].map((fd) => [fd, thingOf(fd)] as const);
    for (const [fd, { thing }] of things) {
      const before = this.numberOf.get(thing);
      if (before === undefined) this.numberOf.set(thing, fd.fd);
      else if (before !== fd.fd) this.numberOf.set(thing, null);
    }
    return things.map(([fd, { thing, exact }]) => ({
      identity: `${fd.pid}:${fd.fd}:${thing}`,
      quality: exact && this.numberOf.get(thing) !== null ? 'exact' : 'weak',
      item: fd,
    }));
  }
}

/**
 * What is open, apart from its number. A path names one file, but not one opening of it: it is exact for as long as it
 * is seen at one number only. (Temporary files and uploads have paths of their own; a file opened again and again has not.)
 */
function thingOf(fd: Fd): { thing: string; exact: boolean } {
  if (isPath(fd.link) && fd.kind !== 'memfd') return { thing: fd.link, exact: true };
  const { id, quality } = kindOf(fd).identity(fd);
  return { thing: id, exact: quality === 'exact' };
}
