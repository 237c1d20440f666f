/** The descriptors of one generation: the links of all, and of those that are compared what they are and how they were opened. */
import type { Evidence } from '../evidence/types.ts';
import { type CoverageLog, errnoWords, statusOf } from '../kernel/coverage.ts';
import { decodeTable } from '../kernel/fd-decode.ts';
import { type RawTable, readInfos, readRawTable } from '../kernel/fd-table.ts';
import { fdsOf } from '../kernel/fd-index.ts';
import { socket } from '../kernel/kinds/socket.ts';
import { type LinkList, Links } from '../kernel/links.ts';
import { readProcess } from '../kernel/process.ts';
import type { SnapshotOptions } from '../kernel/snapshot/options.ts';
import type { FdTable } from '../kernel/types.ts';
import { listenersElsewhere } from './elsewhere.ts';
import { listenersOf } from './listeners.ts';
import type { Listener } from './model.ts';
import type { Networks } from './networks.ts';

export interface Asking extends Pick<SnapshotOptions, 'rerun' | 'isRoot' | 'signal'> {
  /** For a tape: also what only another comparison asks. */
  everything?: true;
}

/** One generation as it is opened: nothing is asked of others, and nothing twice. */
export interface Opened {
  evidence: Evidence;
  /** `old` or `new`, for the coverage. */
  which: string;
  raw: RawTable;
  asking: Asking;
  coverage: CoverageLog;
}

/** Null when the process is gone or has no table: the coverage says so. */
export async function openGeneration(evidence: Evidence, pid: number, which: string, asking: Asking, coverage: CoverageLog): Promise<Opened | null> {
  const process = readProcess(evidence, pid);
  const none = !process ? `process ${pid} is gone` : process.state === 'Z' ? `process ${pid} is a zombie: it has ended` : process.kernelThread ? `process ${pid} is a kernel thread` : undefined;
  if (!process || none !== undefined) {
    coverage.note({ source: `${which}: process`, status: 'absent', detail: none!, fix: 'record it before the reload: reloadctl record PID --full -o gen.rctl', needed: true });
    return null;
  }
  const raw = await readRawTable(evidence, process, { infos: asking.everything ?? false, stats: false, signal: asking.signal });
  const refused = raw.errno ?? raw.errors.values().next().value;
  const seen = { seen: raw.links.size, total: raw.errno === undefined ? raw.listed - raw.vanished : (process.open ?? 0) };
  coverage.note({ source: `${which}: fd table`, status: raw.stopped ? 'partial' : statusOf(refused), ...seen, ...(refused !== undefined && { detail: `/proc/${pid}/fd: ${errnoWords(refused)}`, ...fixFor(refused, asking) }), needed: true });
  return { evidence, which, raw, asking, coverage };
}

/** What both have a descriptor of, as far as its name tells. */
export function linksInBoth(one: LinkList, other: LinkList): ReadonlySet<string> {
  const first = new Set<string>();
  for (let index = 0; index < one.size; index++) first.add(one.textAt(index));
  const both = new Set<string>();
  for (let index = 0; index < other.size; index++) if (first.has(other.textAt(index))) both.add(other.textAt(index));
  return both;
}

interface Told {
  table: FdTable;
  listeners: Listener[];
}

/**
 * Its listeners, and what else of it is compared. Open flags are asked where somebody looks at them: reading those of 1,000 connections takes
 * longer than all else.
 * @param shared links of what may have come from one to the other
 */
export async function readTable({ evidence, which, raw, asking, coverage }: Opened, networks: Networks, shared: ReadonlySet<string>): Promise<Told> {
  const { process, links } = raw;
  const network = networks.of(evidence, process.pid);
  // Of sockets that do not listen their inodes are all that is compared: the tables of a busy host are long.
  const { rows, errno } = network;
  if (errno !== undefined) coverage.note({ source: `${which}: socket tables`, status: statusOf(errno), detail: `/proc/${process.pid}/net: ${errnoWords(errno)}`, ...fixFor(errno, asking), needed: true });
  const byInode = new Map(rows.map((row) => [row.inode, row]));
  const elsewhere = listenersElsewhere(evidence, { pid: process.pid, links, network }, which, coverage);
  const compared = new Links();
  const looked: number[] = [];
  for (let index = 0; index < links.size; index++) {
    const [fd, link, inode] = [links.numbers[index]!, links.textAt(index), links.socketInode(index)];
    const listens = inode !== undefined && (byInode.has(inode) || elsewhere.probes.has(inode));
    const isShared = shared.has(link);
    if (listens || isShared) compared.add(fd, link);
    // How the old one opened what the new one has, nobody asks.
    if (listens || (isShared && which === 'new')) looked.push(fd);
  }
  await readInfos(evidence, raw, looked, asking.signal);
  const fds = decodeTable({ ...raw, links: compared, errors: new Map() }, { socket: (inode) => byInode.get(inode), isListening: () => false });
  for (const { detail } of fdsOf(fds, socket)) {
    const probe = elsewhere.probes.get(detail.inode);
    if (probe) detail.probe = probe;
  }
  const table = { process, fds, ...(raw.errno !== undefined && { errno: raw.errno }) };
  return { table, listeners: [...listenersOf(table), ...elsewhere.listeners] };
}

export function fixFor(errno: string, { isRoot, rerun }: Asking): { fix?: string } {
  return statusOf(errno) === 'denied' && !isRoot ? { fix: `sudo ${rerun}` } : {};
}
