/** Who has how many descriptors, of which kinds: by service. */
import { type CountedProcess, countProcesses } from '../fds/index.ts';
import type { CoverageLog } from '../kernel/coverage.ts';
import { recognise } from '../kernel/kinds/index.ts';
import { parseStat } from '../kernel/proc/stat.ts';
import type { OnePass } from './one-pass.ts';
import { OTHERS, serviceOf } from './services.ts';

export interface ServiceRow {
  service: string;
  processes: number;
  /** Of the processes whose count is known; null when of none it is. */
  open: number | null;
  /** The most that one process has. */
  highest: number | null;
  /** The nearest that one process is to its own soft limit, 0 to 1. */
  ratio: number | null;
  /** By kind, of those processes whose descriptors may be seen. */
  kinds: Map<string, number>;
}

export interface Census {
  services: ServiceRow[];
  rows: CountedProcess[];
  serviceOf: ReadonlyMap<number, string>;
  /** Processes whose descriptors may not be seen, so that their kinds are not counted. */
  unseen: number;
}

/** @param most services told apart; those farthest from their limits are one, `other` */
export function takeCensus(pass: OnePass, most: number, coverage: CoverageLog): Census {
  const { evidence } = pass;
  const rows = countProcesses(evidence, coverage);
  const services = new Map<string, ServiceRow>();
  const names = new Map<number, string>();
  const kindOf = kindsByLink();
  let unseen = 0;
  for (const { pid, open, ratio } of rows) {
    const stat = parseStat(evidence.read(`/proc/${pid}/stat`).value ?? '');
    // Threads of the kernel and zombies have nothing open.
    if (!stat || stat.kernelThread || stat.state === 'Z') continue;
    const name = serviceOf(stat.comm, evidence.read(`/proc/${pid}/cgroup`).value ?? '', () => evidence.readlink(`/proc/${pid}/exe`).value);
    names.set(pid, name);
    let row = services.get(name);
    if (!row) services.set(name, (row = { service: name, processes: 0, open: null, highest: null, ratio: null, kinds: new Map() }));
    row.processes++;
    row.open = sum(row.open, open);
    row.highest = highest(row.highest, open);
    row.ratio = highest(row.ratio, ratio);
    if (!countKinds(pass.read(pid), row.kinds, kindOf)) unseen++;
  }
  const kept = [...services.values()].sort((a, b) => (b.ratio ?? 0) - (a.ratio ?? 0) || (b.open ?? 0) - (a.open ?? 0) || (a.service < b.service ? -1 : 1));
  const rest = kept.splice(most);
  if (rest.length > 0) kept.push(together(rest));
  const told = new Set(kept.map(({ service }) => service));
  for (const [pid, name] of names) if (!told.has(name)) names.set(pid, OTHERS);
  return { services: kept, rows, serviceOf: names, unseen };
}

function together(rows: readonly ServiceRow[]): ServiceRow {
  const kinds = new Map<string, number>();
  for (const row of rows) for (const [kind, count] of row.kinds) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
  return {
    service: OTHERS,
    processes: rows.reduce((all, row) => all + row.processes, 0),
    open: rows.reduce<number | null>((all, row) => sum(all, row.open), null),
    highest: rows.reduce<number | null>((all, row) => highest(all, row.highest), null),
    ratio: rows.reduce<number | null>((all, row) => highest(all, row.ratio), null),
    kinds,
  };
}

const sum = (a: number | null, b: number | null): number | null => (b === null ? a : (a ?? 0) + b);
const highest = (a: number | null, b: number | null): number | null => (b === null ? a : Math.max(a ?? 0, b));

/** By links alone, which cost the process nothing: directories count as files. False where they may not be seen. */
function countKinds(links: readonly (string | undefined)[] | undefined, kinds: Map<string, number>, kindOf: (link: string) => string): boolean {
  for (const link of links ?? []) {
    if (link === undefined) continue;
    const kind = kindOf(link);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return links !== undefined;
}

/** Most are plain paths, sockets and pipes; of the others each text is asked once. */
function kindsByLink(): (link: string) => string {
  const known = new Map<string, string>();
  return (link) => {
    if (link.startsWith('socket:[')) return 'socket';
    if (link.startsWith('pipe:[')) return 'pipe';
    const isPlain = link.charCodeAt(0) === 47 && !link.startsWith('/dev/') && !link.startsWith('/memfd:');
    if (isPlain) return recognise({ link }).name;
    let kind = known.get(link);
    if (kind === undefined) known.set(link, (kind = recognise({ link }).name));
    return kind;
  };
}
