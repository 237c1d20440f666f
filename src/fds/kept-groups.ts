/** What came during a piece of work and stayed, what went, in groups; and when in the work that was. */
import { groupKeys } from '../kernel/groups.ts';
import { isKind, socket } from '../kernel/kinds/index.ts';
import type { Fd } from '../kernel/types.ts';
import type { Quality } from '../series/index.ts';

/** Descriptors of one group. */
export interface KeptGroup {
  kind: string;
  key: string;
  before: number;
  after: number;
  /** Opened during the work, and there still when it and the time to settle were over. */
  kept: number;
  /** There before, and gone. */
  lost: number;
  /** Of those that were kept: how many came in each quarter of what the service did meanwhile, by its CPU time where that is long enough. */
  perQuarter: readonly [number, number, number, number];
  quality: Quality;
  /** The other side decides how long they live. */
  byOthers: boolean;
  /** It was changing still when the time to settle was over. */
  isRestless: boolean;
  examples: Fd[];
}

const MOST_EXAMPLES = 3;

export interface Life {
  item: Fd;
  quality: Quality;
  /** Number of the sample that saw it first; 0 is before the work. */
  born: number;
}

/** @param spanOf the part of the work in which a sample saw what was new, each 0 to 1 */
export function groupsOf(living: readonly Life[], early: readonly Fd[], moving: readonly Fd[], spanOf: (sample: number) => readonly [number, number]): KeptGroup[] {
  const keys = groupKeys([...new Set([...living.map(({ item }) => item), ...early, ...moving])]);
  const groups = new Map<string, KeptGroup & { perQuarter: [number, number, number, number] }>();
  const groupOf = (fd: Fd) => {
    const key = keys.get(fd) ?? fd.kind;
    const id = `${fd.kind}\0${key}`;
    let group = groups.get(id);
    if (!group) groups.set(id, (group = { kind: fd.kind, key, before: 0, after: 0, kept: 0, lost: 0, perQuarter: [0, 0, 0, 0], quality: 'exact', byOthers: false, isRestless: false, examples: [] }));
    return group;
  };
  const ofOthers = new Map<KeptGroup, number>();
  for (const { item, born, quality } of living) {
    const group = groupOf(item);
    group.after++;
    if (born === 0) group.before++;
    else {
      group.kept++;
      share(group.perQuarter, spanOf(born));
      if (quality === 'weak') group.quality = quality;
      if (isKind(item, socket) && item.detail.inbound && item.detail.row?.state === 'ESTABLISHED') ofOthers.set(group, (ofOthers.get(group) ?? 0) + 1);
      if (group.examples.length < MOST_EXAMPLES) group.examples.push(item);
    }
  }
  for (const fd of early) {
    const group = groupOf(fd);
    group.before++;
    group.lost++;
  }
  for (const fd of moving) groupOf(fd).isRestless = true;
  return [...groups.values()].map((group) => ({ ...group, byOthers: group.kept > 0 && (ofOthers.get(group) ?? 0) * 2 > group.kept })).sort((a, b) => b.kept - b.lost - (a.kept - a.lost));
}

/** One that came at some time in this part of the work, into its quarters. */
function share(quarters: [number, number, number, number], [from, to]: readonly [number, number]): void {
  for (const [index] of quarters.entries()) {
    const [start, end] = [index / 4, (index + 1) / 4];
    const isIn = to > from ? Math.max(0, Math.min(end, to) - Math.max(start, from)) / (to - from) : from >= start && (from < end || index === 3) ? 1 : 0;
    quarters[index as 0] += isIn;
  }
}
