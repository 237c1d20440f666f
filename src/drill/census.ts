/** What the service holds while nothing is asked of it, counted by kind and group. */
import type { CommandContext } from '../command.ts';
import { CoverageLog } from '../kernel/coverage.ts';
import { decodeTable } from '../kernel/fd-decode.ts';
import { type RawTable, readRawTable } from '../kernel/fd-table.ts';
import { groupKeys } from '../kernel/groups.ts';
import { isKind, kindOf, socket } from '../kernel/kinds/index.ts';
import { readProcess } from '../kernel/process.ts';
import { readSockets } from '../kernel/snapshot/sockets.ts';
import type { Fd } from '../kernel/types.ts';
import type { Generation } from './generation.ts';
import { restingGoroutines } from './goroutines.ts';

export interface CensusGroup {
  kind: string;
  key: string;
  one: string;
  many: string;
  count: number;
  example?: string;
}

export interface Census {
  groups: Map<string, CensusGroup>;
  /** Goroutines by the line that made them. */
  sites: Map<string, number>;
  processes: number;
  threads: number;
  /** Resident, of all of them together, bytes. */
  memory: number;
  open: number;
  /** Why a table could not be read. */
  denied?: string;
}

const NEVER = new AbortController().signal;
const SNAPSHOT = { allOwners: false, everything: false, rerun: '', isRoot: false, signal: NEVER };
const INOTIFY = 'anon_inode:inotify';

export async function takeCensus(context: CommandContext, { members }: Generation, ports: ReadonlySet<number>): Promise<Census> {
  const { evidence } = context;
  const census: Census = { groups: new Map(), sites: new Map(), processes: members.size, threads: 0, memory: 0, open: 0 };
  const tables: RawTable[] = [];
  for (const { pid } of members.values()) {
    const process = readProcess(evidence, pid);
    if (!process) continue;
    const raw = await readRawTable(evidence, process, { infos: false, stats: false, signal: NEVER });
    if (raw.errno !== undefined) census.denied ??= `/proc/${pid}/fd: ${raw.errno}`;
    else tables.push(raw);
    const status = evidence.read(`/proc/${pid}/status`).value ?? '';
    census.memory += 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
    const goroutines = await restingGoroutines(pid, context);
    if (goroutines) add(census, { kind: 'goroutine', key: 'goroutine', one: 'goroutine', many: 'goroutines' }, goroutines.total, `/proc/${pid}/mem`);
    for (const [site, count] of goroutines?.sites ?? []) census.sites.set(site, (census.sites.get(site) ?? 0) + count);
    census.threads += process.threads;
    let watches = 0;
    for (const fd of evidence.users?.findLinks(pid, [INOTIFY]).value ?? []) watches += (evidence.read(`/proc/${pid}/fdinfo/${fd}`).value ?? '').match(/^inotify wd:/gm)?.length ?? 0;
    if (watches > 0) add(census, { kind: 'watch', key: 'inotify watch', one: 'inotify watch', many: 'inotify watches' }, watches, `/proc/${pid}/fdinfo`);
  }
  // Which sockets are there is asked once for all of them.
  const sockets = readSockets(evidence, tables, SNAPSHOT, new CoverageLog());
  const fds = tables.flatMap((raw) => decodeTable(raw, sockets.of(raw.process)).filter((fd) => fd.errno === undefined && !isOfLoad(fd, ports)));
  census.open = fds.length;
  for (const [fd, key] of groupKeys(fds)) {
    const many = kindOf(fd).plural;
    const words = isKind(fd, socket) && fd.detail.row?.state === 'LISTEN' ? { one: 'listener', many: 'listeners' } : { one: many.replace(/ies$/, 'y').replace(/s$/, ''), many };
    add(census, { kind: fd.kind, key, ...words }, 1, `/proc/${fd.pid}/fd/${fd.fd}`);
  }
  return census;
}

/** Connections that came in through the port are clients: those of the drill are closed, and others come and go. */
function isOfLoad(fd: Fd, ports: ReadonlySet<number>): boolean {
  return isKind(fd, socket) && fd.detail.row?.localPort !== undefined && ports.has(fd.detail.row.localPort) && fd.detail.row.state !== 'LISTEN';
}

function add({ groups }: Census, group: Omit<CensusGroup, 'count' | 'example'>, count: number, example: string): void {
  const id = `${group.kind}\0${group.key}`;
  const known = groups.get(id);
  if (known) Object.assign(known, { count: known.count + count, example });
  else groups.set(id, { ...group, count, example });
}

/**
 * What each reload left for good in a group that held `counts` before the first reload and after each: what a later one took away
 * again was not left.
 */
export function leftOf(counts: readonly number[]): number[] {
  const lowestFrom: number[] = [];
  for (let i = counts.length - 1, lowest = Number.POSITIVE_INFINITY; i >= 0; i--) lowestFrom[i] = lowest = Math.min(lowest, counts[i]!);
  return lowestFrom.slice(1).map((lowest, i) => lowest - lowestFrom[i]!);
}

/** Growth per reload: the slope of the straight line nearest to the counts. */
export function slopeOf(counts: readonly number[]): number {
  const n = counts.length;
  if (n < 2) return 0;
  const middle = (n - 1) / 2;
  const mean = counts.reduce((sum, value) => sum + value, 0) / n;
  const [over, under] = counts.reduce(([a, b], value, i) => [a + (i - middle) * (value - mean), b + (i - middle) ** 2], [0, 0]);
  return Number((over / under).toFixed(3));
}
