/** Other processes: relatives (what was inherited, and by whom) and the owners of other ends. */
import type { ByteString, Evidence } from '../../evidence/types.ts';
import { type CoverageLog, errnoWords } from '../coverage.ts';
import { fdAt } from '../fd-index.ts';
import { completeFds, decodeTable } from '../fd-decode.ts';
import { type LinkTable, readLinkTable } from '../fd-links.ts';
import { type RawTable, readRawTable } from '../fd-table.ts';
import { LAST_STANDARD_FD } from '../inheritance.ts';
import { eachFd, single } from '../plain-fds.ts';
import { listPids, readProcess } from '../process.ts';
import { parseStat } from '../proc/stat.ts';
import { ancestorsOf, relativesOf } from '../relatives.ts';
import { areTwoPrograms } from '../services.ts';
import type { Fd, FdTable, ForeignFd, Process } from '../types.ts';
import type { WantedLinks } from './other-ends-wanted.ts';
import type { SnapshotOptions } from './options.ts';
import type { SocketIndex } from './sockets.ts';

/** Descriptors of others that are looked at by default: about 20 ms. */
const DEFAULT_BUDGET = 4000;
/** Of a process, in descriptors: what reading its status and limits costs, also where its descriptors are denied. */
const PROCESS_COST = 10;
const FULL_BUDGET = 500_000;
/** A tape must hold what any option could ask, and still be mailed around. */
const TAPE_BUDGET = 20_000;
const MOST_RELATIVES = 200;
export const OWNERS = 'owners of other ends';

export interface Neighbours {
  relatives: FdTable[];
  foreign: Map<ByteString, ForeignFd[]>;
}

/**
 * @param wanted links (`socket:[1]`, `pipe:[2]`) whose other holders are asked for.
 */
export async function readNeighbours(
  evidence: Evidence,
  raws: readonly RawTable[],
  tables: readonly FdTable[],
  wanted: WantedLinks,
  sockets: SocketIndex,
  options: SnapshotOptions,
  coverage: CoverageLog,
): Promise<Neighbours> {
  const targets = new Set(raws.map((raw) => raw.process.pid));
  const related = new Set(relativesOf(evidence, raws.map((raw) => raw.process), MOST_RELATIVES));
  const meant = raws.map((raw, index): Target => ({ raw, table: tables[index]! }));
  const relatives: FdTable[] = [];
  const foreign = new Map<ByteString, ForeignFd[]>();
  const tally: Tally = { seen: 0, denied: 0, gone: 0, kernel: 0 };
  const onTape = evidence.origin === 'tape';
  // What a tape holds costs nothing, and more than that is not on it.
  let budget = options.everything || onTape ? TAPE_BUDGET : options.allOwners ? FULL_BUDGET : DEFAULT_BUDGET;
  const others = wanted.any ? listPids(evidence).filter((pid) => !targets.has(pid) && !related.has(pid)) : [];
  const start = raws[0]?.process.pid ?? 0;
  // Nearest pids first: what was started together usually belongs together.
  others.sort((a, b) => Math.abs(a - start) - Math.abs(b - start));
  const asked = [...related, ...others];
  for (const pid of asked) {
    if (options.signal.aborted || budget <= 0) break;
    // Of most others nothing but their links is ever needed. A tape is made to answer more, and holds no less.
    const isWhole = related.has(pid) || options.everything || onTape;
    const read = isWhole ? await readWhole(evidence, pid, options.signal) : await readLinksOf(evidence, pid, budget, options.signal);
    if (read === 'too many') continue;
    if (read === 'gone') {
      tally.gone++;
      continue;
    }
    if (read.listed === 0 && !related.has(pid) && isKernelThread(evidence, pid)) {
      tally.kernel++;
      continue;
    }
    budget -= read.listed + PROCESS_COST;
    tally[outcomeOf(read.errno)]++;
    noteHolders(evidence, read, wanted, foreign);
    if (related.has(pid) && isRaw(read)) relatives.push(await relativeTable(evidence, read, meant, sockets, options.signal));
  }
  await readSharedByTargets(evidence, meant, sockets, options.signal);
  if (asked.length > 0) noteCoverage(coverage, tally, asked.length, options, onTape);
  return { relatives, foreign };
}

async function readWhole(evidence: Evidence, pid: number, signal: AbortSignal): Promise<RawTable | 'gone'> {
  const process = readProcess(evidence, pid);
  return process ? readRawTable(evidence, process, { infos: false, stats: false, signal }) : 'gone';
}

