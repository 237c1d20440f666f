/** Who is open in one process, sample by sample. Links are read each time, the rest only of what is new. */
import type { ByteString, Evidence, LinkAnswers } from '../../evidence/types.ts';
import { type DecodeInput, isKind, recognise, socket } from '../../kernel/kinds/index.ts';
import { parseFdInfo } from '../../kernel/proc/fdinfo.ts';
import type { Fd, Process, SocketRow, SocketTable } from '../../kernel/types.ts';
import type { Member } from '../../series/index.ts';
import { Identities } from './identities.ts';
import { Reopened } from './reopened.ts';
import { socketsOfSample } from './sampled-sockets.ts';

/** Kinds whose link is the same for all: what tells two of them apart stands in fdinfo, which must be read each time. */
const NAMED_BY_INFO = new Set(['eventfd', 'pidfd']);
const NEEDS_INFO = /^(pipe:|anon_inode:\[(eventfd|pidfd)\]$|pidfd:|\/memfd:)/;

const SOCKET = 'socket:[';

export interface CensusOptions {
  /** Follow connections into CLOSE_WAIT: each is one member before and another one there. Else the state is that of the first sample that saw it. */
  hungUp?: boolean;
  /** Spend about this part of the time on socket tables: on a host with 50,000 sockets each walk takes the kernel a good while. Absent: all it takes. */
  tablePart?: number;
  /** Tell what was closed and opened again at the same number, where the kernel says so: it is another member then. */
  reopened?: boolean;
}

/** The table of one process over time. A descriptor is read in full when it is first seen; later samples cost a link, and what its kind cannot be told apart without. */
export class FdCensus {
  readonly process: Process;
  private known = new Map<number, Fd>();
  private before = new Map<number, Fd>();
  /** Sockets that no table was asked for yet. */
  private readonly waiting = new Set<number>();
  /** Connections that were seen before they were hung up. */
  private readonly turned = new WeakSet<Fd>();
  private nextTables = 0;
  private readonly identities = new Identities();
  private readonly reopened: Reopened | undefined;
  private readonly evidence: Evidence;
  private readonly options: CensusOptions;
  /** Why the last sample is null. */
  errno: string | undefined;
  /** When the numbers of the last sample were listed, monotonic ms: what is read of them afterwards may take its time. */
  listedAt = 0;
  /** Connections that were hung up while they were watched. */
  hungUp = 0;

  constructor(evidence: Evidence, process: Process, options: CensusOptions = {}) {
    this.evidence = evidence;
    this.process = process;
    this.options = options;
    if (options.reopened) this.reopened = new Reopened(evidence);
  }

  /** The descriptors of the last sample. */
  get fds(): Fd[] {
    return inOrder(this.known);
  }

  /** Those of the sample before it: the last whole one of a process that was ending in the last. */
  get fdsBefore(): Fd[] {
    return inOrder(this.before);
  }

  /** Null when the table cannot be read (any more): see `errno`. @param isLast nothing may wait for a later one */
  sample(isLast = false): Member<Fd>[] | null {
    const directory = `/proc/${this.process.pid}/fd`;
    const listed = this.evidence.list(directory);
    this.errno = listed.errno;
    this.listedAt = listed.at;
    if (!listed.value) return null;
    const fresh = new Map<number, ByteString>();
    const next = new Map<number, Fd>();
    const numbers = listed.value.map(Number);
    const links = linksOf(this.evidence, directory, numbers);
    for (const [index, number] of numbers.entries()) {
      const link = links.values[index];
      if (link === undefined) {
        const errno = links.errnos.get(index);
        if (errno === 'ENOENT' || errno === 'ESRCH') continue;
        this.errno = errno;
        return null;
      }
      const before = this.known.get(number);
      if (before?.link === link && !NAMED_BY_INFO.has(before.kind) && !this.waiting.has(number)) next.set(number, before);
      else fresh.set(number, link);
    }
    const sockets = this.readSockets(fresh, next, isLast);
    for (const [number, link] of fresh) next.set(number, this.decode(number, link, sockets));
    this.before = this.known;
    this.known = next;
    const members = this.identities.membersOf(next.values(), this.turned);
    return this.reopened?.mark(members) ?? members;
  }

  /** What is fresh waits for a later sample, undecoded but followed by its inode, when tables are long and were read just now. */
  private readSockets(fresh: Map<number, ByteString>, known: Map<number, Fd>, isLast: boolean): SocketTable {
    this.waiting.clear();
    if (this.listedAt < this.nextTables && !isLast) {
      for (const [number, link] of fresh) if (link.startsWith(SOCKET)) this.waiting.add(number);
      return { netns: '', byInode: new Map(), pending: new Map() };
    }
    const connected = this.options.hungUp ? connectedAmong(known) : new Map<string, Fd[]>();
    const { table, closed, hungUp, readAt } = socketsOfSample(this.evidence, this.process, fresh, new Set(connected.keys()));
    for (const [inode, row] of hungUp) this.noteHungUp(connected.get(inode)!, row, known);
    for (const number of closed) fresh.delete(number);
    if (readAt !== undefined && this.options.tablePart) this.nextTables = readAt + (readAt - this.listedAt) / this.options.tablePart;
    return table;
  }

  private noteHungUp(holders: readonly Fd[], row: SocketRow, fds: Map<number, Fd>): void {
    for (const fd of holders) {
      this.hungUp++;
      const turned = { ...fd, detail: { ...(fd.detail as object), row } };
      this.turned.add(turned);
      fds.set(fd.fd, turned);
    }
  }

  private decode(fd: number, link: ByteString, sockets: SocketTable): Fd {
    const answer = NEEDS_INFO.test(link) ? this.evidence.read(`/proc/${this.process.pid}/fdinfo/${fd}`).value : undefined;
    const info = answer === undefined ? undefined : (parseFdInfo(answer) ?? undefined);
    const input: DecodeInput = {
      link,
      ...(info && { info }),
      socket: (inode) => sockets.byInode.get(inode),
      isListening: (port) => sockets.pending.has(port),
    };
    const kind = recognise(input);
    return { pid: this.process.pid, fd, kind: kind.name, link, ...(info && { info }), detail: kind.decode(input) };
  }
}

function inOrder(fds: ReadonlyMap<number, Fd>): Fd[] {
  return [...fds.values()].sort((a, b) => a.fd - b.fd);
}

function linksOf(evidence: Evidence, directory: string, numbers: readonly number[]): LinkAnswers {
  if (evidence.readlinks) return evidence.readlinks(directory, numbers);
  const answers: LinkAnswers = { values: [], errnos: new Map() };
  for (const [index, number] of numbers.entries()) {
    const { value, errno } = evidence.readlink(`${directory}/${number}`);
    answers.values.push(value);
    if (errno !== undefined) answers.errnos.set(index, errno);
  }
  return answers;
}

/** Connections that may be hung up yet, by inode. */
function connectedAmong(fds: ReadonlyMap<number, Fd>): Map<string, Fd[]> {
  const connected = new Map<string, Fd[]>();
  for (const fd of fds.values()) {
    if (!isKind(fd, socket) || !isConnection(fd.detail.row)) continue;
    const holders = connected.get(fd.detail.inode);
    if (holders) holders.push(fd);
    else connected.set(fd.detail.inode, [fd]);
  }
  return connected;
}

/** One that may be hung up yet. */
function isConnection(row: Pick<SocketRow, 'protocol' | 'state'> = { protocol: 'unix', state: '' }): boolean {
  return row.protocol.startsWith('tcp') && row.state !== 'LISTEN' && row.state !== 'CLOSE_WAIT';
}
