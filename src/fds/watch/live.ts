/** What a watch knows until now, for a full screen. */
import type { Block } from '../../render/index.ts';
import { count, duration, percent } from '../../report/words.ts';
import type { WatchedGroup } from '../../series/index.ts';
import type { WatchOptions } from './options.ts';
import type { Watched } from './sampler.ts';
import { trendsOf } from './trends.ts';

const BARS = '▁▂▃▄▅▆▇█';
const WIDEST = 60;
const GAUGE = 30;
const NEAR = 0.8;
const words: Record<WatchedGroup['trend'], string> = { growing: 'grows', grew: 'grew', steady: 'steady', 'too-short': 'too short to say' };

/** @param label of the target, as it was named */
export function* liveBlocks(label: string, watched: Watched, { windowMs }: WatchOptions, limit: number | null): Generator<Block> {
  const points = watched.course.points();
  const [first, last] = [points[0]?.value ?? 0, points.at(-1)?.value ?? 0];
  yield { type: 'paragraph', text: `${label}: watched for ${duration(watched.windowMs)} of ${duration(windowMs)}`, tone: 'strong' };
  const change = last - first;
  const share = limit === null ? undefined : last / limit;
  yield {
    type: 'paragraph',
    text: `${count(last)} open (${change < 0 ? '' : '+'}${count(change)})${share === undefined ? '' : ` of soft limit ${count(limit!)}, ${percent(share)} ${gauge(share)}`}`,
    ...(share !== undefined && share >= NEAR && { tone: 'warning' as const }),
  };
  yield { type: 'paragraph', text: line(points.map(({ value }) => value)), tone: 'dim' };
  yield { type: 'blank' };
  if (watched.gone.length > 0 || watched.come.length > 0) yield { type: 'paragraph', text: `meanwhile ${count(watched.gone.length)} ended and ${count(watched.come.length)} came` };
  const groups = trendsOf(watched.lives).groups.toSorted((a, b) => Number(b.trend === 'growing') - Number(a.trend === 'growing') || b.atEnd - a.atEnd || (a.key < b.key ? -1 : 1));
  yield {
    type: 'table',
    columns: [{ title: 'OPEN', align: 'right' }, { title: 'SINCE', align: 'right' }, { title: 'OPENED', align: 'right' }, { title: 'CLOSED', align: 'right' }, { title: 'TREND' }, { title: 'WHAT', flex: true, min: 20 }],
    rows: groups.map((group) => {
      const since = group.atEnd - group.atStart;
      return [
        count(group.atEnd), since === 0 ? '-' : `${since > 0 ? '+' : ''}${count(since)}`, count(group.births), count(group.deaths),
        { text: words[group.trend], tone: group.trend === 'growing' ? 'warning' : 'dim' }, `${group.kind === group.key ? '' : `${group.kind} `}${group.key}`,
      ];
    }),
  };
}

function gauge(share: number): string {
  const full = Math.max(0, Math.min(GAUGE, Math.round(share * GAUGE)));
  return `[${'#'.repeat(full)}${'.'.repeat(GAUGE - full)}]`;
}

/** The last of the course as a line of bars, from the least to the most. */
function line(values: readonly number[]): string {
  const shown = values.slice(-WIDEST);
  const least = Math.min(...shown);
  const span = Math.max(...shown) - least;
  return shown.map((value) => BARS[span === 0 ? 0 : Math.round(((value - least) / span) * (BARS.length - 1))]).join('');
}