/** Unless there are more of them than may still be looked at. */
async function readLinksOf(evidence: Evidence, pid: number, budget: number, signal: AbortSignal): Promise<LinkTable | 'gone' | 'too many'> {
  const { value = 0, errno } = evidence.size(`/proc/${pid}/fd`);
  if (errno !== undefined && outcomeOf(errno) === 'gone') return 'gone';
  return value > budget ? 'too many' : readLinkTable(evidence, pid, signal);
}

function isRaw(table: LinkTable | RawTable): table is RawTable {
  return 'process' in table;
}

function noteHolders(evidence: Evidence, table: LinkTable | RawTable, wanted: WantedLinks, foreign: Map<ByteString, ForeignFd[]>): void {
  const { links } = table;
  let process: Process | null | undefined = isRaw(table) ? table.process : undefined;
  for (let index = 0; index < links.size; index++) {
    const link = links.textAt(index);
    if (!wanted.has(link)) continue;
    if (process === undefined) process = readProcess(evidence, table.pid);
    if (!process) return;
    const holder = { process, fd: links.numbers[index]!, link };
    const holders = foreign.get(link);
    if (holders) holders.push(holder);
    else foreign.set(link, [holder]);
  }
}

interface Tally {
  seen: number;
  denied: number;
  /** Ended meanwhile: nothing that could be looked for. */
  gone: number;
  /** Kernel threads: neither. */
  kernel: number;
}

function outcomeOf(errno: string | undefined): 'seen' | 'denied' | 'gone' {
  if (errno === undefined) return 'seen';
  return errno === 'ENOENT' || errno === 'ESRCH' ? 'gone' : 'denied';
}

/** It has no descriptors, whether or not we may look. */
function isKernelThread(evidence: Evidence, pid: number): boolean {
  return parseStat(evidence.read(`/proc/${pid}/stat`).value ?? '')?.kernelThread ?? false;
}

/** Its descriptors, with the flags of those that a target of another program holds at the same number, on both sides. */
async function relativeTable(evidence: Evidence, raw: RawTable, targets: readonly Target[], sockets: SocketIndex, signal: AbortSignal): Promise<FdTable> {
  const table = { process: raw.process, fds: decodeTable(raw, sockets.of(raw.process)), ...(raw.errno !== undefined && { errno: raw.errno }) };
  for (const target of targets) await readShared(evidence, { raw, table }, target, sockets, signal);
  return table;
}

interface Target {
  raw: RawTable;
  table: FdTable;
}

/** What two programs hold at the same number are the candidates for inheritance. */
async function readShared(evidence: Evidence, a: Target, b: Target, sockets: SocketIndex, signal: AbortSignal): Promise<void> {
  if (!areTwoPrograms(a.raw.process, b.raw.process)) return;
  const isShared = (fd: Fd): boolean => fd.fd > LAST_STANDARD_FD && !fd.link.startsWith('anon_inode:') && b.raw.links.get(fd.fd) === fd.link;
  const numbers: number[] = [];
  for (const fd of eachFd(a.table)) if (isShared(fd)) numbers.push(fd.fd);
  for (const { table } of [a, b]) single(table, numbers);
  const shared = numbers.flatMap((number) => fdAt(a.table.fds, number) ?? []);
  await completeFds(evidence, a.raw, shared, sockets.of(a.raw.process), signal);
  const theirs = shared.flatMap(({ fd }) => fdAt(b.table.fds, fd) ?? []);
  await completeFds(evidence, b.raw, theirs, sockets.of(b.raw.process), signal);
}

/** Targets may be relatives of each other. */
async function readSharedByTargets(evidence: Evidence, targets: readonly Target[], sockets: SocketIndex, signal: AbortSignal): Promise<void> {
  if (!targets.some(({ raw }) => raw.sampled)) return;
  const byPid = new Map(targets.map((target) => [target.raw.process.pid, target]));
  for (const target of targets) {
    for (const pid of ancestorsOf(evidence, target.raw.process.pid)) {
      const above = byPid.get(pid);
      if (above) await readShared(evidence, target, above, sockets, signal);
    }
  }
}

function noteCoverage(coverage: CoverageLog, { seen, denied, gone, kernel }: Tally, asked: number, options: SnapshotOptions, onTape: boolean): void {
  const total = asked - gone - kernel;
  const complete = seen >= total;
  coverage.note({
    source: OWNERS,
    status: complete ? 'ok' : 'partial',
    seen,
    total,
    needed: false,
    ...(!complete && {
      detail: denied > 0 ? `${denied} processes could not be read` : options.signal.aborted ? errnoWords('EINTR') : 'searched near the target only',
      // With either option it is asked already, and record has neither.
      ...(denied === 0 && !onTape && !options.allOwners && !options.everything && { fix: `${options.rerun} --owners` }),
      ...(denied > 0 && !options.isRoot && { fix: `sudo ${options.rerun}` }),
    }),
  });
}
