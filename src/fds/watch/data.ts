/** What a watch adds to `data`. */
import type { FdLimit } from '../../kernel/types.ts';
import type { WatchedGroup } from '../../series/index.ts';
import type { FdsData } from '../data.ts';
import type { Group } from '../groups.ts';
import type { WatchOptions } from './options.ts';
import type { Watched } from './sampler.ts';
import { IN_SEVERAL, type Trends } from './trends.ts';

export interface WatchData {
  windowMs: number;
  intervalMs: number;
  samples: number;
  /** Opened and closed between the first and the last sample, as far as samples show. */
  births: number;
  deaths: number;
  /** Processes that ended, and that came to belong to the target. */
  gone: number[];
  come: number[];
  /** Limits that were changed meanwhile; forecasts are about the new ones. null: unlimited. */
  limitChanges: { pid: number; from: FdLimit; to: FdLimit }[];
  /** Open descriptors at each sample, ms from the first; of long watches some of the samples. */
  course: { atMs: number; value: number }[];
  /** One entry per group that was ever seen, those that grow first. */
  trends: WatchedGroup[];
}

export type WatchedFdsData = Omit<FdsData, 'groups'> & { watch: WatchData; groups: (Group & { growthPerMinute?: number; trend?: WatchedGroup['trend'] })[] };

const order: Record<WatchedGroup['trend'], number> = { growing: 0, grew: 1, 'too-short': 2, steady: 3 };

/** @param isGrouped by attributes the user chose: then no trend is that of a group */
export function withTrends(data: FdsData, watched: Watched, watching: WatchOptions, { groups, ofFd }: Trends, isGrouped: boolean): WatchedFdsData {
  const sorted = groups.toSorted((a, b) => order[a.trend] - order[b.trend] || b.survivorsGained - a.survivorsGained || b.births - a.births);
  // Who was hung up ended in one group and began in another, and was neither opened nor closed.
  const total = (what: 'births' | 'deaths'): number => groups.reduce((sum, group) => sum + (group.key === IN_SEVERAL ? 0 : group[what]), 0) - watched.hungUp;
  return {
    ...data,
    groups: isGrouped ? data.groups : data.groups.map((group) => withTrend(group, ofFd)),
    watch: {
      windowMs: Math.round(watched.windowMs),
      intervalMs: watching.intervalMs,
      samples: watched.lives.sampleTimes.length,
      births: Math.max(0, total('births')),
      deaths: Math.max(0, total('deaths')),
      gone: watched.gone.map(({ pid }) => pid),
      come: watched.come,
      limitChanges: watched.limitChanges,
      course: watched.course.points().map(({ atMs, value }) => ({ atMs: Math.round(atMs), value })),
      trends: sorted,
    },
  };
}

/** The look at the end may group otherwise than the watch did, for it knows more of each descriptor, and of none that is gone. */
function withTrend(group: Group, ofFd: Trends['ofFd']): WatchedFdsData['groups'][number] {
  const trend = group.examples.map(({ pid, fd }) => ofFd.get(`${pid}:${fd}`)).find((found) => found !== undefined);
  return trend ? { ...group, growthPerMinute: trend.growthPerMinute, trend: trend.trend } : group;
}
