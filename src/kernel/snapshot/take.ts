/** One look at some processes: everything their descriptors tell, and who holds the other ends. */
import { tidyHeap } from '../../evidence/own-heap.ts';
import { PackedLinks } from '../../evidence/packed-links.ts';
import type { Evidence } from '../../evidence/types.ts';
import { CoverageLog, errnoWords, statusOf } from '../coverage.ts';
import { fdsOf } from '../fd-index.ts';
import { LARGE_TABLE, sampleSockets } from '../fd-sample.ts';
import { completeFds, decodePacked, readPackedSockets } from '../fd-decode.ts';
import { type RawTable, readRawTable } from '../fd-table.ts';
import { socket } from '../kinds/socket.ts';
import { isOutOfDescriptors } from '../own-limits.ts';
import { isHeadless, readProcess, stillThere } from '../process.ts';
import type { FdTable, Snapshot } from '../types.ts';
import { snapshotOf } from './empty.ts';
import { labelOf } from './label.ts';
import { readNeighbours } from './neighbours.ts';
import { noteDetails } from './note-details.ts';
import type { SnapshotOptions } from './options.ts';
import { otherEnds } from './other-ends-wanted.ts';
import { findOwnTables } from './own-tables.ts';
import { lookAgainAtSockets } from './second-look.ts';
import { askSockDiag, noteOtherNamespaces } from './sock-diag.ts';
import { readSockets, type SocketIndex } from './sockets.ts';
import { probeUnlisted, verifyEpoll, verifyInheritance } from './verify.ts';

export interface Look {
  snapshot: Snapshot;
  coverage: CoverageLog;
}

/** Never throws for what a process does meanwhile: what was seen is in the snapshot, what was not is in the coverage. */
export async function takeSnapshot(evidence: Evidence, pids: readonly number[], name: string, options: SnapshotOptions): Promise<Look> {
  const coverage = new CoverageLog();
  const raws = await readTables(evidence, pids, options, coverage);
  const sockets = readSockets(evidence, raws, options, coverage);
  // Half: each of these leaves less behind than the reading did.
  const many = raws.reduce((sum, { listed }) => sum + listed, 0) / 2;
  tidyHeap(many);
  askSockDiag(evidence, sockets, options, coverage);
  for (const raw of raws) if (raw.sampled) await readPackedSockets(evidence, raw, sockets.of(raw.process), sockets.packed(raw), options.signal);
  tidyHeap(many);
  const label = labelOf(raws.map(({ process }) => process), name, `process ${pids.join(', ')}`);
  const snapshot = snapshotOf(label, raws.map((raw) => tableOf(raw, sockets)));
  snapshot.sockets = sockets.tables;
  for (const [index, raw] of raws.entries()) {
    if (!raw.sampled || raw.links instanceof PackedLinks) continue;
    const { fds } = snapshot.tables[index]!;
    const chosen = new Set(sampleSockets(fdsOf(fds, socket)));
    await completeFds(evidence, raw, fds.filter(({ fd }) => chosen.has(fd)), sockets.of(raw.process), options.signal);
  }
  for (const table of snapshot.tables) {
    if (table.errno !== undefined || options.signal.aborted) continue;
    const threads = findOwnTables(evidence, table.process, options, coverage);
    if (threads.length > 0) table.threads = threads;
  }
  if (raws.some((raw) => raw.listed > 0)) {
    const neighbours = await readNeighbours(evidence, raws, snapshot.tables, otherEnds(raws, sockets), sockets, options, coverage);
    snapshot.foreign = neighbours.foreign;
    snapshot.relatives = neighbours.relatives;
    await verifyInheritance(evidence, snapshot, options, coverage);
    await verifyEpoll(evidence, snapshot, coverage);
    probeUnlisted(evidence, snapshot, coverage);
    await lookAgainAtSockets(evidence, snapshot, options);
  }
  tidyHeap(many);
  noteOtherNamespaces(evidence, snapshot, options, coverage);
  raws.forEach((raw, index) => {
    noteDetails(raw, snapshot.tables[index]!, options, coverage);
  });
  checkPins(evidence, raws, coverage);
  return { snapshot, coverage };
}

async function readTables(evidence: Evidence, pids: readonly number[], options: SnapshotOptions, coverage: CoverageLog): Promise<RawTable[]> {
  const raws: RawTable[] = [];
  const isWhole = options.everything || options.details === true;
  let left = isWhole ? Number.POSITIVE_INFINITY : LARGE_TABLE;
  for (const pid of pids) {
    if (options.signal.aborted) {
      coverage.note({ source: 'processes', status: 'partial', seen: raws.length, total: pids.length, detail: errnoWords('EINTR'), needed: true });
      break;
    }
    const process = readProcess(evidence, pid);
    if (!process) {
      coverage.note({ source: 'processes', status: 'absent', seen: 0, total: 1, detail: whyNoProcess(evidence, pid), needed: true });
      continue;
    }
    const raw = await readRawTable(evidence, process, { infos: true, stats: true, most: left, packed: options.packed ?? false, signal: options.signal });
    raws.push(raw);
    tidyHeap(raw.listed);
    left -= raw.sampled ? 0 : raw.listed;
    noteTable(raw, pids.length === 1, options, coverage);
  }
  return raws;
}

