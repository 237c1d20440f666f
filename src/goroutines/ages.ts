/** How those that wait at one place came to be there: their ids say in which order they were started, their waiting times since when they wait. */
import type { AgeSums, Group } from '../kernel/goroutines.ts';

/**
 * `together`: all have waited for about as long, as what was set up at one time does, and what got stuck at one time.
 * `one by one`: the longer ago one was started the longer it waits, and they still come: none is seen to have got on since it came.
 * `some get on`: some that are old have waited for less than younger ones: somebody is at the other side.
 */
export type Ages = 'together' | 'one by one' | 'some get on';

/** Fewer tell nothing of an order. */
const LEAST = 10;
/** Waiting times are set by the collector, which runs every two minutes at least: differences below are its own. */
const LEAST_SPREAD_MINUTES = 5;
/** Part of the longest wait that waits must differ by (standard deviation). */
const SPREAD = 0.15;
/** Of ids with waiting times; -1 is one by one to the minute. */
const IN_ORDER = -0.6;

/** undefined where ids or waiting times are not told, or all are too young. @param wait minutes, of those that tell it */
export function agesOf(groups: readonly Group[], wait: { min: number; max: number } | undefined): Ages | undefined {
  const sums = sumOf(groups);
  const { count } = sums;
  if (!wait || count < LEAST) return undefined;
  const id = sums.ids / count;
  const minutes = sums.minutes / count;
  const spread = Math.sqrt(Math.max(0, sums.minutes2 / count - minutes ** 2));
  if (wait.max < LEAST_SPREAD_MINUTES) return undefined;
  if (spread < wait.max * SPREAD) return 'together';
  const spreadOfIds = Math.sqrt(Math.max(0, sums.ids2 / count - id ** 2));
  const correlation = (sums.both / count - id * minutes) / (spread * spreadOfIds);
  if (!(correlation <= IN_ORDER)) return 'some get on';
  return wait.min <= wait.max / 2 ? 'one by one' : undefined;
}

function sumOf(groups: readonly Group[]): AgeSums {
  const all: AgeSums = { count: 0, ids: 0, ids2: 0, minutes: 0, minutes2: 0, both: 0 };
  for (const { ages } of groups) {
    if (!ages) continue;
    all.count += ages.count;
    all.ids += ages.ids;
    all.ids2 += ages.ids2;
    all.minutes += ages.minutes;
    all.minutes2 += ages.minutes2;
    all.both += ages.both;
  }
  return all;
}
