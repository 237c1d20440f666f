/** Reads the descriptors of one process: class A first, class B in the background meanwhile, decoded when both are there. */
import { PackedLinks } from '../evidence/packed-links.ts';
import type { Answer, ByteString, Evidence, FileStat, LinkAnswers } from '../evidence/types.ts';
import { leftInDoubt, type PathSample, samplePackedSockets, samplePaths } from './fd-sample.ts';
import type { DecodeInput } from './kinds/index.ts';
import { packTargets } from './kinds/epoll-packed.ts';
import type { EpollDetail } from './kinds/epoll-targets.ts';
import { epoll, file, infoBlocks, kindOf, recognise, socket } from './kinds/index.ts';
import { isPath } from './kinds/path.ts';
import { type LinkList, Links } from './links.ts';
import { type PackedRows, PlainFds } from './plain-fds.ts';
import { parseFdInfo } from './proc/fdinfo.ts';
import { standingAlone } from './text.ts';
import type { Fd, FdInfo, Process } from './types.ts';

/** Descriptors between two chances for a signal to be handled. */
const CHUNK = 2000;

/** What the descriptors of one process point at. */
export interface LinkTable {
  pid: number;
  /** What was listed, ascending; none where links were read without a list. */
  numbers: number[];
  /** How many numbers were seen to be open. */
  listed: number;
  links: LinkList;
  /** Descriptors that were listed and could not be read: errno by number. */
  errors: Map<number, string>;
  /** Closed between listing and reading: normal in a busy process. */
  vanished: number;
  /** A signal ended the reading before all was asked. */
  stopped: boolean;
  /** Set when the list itself was refused. */
  errno?: string;
}

/** Links and open flags of one process, read but not yet decoded: decoding needs the socket tables. */
export interface RawTable extends LinkTable {
  process: Process;
  infos: Map<number, FdInfo>;
  /** Of packed links: what the long fdinfo of an epoll instance says, which is not kept as text. */
  epolls: Map<number, EpollDetail>;
  stats: Map<number, FileStat>;
  /** Answers that did not come, of class A (`flags`) and B (`stat`, `fdinfo`). */
  failures: Map<'flags' | 'stat' | 'fdinfo', { count: number; total: number; errno: string }>;
  /** Only some of the descriptors were asked for more than their link. */
  sampled: boolean;
}

export interface ReadOptions {
  /** Ask for open flags (fdinfo) too; without, only what the links tell. */
  infos: boolean;
  /** Ask for types, link counts and sizes of paths. */
  stats: boolean;
  /** Descriptors that may be asked for all of that: of a larger table only some are, and sockets by readSocketInfos(). */
  most?: number;
  /** Keep the links of such a table packed. */
  packed?: boolean;
  /** They were read already. */
  links?: LinkTable;
  signal: AbortSignal;
}

/**
 * Every descriptor of a process, undecoded. Never throws for what the target refuses: `errno` is why there is no table at all,
 * `failures` why one descriptor has no detail.
 */
export async function readRawTable(evidence: Evidence, process: Process, options: ReadOptions): Promise<RawTable> {
  const { most = Number.POSITIVE_INFINITY } = options;
  const links = options.links ?? await readLinkTable(evidence, process.pid, options.signal, options.packed ? { from: most, open: process.open ?? 0 } : undefined);
  const raw: RawTable = { ...links, process, infos: new Map(), epolls: new Map(), stats: new Map(), failures: new Map(), sampled: false };
  if (raw.errno !== undefined) return raw;
  raw.sampled = raw.listed > most;
  const wanted = raw.sampled ? samplePaths(raw.links) : everything(raw.links);
  const slow = readSlowParts(evidence, raw, options.infos ? wanted.infos.filter((fd) => infoBlocks(raw.links.get(fd)!)) : [], options.stats ? wanted.stats : []);
  if (options.infos) await readInfos(evidence, raw, wanted.infos, options.signal);
  await slow;
  if (raw.links instanceof PackedLinks) packEpolls(raw);
  if (wanted.classes.length > 0) await readSlowParts(evidence, raw, [], leftInDoubt(wanted.classes, raw.stats));
  return raw;
}

/** When to keep links packed: where there are more than `from`; about `open` are expected. */
interface Packing {
  from: number;
  open: number;
}

/** The links alone: for those who hold the other ends. */
export async function readLinkTable(evidence: Evidence, pid: number, signal: AbortSignal, packing: Packing = { from: Number.POSITIVE_INFINITY, open: 0 }): Promise<LinkTable> {
  const links = new Links();
  const table: LinkTable = { pid, numbers: [], listed: 0, links, errors: new Map(), vanished: 0, stopped: false };
  const directory = `/proc/${pid}/fd`;
  if (packing.open > packing.from && (await walkTable(evidence, directory, packing.open, table, signal))) return table;
  const { numbers, errno } = listNumbers(evidence, directory);
  if (errno !== undefined) return { ...table, errno };
  table.numbers = numbers;
  table.listed = numbers.length;
  const packed = table.numbers.length > packing.from ? new PackedLinks(table.numbers.length) : undefined;
  if (packed) table.links = packed;
  await eachChunk(table, table.numbers, signal, (chunk) => {
    const errnos = (packed && evidence.packLinks?.(directory, chunk, packed)) ?? readChunk(evidence, directory, chunk, packed ?? links);
    for (const [index, errno] of errnos) {
      if (errno === 'ENOENT' || errno === 'ESRCH') table.vanished++;
      else table.errors.set(chunk[index]!, errno);
    }
  });
  return table;
}

