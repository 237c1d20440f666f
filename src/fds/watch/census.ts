/** Who is open in one process, sample by sample. Links are read each time, the rest only of what is new. */
import type { ByteString, Evidence } from '../../evidence/types.ts';
import { type DecodeInput, isKind, recognise, socket } from '../../kernel/kinds/index.ts';
import { parseFdInfo } from '../../kernel/proc/fdinfo.ts';
import { readSocketTable } from '../../kernel/socket-tables.ts';
import type { Fd, Process, SocketRow, SocketTable } from '../../kernel/types.ts';
import type { Member } from '../../series/index.ts';
import { hungUp } from './hung-up.ts';
import { Identities } from './identities.ts';

/** Kinds whose link is the same for all: what tells two of them apart stands in fdinfo, which must be read each time. */
const NAMED_BY_INFO = /^anon_inode:\[(eventfd|pidfd)\]$/;
const NEEDS_INFO = /^(pipe:|anon_inode:\[(eventfd|pidfd)\]$|pidfd:|\/memfd:)/;
const SOCKET = 'socket:[';

export interface CensusOptions {
  /** Follow connections into CLOSE_WAIT: each is one member before and another one there. Else the state is that of the first sample that saw it. */
  hungUp?: boolean;
}

export class FdCensus {
  readonly process: Process;
  private known = new Map<number, Fd>();
  private readonly identities = new Identities();
  private readonly evidence: Evidence;
  private readonly options: CensusOptions;
  /** Why the last sample is null. */
  errno: string | undefined;
  /** Connections that were hung up while they were watched. */
  hungUp = 0;

  constructor(evidence: Evidence, process: Process, options: CensusOptions = {}) {
    this.evidence = evidence;
    this.process = process;
    this.options = options;
  }

  /** The descriptors of the last sample. */
  get fds(): Fd[] {
    return [...this.known.values()].sort((a, b) => a.fd - b.fd);
  }

  /** Null when the table cannot be read (any more): see `errno`. */
  sample(): Member<Fd>[] | null {
    const directory = `/proc/${this.process.pid}/fd`;
    const listed = this.evidence.list(directory);
    this.errno = listed.errno;
    if (!listed.value) return null;
    const fresh = new Map<number, ByteString>();
    const next = new Map<number, Fd>();
    for (const name of listed.value) {
      const { value: link, errno } = this.evidence.readlink(`${directory}/${name}`);
      if (link === undefined) {
        if (errno === 'ENOENT' || errno === 'ESRCH') continue;
        this.errno = errno;
        return null;
      }
      const number = Number(name);
      const before = this.known.get(number);
      if (before?.link === link && !NAMED_BY_INFO.test(link)) next.set(number, before);
      else fresh.set(number, link);
    }
    if (this.options.hungUp) this.noteHungUp(next);
    const sockets = this.readSockets(fresh.values());
    for (const [number, link] of fresh) next.set(number, this.decode(number, link, sockets));
    this.known = next;
    return this.identities.membersOf(next.values());
  }

  private noteHungUp(fds: Map<number, Fd>): void {
    const connected = new Map<string, Fd[]>();
    for (const fd of fds.values()) {
      if (!isKind(fd, socket) || !isConnection(fd.detail.row)) continue;
      const holders = connected.get(fd.detail.inode);
      if (holders) holders.push(fd);
      else connected.set(fd.detail.inode, [fd]);
    }
    if (connected.size === 0) return;
    for (const [inode, row] of hungUp(this.evidence, this.process.pid, new Set(connected.keys()))) {
      for (const fd of connected.get(inode)!) {
        this.hungUp++;
        fds.set(fd.fd, { ...fd, detail: { ...(fd.detail as object), row } });
      }
    }
  }

  private readSockets(links: Iterable<ByteString>): SocketTable | undefined {
    const inodes = new Set<string>();
    for (const link of links) if (link.startsWith(SOCKET)) inodes.add(link.slice(SOCKET.length, -1));
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
}

/** One that may be hung up yet. */
function isConnection(row: Pick<SocketRow, 'protocol' | 'state'> = { protocol: 'unix', state: '' }): boolean {
  return row.protocol.startsWith('tcp') && row.state !== 'LISTEN' && row.state !== 'CLOSE_WAIT';
}