function whyNoProcess(evidence: Evidence, pid: number): string {
  const { errno } = evidence.read(`/proc/${pid}/stat`);
  return errno === undefined || errno === 'ENOENT' || errno === 'ESRCH' ? `process ${pid} is gone` : `/proc/${pid}/stat: ${errnoWords(errno)}`;
}

function noteTable(raw: RawTable, alone: boolean, options: SnapshotOptions, coverage: CoverageLog): void {
  const { process } = raw;
  if (process.kernelThread) {
    coverage.note({ source: 'fd table', status: 'unsupported', detail: `process ${process.pid} is a kernel thread: it has no descriptors`, needed: true });
    return;
  }
  if (isHeadless(process)) {
    const detail = `the main thread of process ${process.pid} has ended, and its other threads (${process.threads - 1}) go on: /proc/${process.pid}/fd is empty then, though they have descriptors`;
    coverage.note({ source: 'fd table', status: 'unsupported', seen: 0, total: 1, detail, fix: `ls -l /proc/${process.pid}/task/*/fd`, needed: true });
    return;
  }
  if (process.state === 'Z') {
    const detail = `process ${process.pid} is a zombie: it has ended, and its parent ${process.ppid} has not taken its exit status`;
    const fix = `look at its parent: reloadctl fds ${process.ppid}`;
    // Beside others it is no gap: it surely holds nothing.
    coverage.note({ source: alone ? 'fd table' : 'ended processes', status: 'absent', seen: 0, total: 1, detail, fix, needed: alone });
    return;
  }
  if (raw.errno !== undefined) {
    const denied = statusOf(raw.errno) === 'denied';
    coverage.note({
      source: 'fd table',
      status: raw.errno === 'ENOENT' ? 'absent' : statusOf(raw.errno),
      seen: 0,
      total: process.open ?? 0,
      detail: `/proc/${process.pid}/fd: ${errnoWords(raw.errno)}`,
      ...((denied || isOutOfDescriptors(raw.errno)) && { fix: rightsFor(raw.errno, options) }),
      needed: true,
    });
    return;
  }
  const total = raw.listed - raw.vanished;
  const cut = raw.stopped || raw.links.size + raw.errors.size < total;
  const [refused] = raw.errors.values();
  coverage.note({
    source: 'fd table',
    status: refused === undefined ? (cut ? 'partial' : 'ok') : raw.links.size > 0 ? 'partial' : statusOf(refused),
    seen: raw.links.size,
    total,
    needed: true,
    ...(refused !== undefined && { detail: `${raw.errors.size} descriptors: ${errnoWords(refused)}`, fix: rightsFor(refused, options) }),
    ...(refused === undefined && cut && { detail: errnoWords('EINTR') }),
  });
}

/** Root may still lack CAP_SYS_PTRACE (containers), or the target has rights that we have not: ptrace(2), access mode checking. */
function rightsFor(errno: string, options: SnapshotOptions): string {
  if (statusOf(errno) !== 'denied') return `try again: ${options.rerun}`;
  return options.isRoot ? 'needs CAP_SYS_PTRACE and every right the target has: run it on the host, or kubectl debug --profile=sysadmin' : `sudo ${options.rerun}`;
}

function tableOf(raw: RawTable, sockets: SocketIndex): FdTable {
  const decoded = decodePacked(raw, sockets.of(raw.process), sockets.packed(raw));
  const errno = raw.errno ?? (isHeadless(raw.process) ? 'ENOTSUP' : undefined);
  return { process: raw.process, ...decoded, ...(raw.sampled && { sampled: true }), ...(errno !== undefined && { errno }) };
}

/** Pids are used again: what was read belongs to our process only if it is still there at the end. */
function checkPins(evidence: Evidence, raws: readonly RawTable[], coverage: CoverageLog): void {
  for (const { process } of raws) {
    const state = process.state === 'Z' ? 'same' : stillThere(evidence, process);
    if (state === 'same') continue;
    const detail = state === 'gone' ? whyGone(evidence, process.pid) : `pid ${process.pid} now is another process: it was used again while it was read`;
    coverage.note({ source: 'processes', status: 'absent', seen: 0, total: 1, detail, needed: true });
  }
}

function whyGone(evidence: Evidence, pid: number): string {
  const { errno } = evidence.read(`/proc/${pid}/stat`);
  return isOutOfDescriptors(errno) ? whyNoProcess(evidence, pid) : `process ${pid} ended while it was read`;
}
