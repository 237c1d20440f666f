/** From lives to a trend per group, and per kind where no single group of it grows. */
import { groupKeys } from '../../kernel/groups.ts';
import { isKind, kindOf, socket } from '../../kernel/kinds/index.ts';
import { byLooks } from '../../kernel/templates.ts';
import type { Fd } from '../../kernel/types.ts';
import { type GroupTrend, type LifeSpan, type Lives, type Sorting, trendOf, type WatchedGroup } from '../../series/index.ts';

/** What no grouping can part: paths that look alike, and keys that are equal. */
export const sorting: Sorting<Fd> = {
  sortOf: (fd) => {
    const kind = kindOf(fd);
    const key = kind.key(fd);
    return `${fd.kind}\0${kind.keyIsPath ? byLooks(key) : key}\0${kind.wideKey?.(fd) ?? ''}`;
  },
  nameOf: (fd) => kindOf(fd).key(fd),
};

export interface Trends {
  groups: WatchedGroup[];
  /** The group of each descriptor that lives at the end, by `pid:fd`. */
  ofFd: Map<string, WatchedGroup>;
}

interface Gathered {
  kind: string;
  key: string;
  spans: LifeSpan[];
  living: Fd[];
  livingNew: Fd[];
}

/** One trend per group of `fds`; for a kind that grows as a whole while none of its groups does, one more, keyed `IN_SEVERAL`. */
export function trendsOf(lives: Lives<Fd>): Trends {
  const gathered = gather(lives);
  const ofFd = new Map<string, WatchedGroup>();
  const groups = gathered.map(({ kind, key, spans, living, livingNew }): WatchedGroup => {
    const byOthers = living.length > 0 && living.every(isByOthers);
    const group = { kind, key, ...best(key, spans, lives.sampleTimes), keptBy: keptBy(livingNew), ...(byOthers && { byOthers }) };
    for (const fd of living) ofFd.set(`${fd.pid}:${fd.fd}`, group);
    return group;
  });
  for (const kind of new Set(groups.map((group) => group.kind))) {
    const own = gathered.filter((group) => group.kind === kind);
    if (own.length < 2 || groups.some((group) => group.kind === kind && group.trend === 'growing')) continue;
    const trend = trendOf(IN_SEVERAL, own.flatMap(({ spans }) => spans.filter(isExact)), lives.sampleTimes);
    if (trend.trend === 'growing') groups.push({ kind, key: IN_SEVERAL, ...trend, keptBy: keptBy(own.flatMap(({ livingNew }) => livingNew)) });
  }
  return { groups, ofFd };
}

function gather(lives: Lives<Fd>): Gathered[] {
  const sorts = lives.sorts();
  const keys = groupKeys(sorts.flatMap(({ examples }) => [...examples]));
  const groups = new Map<string, Gathered>();
  for (const { examples, living, livingNew, spans } of sorts) {
    const [example] = examples;
    const { kind } = example!;
    const key = keys.get(example!)!;
    let group = groups.get(`${kind}\0${key}`);
    if (!group) groups.set(`${kind}\0${key}`, (group = { kind, key, spans: [], living: [], livingNew: [] }));
    for (const span of spans) group.spans.push(span);
    for (const fd of living) group.living.push(fd);
    for (const fd of livingNew) group.livingNew.push(fd);
  }
  return [...groups.values()];
}

function keptBy(fds: readonly Fd[]): WatchedGroup['keptBy'] {
  const counts = new Map<number, number>();
  for (const { pid } of fds) counts.set(pid, (counts.get(pid) ?? 0) + 1);
  return [...counts].map(([pid, count]) => ({ pid, count })).sort((a, b) => b.count - a.count);
}

/** A connection that was accepted and is not hung up: more of them may just be more clients. */
function isByOthers(fd: Fd): boolean {
  return isKind(fd, socket) && fd.detail.inbound && fd.detail.row?.state === 'ESTABLISHED';
}

/** Key of a kind that grows as a whole while none of its groups does. */
export const IN_SEVERAL = 'in several groups';

function isExact({ quality }: LifeSpan): boolean {
  return quality === 'exact';
}

/**
 * Members that can be told apart speak for themselves; the others must not hide them. Once those prove that it grows, all count for
 * how fast: the inodes of nameless files are used again, and half a leak may have had one that another number had before.
 */
function best(key: string, spans: readonly LifeSpan[], sampleTimes: readonly number[]): GroupTrend {
  const all = trendOf(key, spans, sampleTimes);
  if (all.quality === 'exact') return all;
  const exact = trendOf(key, spans.filter(isExact), sampleTimes);
  if (exact.trend !== 'growing') return all;
  const every = trendOf(key, spans.map((span) => ({ ...span, quality: 'exact' })), sampleTimes);
  if (every.trend === 'growing' && every.growthPerMinute > exact.growthPerMinute) return every;
  return { ...exact, atStart: all.atStart, atEnd: all.atEnd, births: all.births, deaths: all.deaths };
}
