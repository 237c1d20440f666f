/** From lives to a trend per group, and per kind where no single group of it grows. */
import { groupKeys } from '../../kernel/groups.ts';
import { kindOf } from '../../kernel/kinds/index.ts';
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

export function trendsOf(lives: Lives<Fd>): WatchedGroup[] {
  const sorts = lives.sorts();
  const keys = groupKeys(sorts.flatMap(({ examples, living }) => [...examples, ...living]));
  const groups = new Map<string, { kind: string; key: string; spans: LifeSpan[] }>();
  const kinds = new Map<string, LifeSpan[]>();
  for (const { examples, spans } of sorts) {
    const [example] = examples;
    const { kind } = example!;
    const key = keys.get(example!)!;
    const group = groups.get(`${kind}\0${key}`) ?? { kind, key, spans: [] };
    group.spans.push(...spans);
    groups.set(`${kind}\0${key}`, group);
    kinds.set(kind, [...(kinds.get(kind) ?? []), ...spans]);
  }
  const result = [...groups.values()].map(({ kind, key, spans }) => ({ kind, key, ...best(key, spans, lives.sampleTimes) }));
  for (const [kind, spans] of kinds) {
    const own = result.filter((group) => group.kind === kind);
    if (own.length < 2 || own.some((group) => group.trend === 'growing')) continue;
    const trend = trendOf('all', spans.filter(isExact), lives.sampleTimes);
    if (trend.trend === 'growing') result.push({ kind, key: IN_SEVERAL, ...trend });
  }
  return result;
}

/** Key of a kind that grows as a whole while none of its groups does. */
export const IN_SEVERAL = 'in several groups';

function isExact({ quality }: LifeSpan): boolean {
  return quality === 'exact';
}

/** Members that can be told apart speak for themselves; the others must not hide them. */
function best(key: string, spans: readonly LifeSpan[], sampleTimes: readonly number[]): GroupTrend {
  const all = trendOf(key, spans, sampleTimes);
  if (all.quality === 'exact') return all;
  const exact = trendOf(key, spans.filter(isExact), sampleTimes);
  return exact.trend === 'growing' ? { ...all, ...exact, atStart: all.atStart, atEnd: all.atEnd, births: all.births, deaths: all.deaths } : all;
}
