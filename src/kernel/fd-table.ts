/** Reads the descriptors of one process: class A first, class B in the background meanwhile, decoded when both are there. */
import type { Answer, ByteString, Evidence, FileStat } from '../evidence/types.ts';
import type { DecodeInput } from './kinds/index.ts';
import { infoBlocks, recognise } from './kinds/index.ts';
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
  signal: AbortSignal;
}

export async function readRawTable(evidence: Evidence, process: Process, options: ReadOptions): Promise<RawTable> {
  const raw: RawTable = {
    process, numbers: [], links: new Map(), infos: new Map(), stats: new Map(), errors: new Map(), vanished: 0, failures: new Map(), stopped: false,
  };
  const directory = `/proc/${process.pid}/fd`;
  const listed = evidence.list(directory);
  if (!listed.value) {
    raw.errno = listed.errno ?? 'EIO';
    return raw;
  }
  raw.numbers = listed.value.map(Number).sort((a, b) => a - b);
  await eachChunk(raw, raw.numbers, options.signal, (fd) => readLink(evidence, raw, directory, fd));
  const slow = readSlowParts(evidence, raw, directory, options);
  if (options.infos) await readInfos(evidence, raw, options.signal);
  await slow;
  return raw;
}

async function readInfos(evidence: Evidence, raw: RawTable, signal: AbortSignal): Promise<void> {
  const fds = [...raw.links].filter(([, link]) => !infoBlocks(link)).map(([fd]) => fd);
  let failed = 0;
  let errno: string | undefined;
  await eachChunk(raw, fds, signal, (fd) => {
    const answer = evidence.read(`/proc/${raw.process.pid}/fdinfo/${fd}`);
    readInfo(raw, fd, answer);
    if (!isFailure(answer)) return;
    failed++;
    errno ??= answer.errno;
  });
  if (errno !== undefined) raw.failures.set('flags', { count: failed, total: fds.length, errno });
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

async function readSlowParts(evidence: Evidence, raw: RawTable, directory: string, options: ReadOptions): Promise<void> {
  const paths: number[] = [];
  const blocking: number[] = [];
  for (const [fd, link] of raw.links) {
    if (options.stats && isPath(link)) paths.push(fd);
    if (options.infos && infoBlocks(link)) blocking.push(fd);
  }
  const [stats, infos] = await Promise.all([
    paths.length > 0 ? evidence.statSlow(directory, paths.map(String)) : [],
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
  if (failed.length > 0) raw.failures.set(asked, { count: failed.length, total: answers.length, errno: failed[0]!.errno! });
}

/** Gives each descriptor its kind and what the kind makes of it. */
export function decodeTable(raw: RawTable, sockets: Pick<DecodeInput, 'socket' | 'isListening'>): Fd[] {
  const fds: Fd[] = [];
  const { pid } = raw.process;
  for (const fd of raw.numbers) {
    const link = raw.links.get(fd);
    const errno = raw.errors.get(fd);
    if (link === undefined && errno === undefined) continue;
    const info = raw.infos.get(fd);
    const stat = raw.stats.get(fd);
    const input: DecodeInput = { link: link ?? '', ...(info && { info }), ...(stat && { stat }), ...sockets };
    const kind = recognise(input);
    fds.push({
      pid, fd, kind: kind.name, link: input.link, ...(info && { info }), ...(stat && { stat }), ...(errno !== undefined && { errno }), detail: kind.decode(input),
    });
  }
  return fds;
}
