/** Reads the descriptors of one process: class A first, class B in the background meanwhile. Decoding (fd-decode.ts) needs both. */
import { PackedLinks } from '../evidence/packed-links.ts';
import type { Answer, ByteString, Evidence, FileStat } from '../evidence/types.ts';
import { eachChunk, type LinkTable, readLinkTable } from './fd-links.ts';
import { leftInDoubt, type PathSample, samplePaths } from './fd-sample.ts';
import { packTargets } from './kinds/epoll-packed.ts';
import type { EpollDetail } from './kinds/epoll-targets.ts';
import { epoll, infoBlocks } from './kinds/index.ts';
import { isPath } from './kinds/path.ts';
import type { LinkList } from './links.ts';
import { parseFdInfo } from './proc/fdinfo.ts';
import { standingAlone } from './text.ts';
import type { FdInfo, Process } from './types.ts';

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
