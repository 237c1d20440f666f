import type { Block } from '../../render/index.ts';
import { count, duration, plural } from '../../report/words.ts';
import type { WatchedGroup } from '../../series/index.ts';
import type { WatchedFdsData } from './data.ts';

const SHOWN = 8;
const words: Record<WatchedGroup['trend'], string> = { growing: 'grows', grew: 'grew', steady: 'steady', 'too-short': 'too short to say' };

function limitWords(soft: number | null): string {
  return soft === null ? 'unlimited' : count(soft);
}

/** What moved, above the usual groups. */
export function* trendBlocks({ watch, limit, processes }: WatchedFdsData): Generator<Block> {
  yield {
    type: 'paragraph',
    text: `watched for ${duration(watch.windowMs)}: ${plural('sample', watch.samples)}, ${count(watch.births)} opened, ${count(watch.deaths)} closed between samples`,
  };
  // Of several processes none has this many.
  const soft = processes.length === 1 ? limit.soft : null;
  if (watch.course.length > 1) yield { type: 'chart', title: 'open descriptors', unit: 'descriptors', points: watch.course, ...(soft !== null && { limit: soft }) };
  const { gone, come } = watch;
  if (gone.length > 0 || come.length > 0) yield { type: 'paragraph', text: `meanwhile ${plural('process', gone.length, 'processes')} ended and ${count(come.length)} came` };
  for (const { pid, from, to } of watch.limitChanges) {
    yield { type: 'paragraph', text: `the soft limit of process ${pid} was changed meanwhile: from ${limitWords(from.soft)} to ${limitWords(to.soft)}`, tone: 'warning' };
  }
  const moved = watch.trends.filter((trend) => trend.births > 0 || trend.deaths > 0);
  if (moved.length === 0) return;
  yield {
    type: 'table',
    columns: [
      { title: 'START', align: 'right' }, { title: 'END', align: 'right' }, { title: 'OPENED', align: 'right' }, { title: 'CLOSED', align: 'right' },
      { title: 'KEPT/MIN', align: 'right' }, { title: 'TREND' }, { title: 'WHAT', flex: true, min: 30 },
    ],
    rows: moved.slice(0, SHOWN).map((trend) => [
      count(trend.atStart), count(trend.atEnd), count(trend.births), count(trend.deaths),
      trend.trend === 'growing' || trend.trend === 'grew' ? `+${count(Math.round(trend.growthPerMinute * 10) / 10)}` : '-',
      { text: words[trend.trend], tone: trend.trend === 'growing' ? 'warning' : 'dim' },
      `${trend.kind === trend.key ? '' : `${trend.kind} `}${trend.key}`,
    ]),
  };
  if (moved.length > SHOWN) yield { type: 'paragraph', text: `and ${plural('more group', moved.length - SHOWN)} that moved (--json has all)`, tone: 'dim' };
  yield { type: 'blank' };
}
