/** Reads the descriptors of one process: class A first, class B in the background meanwhile, decoded when both are there. */
import type { Answer, ByteString, Evidence, FileStat } from '../evidence/types.ts';
import { leftInDoubt, type PathSample, samplePaths, sampleSockets } from './fd-sample.ts';
import type { DecodeInput } from './kinds/index.ts';
import { file, infoBlocks, recognise } from './kinds/index.ts';
import { isPath } from './kinds/path.ts';
import { parseFdInfo } from './proc/fdinfo.ts';
import type { Fd, FdInfo, Process } from './types.ts';

/** Descriptors between two chances for a signal to be handled. */
const CHUNK = 2000;

/** Links and open flags of one process, read but not yet decoded: decoding needs the socket tables. */
export interface RawTable {
  process: Process;
  numbers: number[];
  links: Map<number, ByteString>;
  infos: Map<number, FdInfo>;
  stats: Map<number, FileStat>;
  /** Descriptors that were listed and could not be read: errno by number. */
  errors: Map<number, string>;
  /** Closed between listing and reading: normal in a busy process. */
  vanished: number;
  /** Answers that did not come, of class A (`flags`) and B (`stat`, `fdinfo`). */
  failures: Map<'flags' | 'stat' | 'fdinfo', { count: number; total: number; errno: string }>;
  /** Only some of the descriptors were asked for more than their link. */
  sampled: boolean;
  /** A signal ended the reading before all was asked. */
  stopped: boolean;
  /** Set when the list itself was refused. */
  errno?: string;
}

export interface ReadOptions {
  /** Ask for open flags (fdinfo) too; without, only what the links tell. */
  infos: boolean;
  /** Ask for types, link counts and sizes of paths. */
  stats: boolean;
  /** Descriptors that may be asked for all of that: of a larger table only some are, and sockets by readSocketInfos(). */
  most?: number;
  signal: AbortSignal;
}

export async function readRawTable(evidence: Evidence, process: Process, options: ReadOptions): Promise<RawTable> {
  const raw: RawTable = {
    process, numbers: [], links: new Map(), infos: new Map(), stats: new Map(), errors: new Map(), vanished: 0, failures: new Map(),
    sampled: false, stopped: false,
  };
  const directory = `/proc/${process.pid}/fd`;
  const listed = evidence.list(directory);
  if (!listed.value) {
    raw.errno = listed.errno ?? 'EIO';
    return raw;
  }
  raw.numbers = listed.value.map(Number).sort((a, b) => a - b);
  await eachChunk(raw, raw.numbers, options.signal, (fd) => readLink(evidence, raw, directory, fd));
  raw.sampled = raw.numbers.length > (options.most ?? Number.POSITIVE_INFINITY);
  const wanted = raw.sampled ? samplePaths(raw.links) : everything(raw.links);
  const slow = readSlowParts(evidence, raw, options.infos ? wanted.infos.filter((fd) => infoBlocks(raw.links.get(fd)!)) : [], options.stats ? wanted.stats : []);
  if (options.infos) await readInfos(evidence, raw, wanted.infos, options.signal);
  await slow;
  if (wanted.classes.length > 0) await readSlowParts(evidence, raw, [], leftInDoubt(wanted.classes, raw.stats));
  return raw;
}

function everything(links: ReadonlyMap<number, ByteString>): PathSample {
  return { infos: [...links.keys()], stats: [...links].filter(([, link]) => isPath(link)).map(([fd]) => fd), classes: [] };
}

/** The open flags of sockets of a sampled table: which ones matter is known only from what the socket tables say of them. */
export async function readSocketInfos(evidence: Evidence, raw: RawTable, sockets: Pick<DecodeInput, 'socket' | 'isListening'>, signal: AbortSignal): Promise<void> {
  if (raw.sampled) await readInfos(evidence, raw, sampleSockets(raw.links, sockets), signal);
}

/** Asks for the open flags of these descriptors, unless they are known or asking would take a lock. */
export async function readInfos(evidence: Evidence, raw: RawTable, wanted: readonly number[], signal: AbortSignal): Promise<void> {
  const fds = wanted.filter((fd) => !raw.infos.has(fd) && !infoBlocks(raw.links.get(fd)!));
  const known = raw.failures.get('flags');
  let failed = known?.count ?? 0;
  let errno = known?.errno;
  await eachChunk(raw, fds, signal, (fd) => {
    const answer = evidence.read(`/proc/${raw.process.pid}/fdinfo/${fd}`);
    readInfo(raw, fd, answer);
    if (!isFailure(answer)) return;
    failed++;
    errno ??= answer.errno;
  });
  if (errno !== undefined) raw.failures.set('flags', { count: failed, total: (known?.total ?? 0) + fds.length, errno });
}

async function eachChunk(raw: RawTable, fds: readonly number[], signal: AbortSignal, visit: (fd: number) => void): Promise<void> {
  for (let at = 0; at < fds.length; at += CHUNK) {
    raw.stopped ||= signal.aborted;
    if (raw.stopped) return;
    const end = Math.min(at + CHUNK, fds.length);
    for (let index = at; index < end; index++) visit(fds[index]!);
    if (end < fds.length) await new Promise((resolve) => setImmediate(resolve));
  }
}

function readLink(evidence: Evidence, raw: RawTable, directory: string, fd: number): void {
  const answer = evidence.readlink(`${directory}/${fd}`);
  if (answer.value !== undefined) raw.links.set(fd, answer.value);
  else if (answer.errno === 'ENOENT' || answer.errno === 'ESRCH') raw.vanished++;
  else raw.errors.set(fd, answer.errno ?? 'EIO');
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

/** Gives each descriptor its kind and what the kind makes of it. */
export function decodeTable(raw: RawTable, sockets: Pick<DecodeInput, 'socket' | 'isListening'>): Fd[] {
  const fds: Fd[] = [];
  // One for all of them: nobody keeps it.
  const input: DecodeInput = { link: '', socket: sockets.socket, isListening: sockets.isListening };
  for (const number of raw.numbers) {
    const link = raw.links.get(number);
    const errno = raw.errors.get(number);
    if (link === undefined && errno === undefined) continue;
    input.link = link ?? '';
    input.info = raw.infos.get(number);
    input.stat = raw.stats.get(number);
    fds.push(decode(raw, number, input, errno));
  }
  return fds;
}

function decode({ process, sampled }: RawTable, number: number, input: DecodeInput, errno: string | undefined): Fd {
  const { link, info, stat } = input;
  // What was left out of a sample is what the sample was: plain files.
  const kind = sampled && stat === undefined && info === undefined && isPath(link) ? file : recognise(input);
  const fd: Fd = { pid: process.pid, fd: number, kind: kind.name, link, detail: kind.decode(input) };
  if (info) fd.info = info;
  if (stat) fd.stat = stat;
  if (errno !== undefined) fd.errno = errno;
  return fd;
}
