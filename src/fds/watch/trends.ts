/** From lives to a trend per group, and per kind where no single group of it grows. */
import { groupKeys } from '../../kernel/groups.ts';
import type { Fd } from '../../kernel/types.ts';
import { type GroupTrend, type Life, type Lives, trendOf, type WatchedGroup } from '../../series/index.ts';

export function trendsOf(lives: Lives<Fd>): WatchedGroup[] {
  const all = lives.all();
  const keys = groupKeys(all.map((life) => life.item));
  const groups = new Map<string, { kind: string; key: string; lives: Life<Fd>[] }>();
  const kinds = new Map<string, Life<Fd>[]>();
  for (const life of all) {
    const { kind } = life.item;
    const key = keys.get(life.item)!;
    const group = groups.get(`${kind}\0${key}`) ?? { kind, key, lives: [] };
    group.lives.push(life);
    groups.set(`${kind}\0${key}`, group);
    kinds.set(kind, [...(kinds.get(kind) ?? []), life]);
  }
  const result = [...groups.values()].map(({ kind, key, lives: members }) => ({ kind, key, ...best(key, members, lives.sampleTimes) }));
  for (const [kind, members] of kinds) {
    const own = result.filter((group) => group.kind === kind);
    if (own.length < 2 || own.some((group) => group.trend === 'growing')) continue;
    const exact = members.filter((life) => life.quality === 'exact');
    const trend = trendOf('all', exact, lives.sampleTimes);
    if (trend.trend === 'growing') result.push({ kind, key: 'in several groups', ...trend });
  }
  return result;
}

/** Members that can be told apart speak for themselves; the others must not hide them. */
function best(key: string, members: readonly Life<Fd>[], sampleTimes: readonly number[]): GroupTrend {
  const all = trendOf(key, members, sampleTimes);
  if (all.quality === 'exact') return all;
  const exact = trendOf(key, members.filter((life) => life.quality === 'exact'), sampleTimes);
  return exact.trend === 'growing' ? { ...all, ...exact, atStart: all.atStart, atEnd: all.atEnd, births: all.births, deaths: all.deaths } : all;
}