/** False where that cannot be done: then nothing was read. */
async function walkTable(evidence: Evidence, directory: string, open: number, table: LinkTable, signal: AbortSignal): Promise<boolean> {
  const links = new PackedLinks(open);
  const walk = evidence.walkLinks?.(directory, open, links);
  if (!walk) return false;
  try {
    for (;;) {
      const isMore = walk.next(CHUNK);
      if (!isMore || signal.aborted) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (!walk.isWhole && !signal.aborted) return false;
  } catch {
    // Listed in the usual way, it says why.
    return false;
  } finally {
    walk.close();
  }
  table.links = links;
  table.errors = new Map(walk.errnos);
  table.stopped = !walk.isWhole;
  const seen = links.size + walk.errnos.size;
  table.listed = table.stopped ? Math.max(seen, open) : seen;
  return true;
}

/** Ascending. The names are not kept: who waits while the links are read would hold 20,000 strings. */
function listNumbers(evidence: Evidence, directory: string): { numbers: number[]; errno?: string } {
  const { value, errno = 'EIO' } = evidence.list(directory);
  return value ? { numbers: value.map(Number).sort((a, b) => a - b) } : { numbers: [], errno };
}

function readChunk(evidence: Evidence, directory: string, chunk: readonly number[], into: LinkList): Map<number, string> {
  const { values, errnos } = evidence.readlinks?.(directory, chunk) ?? oneByOne(evidence, directory, chunk);
  for (let index = 0; index < chunk.length; index++) {
    const value = values[index];
    if (value !== undefined) into.add(chunk[index]!, value);
  }
  return errnos;
}

function everything(links: LinkList): PathSample {
  const infos = [...links.numbers];
  return { infos, stats: infos.filter((_, index) => isPath(links.textAt(index))), classes: [] };
}

/** Asks for the open flags of these descriptors, unless they are known or asking would take a lock. */
export async function readInfos(evidence: Evidence, raw: RawTable, wanted: readonly number[], signal: AbortSignal): Promise<void> {
  const fds = wanted.filter((fd) => !raw.infos.has(fd) && !infoBlocks(raw.links.get(fd)!));
  const known = raw.failures.get('flags');
  let failed = known?.count ?? 0;
  let errno = known?.errno;
  await eachChunk(raw, fds, signal, (chunk) => {
    for (const fd of chunk) {
      const answer = evidence.read(`/proc/${raw.process.pid}/fdinfo/${fd}`);
      readInfo(raw, fd, answer);
      if (!isFailure(answer)) continue;
      failed++;
      errno ??= answer.errno;
    }
  });
  if (errno !== undefined) raw.failures.set('flags', { count: failed, total: (known?.total ?? 0) + fds.length, errno });
}

/** Calls `visit` for parts of the list, and lets signals be handled in between. */
async function eachChunk(table: LinkTable, fds: readonly number[], signal: AbortSignal, visit: (chunk: readonly number[]) => void): Promise<void> {
  for (let at = 0; at < fds.length; at += CHUNK) {
    table.stopped ||= signal.aborted;
    if (table.stopped) return;
    const end = at + CHUNK;
    visit(at === 0 && end >= fds.length ? fds : fds.slice(at, end));
    if (end < fds.length) await new Promise((resolve) => setImmediate(resolve));
  }
}

function oneByOne(evidence: Evidence, directory: string, numbers: readonly number[]): LinkAnswers {
  const answers: LinkAnswers = { values: [], errnos: new Map() };
  numbers.forEach((number, index) => {
    const { value, errno = 'EIO' } = evidence.readlink(`${directory}/${number}`);
    answers.values.push(value);
    if (value === undefined) answers.errnos.set(index, errno);
  });
  return answers;
}

function packEpolls(raw: RawTable): void {
  for (const [fd, info] of raw.infos) {
    if (!epoll.matches(raw.links.get(fd)!)) continue;
    raw.epolls.set(fd, packTargets(info.rest));
    raw.infos.set(fd, { ...info, pos: standingAlone(info.pos), ...(info.ino !== undefined && { ino: standingAlone(info.ino) }), rest: '' });
  }
}

function readInfo(raw: RawTable, fd: number, answer: Answer<ByteString>): void {
  const info = answer.value === undefined ? null : parseFdInfo(answer.value);
  if (info) raw.infos.set(fd, info);
}

async function readSlowParts(evidence: Evidence, raw: RawTable, blocking: readonly number[], paths: readonly number[]): Promise<void> {
  const [stats, infos] = await Promise.all([
    paths.length > 0 ? evidence.statSlow(`/proc/${raw.process.pid}/fd`, paths.map(String)) : [],
    blocking.length > 0 ? evidence.readSlow(blocking.map((fd) => `/proc/${raw.process.pid}/fdinfo/${fd}`)) : [],
  ]);
  paths.forEach((fd, index) => {
    const stat = stats[index]?.value;
    if (stat) raw.stats.set(fd, stat);
  });
  blocking.forEach((fd, index) => {
    readInfo(raw, fd, infos[index]!);
  });
  noteFailures(raw, 'stat', stats);
  noteFailures(raw, 'fdinfo', infos);
}

/** ENOENT means closed meanwhile, and ESRCH ended meanwhile: no failures of ours. */
function isFailure({ errno }: Answer<unknown>): boolean {
  return errno !== undefined && errno !== 'ENOENT' && errno !== 'ESRCH';
}

function noteFailures(raw: RawTable, asked: 'stat' | 'fdinfo', answers: readonly Answer<unknown>[]): void {
  const failed = answers.filter(isFailure);
  if (failed.length === 0) return;
  const { count, total } = raw.failures.get(asked) ?? { count: 0, total: 0 };
  raw.failures.set(asked, { count: count + failed.length, total: total + answers.length, errno: failed[0]!.errno! });
}

/** What a kind asks of the socket tables. */
export type SocketLookup = Pick<DecodeInput, 'socket' | 'isListening'>;

/** Gives each descriptor its kind and what the kind makes of it. Ascending by number. */
export function decodeTable(raw: RawTable, sockets: SocketLookup): Fd[] {
  // One for all of them: nobody keeps it.
  const input: DecodeInput = { link: '', socket: sockets.socket, isListening: sockets.isListening };
  const { links } = raw;
  const fds: Fd[] = [];
  for (let index = 0; index < links.size; index++) {
    input.inode = links.socketInode(index);
    fds.push(decode(raw, links.numbers[index]!, links.textAt(index), input));
  }
  input.inode = undefined;
  if (raw.errors.size === 0) return fds;
  for (const [number, errno] of raw.errors) fds.push(Object.assign(decode(raw, number, '', input), { errno }));
  return fds.sort((a, b) => a.fd - b.fd);
}

/** The same of a table whose links are packed: objects only for those of which there is something to tell. */
export function decodePacked(raw: RawTable, sockets: SocketLookup, rows: PackedRows | undefined): { fds: Fd[]; plain?: PlainFds } {
  const { links, infos, stats } = raw;
  if (!(links instanceof PackedLinks)) return { fds: decodeTable(raw, sockets) };
  const single = new Links();
  const plain = new Int32Array(links.size);
  let count = 0;
  for (let index = 0; index < links.size; index++) {
    const isPlain = links.inodeAt(index) === 0 ? links.isNamedAt(index) : (rows?.plain.isPlainAt(rows.places[index]!) ?? false);
    const fd = links.numbers[index]!;
    if (isPlain && !infos.has(fd) && !stats.has(fd)) plain[count++] = index;
    else single.add(fd, links.textAt(index));
  }
  const fds = decodeTable({ ...raw, links: single }, sockets);
  return { fds, plain: new PlainFds(raw.process.pid, links, plain.slice(0, count), sockets, rows) };
}

function decode(raw: RawTable, number: number, link: ByteString, input: DecodeInput): Fd {
  const info = raw.infos.get(number);
  const stat = raw.stats.get(number);
  input.link = link;
  input.info = info;
  input.stat = stat;
  // What was left out of a sample is what the sample was: plain files.
  const kind = input.inode !== undefined ? socket : raw.sampled && stat === undefined && info === undefined && isPath(link) ? file : recognise(input);
  const fd: Fd = { pid: raw.process.pid, fd: number, kind: kind.name, link, detail: raw.epolls.get(number) ?? kind.decode(input) };
  if (info) fd.info = info;
  if (stat) fd.stat = stat;
  return fd;
}

/** The open flags of those sockets of a packed table that decodePacked() shall not take for plain. */
export async function readPackedSockets(evidence: Evidence, raw: RawTable, sockets: SocketLookup, rows: PackedRows | undefined, signal: AbortSignal): Promise<void> {
  const { links } = raw;
  if (rows && links instanceof PackedLinks) await readInfos(evidence, raw, samplePackedSockets(links, rows, sockets), signal);
}

/** The open flags of these descriptors of a decoded table, where they are not known; what the kind makes of them with it. */
export async function completeFds(evidence: Evidence, raw: RawTable, fds: readonly Fd[], sockets: SocketLookup, signal: AbortSignal): Promise<void> {
  const unknown = fds.filter((fd) => !fd.info);
  await readInfos(evidence, raw, unknown.map(({ fd }) => fd), signal);
  for (const fd of unknown) {
    const info = raw.infos.get(fd.fd);
    if (!info) continue;
    fd.info = info;
    fd.detail = kindOf(fd).decode({ link: fd.link, info, stat: fd.stat, ...sockets });
  }
}
