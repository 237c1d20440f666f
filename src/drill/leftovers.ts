/** What each reload left behind, from what the service held at rest before the first and after each. */
import type { FdLimit } from '../kernel/types.ts';
import type { ResidueEvent, ResidueGroup } from '../series/index.ts';
import { type Census, type CensusGroup, leftOf, slopeOf } from './census.ts';
import type { DrillSeen } from './model.ts';

export interface LeftGroup {
  kind: string;
  key: string;
  counts: number[];
  slopePerReload: number;
}

export interface Leftovers {
  /** Groups that changed. */
  groups: LeftGroup[];
  /** Lines whose goroutines became more, most first. */
  goroutineSites: { site: string; counts: number[]; slopePerReload: number }[];
  fds: number[];
  processes: number[];
  threads: number[];
  memoryBytes: number[];
  slopes: { fds: number; processes: number; threads: number; memoryBytes: number };
}

const idsOf = (censuses: readonly Census[]): string[] => [...new Set(censuses.flatMap(({ groups }) => [...groups.keys()]))];
const countsOf = (censuses: readonly Census[], id: string): number[] => censuses.map(({ groups }) => groups.get(id)?.count ?? 0);

export function leftoversOf({ censuses }: Pick<DrillSeen, 'censuses'>): Leftovers {
  const by = (value: (census: Census) => number): number[] => censuses.map(value);
  const [fds, processes, threads, memoryBytes] = [by(({ open }) => open), by((one) => one.processes), by((one) => one.threads), by(({ memory }) => memory)] as const;
  const groups = idsOf(censuses).flatMap((id): LeftGroup[] => {
    const counts = countsOf(censuses, id);
    if (new Set(counts).size < 2) return [];
    const { kind, key } = memberOf(censuses, id);
    return [{ kind, key, counts, slopePerReload: slopeOf(counts) }];
  });
  groups.sort((a, b) => Math.abs(b.slopePerReload) - Math.abs(a.slopePerReload) || (a.key < b.key ? -1 : 1));
  return { groups, goroutineSites: sitesOf(censuses), fds, processes, threads, memoryBytes, slopes: { fds: slopeOf(fds), processes: slopeOf(processes), threads: slopeOf(threads), memoryBytes: slopeOf(memoryBytes) } };
}

const MOST_SITES = 10;

function sitesOf(censuses: readonly Census[]): Leftovers['goroutineSites'] {
  const all = [...new Set(censuses.flatMap(({ sites }) => [...sites.keys()]))].map((site) => {
    const counts = censuses.map(({ sites }) => sites.get(site) ?? 0);
    return { site, counts, slopePerReload: slopeOf(counts) };
  });
  return all.filter(({ slopePerReload }) => slopePerReload > 0).sort((a, b) => b.slopePerReload - a.slopePerReload || (a.site < b.site ? -1 : 1)).slice(0, MOST_SITES);
}

function memberOf(censuses: readonly Census[], id: string): CensusGroup {
  return censuses.findLast(({ groups }) => groups.has(id))!.groups.get(id)!;
}

/** For the rule about what events leave. Null where there are not two looks to compare. */
export function residueOf(seen: DrillSeen, limit: FdLimit): ResidueEvent | null {
  const { censuses, reloads, pid, startTime, label } = seen;
  const events = censuses.length - 1;
  if (events < 1 || events !== reloads.length || pid === null || startTime === null) return null;
  const groups = idsOf(censuses).flatMap((id): ResidueGroup[] => {
    const counts = countsOf(censuses, id);
    const leftPerEvent = leftOf(counts);
    if (leftPerEvent.every((left) => left === 0)) return [];
    const { kind, key, one, many, example: seenAt } = memberOf(censuses, id);
    const [site] = kind === 'goroutine' ? sitesOf(censuses) : [];
    const example = site ? `made at ${site.site}` : seenAt;
    // What a later reload took away again shows that the group lives by itself.
    const restless = counts.some((count, i) => i > 0 && count < counts[i - 1]!);
    return [{ kind, key, one, many, quality: 'exact', leftPerEvent, restless, ...(example !== undefined && { example }) }];
  });
  const open = censuses.at(-1)!.open;
  const perEvent = leftOf(censuses.map((census) => census.open)).reduce((sum, left) => sum + left, 0) / events;
  const eventsUntilLimit = perEvent > 0 && limit.soft !== null ? Math.max(0, Math.floor((limit.soft - open) / perEvent)) : null;
  return { type: 'residue', label, process: { pid: reloads.at(-1)?.newPid ?? pid, startTime, open, limit }, events, word: 'reload', eventsUntilLimit, groups };
}
