/** `data` of the report: the part scripts read. Add keys, never change them. */
import { groupKeys } from '../kernel/groups.ts';
import { OtherEnds } from '../kernel/other-ends.ts';
import { highestNumber, openBelow, sizeOf } from '../kernel/plain-fds.ts';
import { decodeText } from '../kernel/text.ts';
import type { Fd, FdLimit, FdTable, Process, Snapshot } from '../kernel/types.ts';
import { type FdRow, rowOf } from './attributes.ts';
import { type Group, groupFds, groupRows } from './groups.ts';
import { type ListOptions, showsSingle, sortRows } from './list-options.ts';
import type { ThreadTable } from './threads.ts';

export interface ProcessRow {
  pid: number;
  ppid: number;
  startTime: string;
  comm: string;
  exe?: string;
  /** null when status could not be read. */
  uid: number | null;
  state: string;
  open: number | null;
  soft: number | null;
  hard: number | null;
  /** soft and hard could not be read; else null is unlimited. */
  limitUnknown?: true;
  /** open / soft; null when either is unknown or unlimited. */
  ratio: number | null;
  /** Open numbers below the soft limit: these alone count against it. Absent when they are not listed, or all of them. */
  belowLimit?: number;
  /** Highest descriptor number; -1 without any, null when not listed. */
  highest: number | null;
  /** Capacity of the table, which never shrinks: a past peak. */
  fdSize: number;
  unit?: string;
  container?: string;
  pod?: string;
}

export interface FdsData {
  /** All descriptors of all processes of the target. */
  open: number | null;
  /** Of the process that is nearest its limit. */
  limit: FdLimit;
  processes: ProcessRow[];
  groups: Group[];
  fds?: FdRow[];
  threads?: ThreadTable[];
}

/** Groups and rows are those that --where lets pass; `open` and `processes` are about all descriptors. */
export function buildData(snapshot: Snapshot, list: ListOptions, threads: ThreadTable[] | undefined): FdsData {
  const ends = new OtherEnds(snapshot);
  const needsRows = showsSingle(list);
  const all = needsRows ? allRows(snapshot.tables.flatMap((table) => table.fds), ends) : [];
  const rows = list.where ? all.filter(list.where) : all;
  const processes = snapshot.tables.map(processRow);
  const counts = processes.map((process) => process.open).filter((open) => open !== null);
  const nearest = processes.toSorted((a, b) => (usedOf(b) ?? -1) - (usedOf(a) ?? -1))[0];
  return {
    open: counts.length > 0 ? counts.reduce((sum, open) => sum + open, 0) : null,
    limit: { soft: nearest?.soft ?? null, hard: nearest?.hard ?? null },
    processes,
    groups: needsRows ? groupRows(rows, list.groupBy) : groupFds(snapshot.tables, ends),
    ...(list.list && { fds: sortRows(rows, list.sort) }),
    ...(threads && { threads }),
  };
}

function allRows(fds: readonly Fd[], ends: OtherEnds): FdRow[] {
  const keys = groupKeys(fds);
  return fds.map((fd) => rowOf(fd, keys.get(fd)!, ends));
}

function processRow(table: FdTable): ProcessRow {
  const { process, errno } = table;
  // The list was read after the count and by the same look as everything else: it is the one number to show.
  const open = errno === undefined ? sizeOf(table) : process.open;
  const highest = errno === undefined ? highestNumber(table) : null;
  const belowLimit = errno === undefined ? openBelow(table, process.limit.soft) : null;
  return { ...basics(process), open, ratio: ratioOf(open, process.limit.soft), ...(belowLimit !== null && belowLimit !== open && { belowLimit }), highest };
}

/** What is known of a process without listing its descriptors. */
export function basics(process: Process): Omit<ProcessRow, 'open' | 'ratio' | 'belowLimit' | 'highest'> {
  const { origin } = process;
  return {
    pid: process.pid,
    ppid: process.ppid,
    startTime: process.startTime,
    comm: decodeText(process.comm).text,
    ...(process.exe !== undefined && { exe: decodeText(process.exe).text }),
    uid: process.uid < 0 ? null : process.uid,
    state: process.state,
    soft: process.limit.soft,
    hard: process.limit.hard,
    ...(process.limitUnknown && { limitUnknown: true }),
    fdSize: process.fdSize,
    ...(origin?.unit !== undefined && { unit: origin.unit }),
    ...(origin?.container !== undefined && { container: origin.container }),
    ...(origin?.pod !== undefined && { pod: origin.pod }),
  };
}

/** Part of the soft limit that is in use, as far as it is known: what was lowered below open numbers is not filled by them. */
export function usedOf({ open, soft, belowLimit }: Pick<ProcessRow, 'open' | 'soft' | 'belowLimit'>): number | null {
  return ratioOf(belowLimit ?? open, soft);
}

/** 0 to 1, or more where the limit was lowered below what is open; null when either is unknown, unlimited or 0. */
export function ratioOf(open: number | null, soft: number | null): number | null {
  return open === null || soft === null || soft === 0 ? null : open / soft;
}
