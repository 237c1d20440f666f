/** What a watch adds to `data`. */
import type { WatchedGroup } from '../../series/index.ts';
import type { FdsData } from '../data.ts';
import type { Group } from '../groups.ts';
import type { WatchOptions } from './options.ts';
import type { Watched } from './sampler.ts';
import { IN_SEVERAL } from './trends.ts';

export interface WatchData {
  windowMs: number;
  intervalMs: number;
  samples: number;
  /** Opened and closed between the first and the last sample, as far as samples show. */
  births: number;
  deaths: number;
  /** One entry per group that was ever seen, those that grow first. */
  trends: WatchedGroup[];
}

export type WatchedFdsData = Omit<FdsData, 'groups'> & { watch: WatchData; groups: (Group & { growthPerMinute?: number; trend?: WatchedGroup['trend'] })[] };

const order: Record<WatchedGroup['trend'], number> = { growing: 0, grew: 1, 'too-short': 2, steady: 3 };

export function withTrends(data: FdsData, watched: Watched, watching: WatchOptions, trends: WatchedGroup[]): WatchedFdsData {
  const byGroup = new Map(trends.map((trend) => [`${trend.kind}\0${trend.key}`, trend]));
  const sorted = trends.toSorted((a, b) => order[a.trend] - order[b.trend] || b.survivorsGained - a.survivorsGained || b.births - a.births);
  return {
    ...data,
    groups: data.groups.map((group) => {
      const trend = byGroup.get(`${group.kind}\0${group.key}`);
      return trend ? { ...group, growthPerMinute: trend.growthPerMinute, trend: trend.trend } : group;
    }),
    watch: {
      windowMs: Math.round(watched.windowMs),
      intervalMs: watching.intervalMs,
      samples: watched.lives.sampleTimes.length,
      births: trends.reduce((sum, { key, births }) => sum + (key === IN_SEVERAL ? 0 : births), 0),
      deaths: trends.reduce((sum, { key, deaths }) => sum + (key === IN_SEVERAL ? 0 : deaths), 0),
      trends: sorted,
    },
  };
}
