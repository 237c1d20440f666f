import type { Dump } from '../../kernel/goroutines.ts';
import type { Block } from '../../render/index.ts';
import { count, duration, plural } from '../../report/words.ts';
import type { GoroutineGrowth } from '../../series/index.ts';
import { decodeText } from '../../kernel/text.ts';
import { placeOf, siteOf } from '../names.ts';

export interface WatchData {
  /** null: two dumps, and nobody knows the time between them. */
  windowMs: number | null;
  intervalMs: number | null;
  samples: number;
  totals: number[];
  groups: { site: string; state: string; before: number; after: number; growthPerMinute: number | null; trend: string; because: string; createdBy?: string }[];
}

const SHOWN = 10;
const WORDS: Readonly<Record<string, string>> = { growing: 'grows', grew: 'grew', compared: 'more' };

export function growthData(growth: GoroutineGrowth, dump: Dump, totals: number[], intervalMs: number | null): WatchData {
  return {
    windowMs: growth.windowMs === null ? null : Math.round(growth.windowMs),
    intervalMs,
    samples: growth.samples,
    totals,
    groups: growth.groups.map(({ group, before, after, perMinute, trend, because }) => {
      const { frames, state, creator } = dump.groups[group]!;
      const site = siteOf(frames);
      const createdBy = creator && decodeText(placeOf(creator)).text;
      return { site: site ? decodeText(placeOf(site)).text : '', state, before, after, growthPerMinute: perMinute, trend, because, ...(createdBy !== undefined && { createdBy }) };
    }),
  };
}

/** What became more, above the usual groups. */
export function* growthBlocks({ windowMs, samples, totals, groups }: WatchData): Generator<Block> {
  const how = windowMs === null ? 'two dumps compared' : `watched for ${duration(windowMs)}, ${plural('sample', samples)}`;
  yield { type: 'paragraph', text: `${how}: ${count(totals[0] ?? 0)} goroutines became ${count(totals.at(-1) ?? 0)}` };
  const every = windowMs === null ? 0 : windowMs / Math.max(1, totals.length - 1);
  if (every > 0 && totals.length > 1) yield { type: 'chart', title: 'goroutines', unit: 'goroutines', points: totals.map((value, index) => ({ atMs: Math.round(index * every), value })) };
  if (groups.length > 0) {
    yield {
      type: 'table',
      columns: [{ title: 'BEFORE', align: 'right' }, { title: 'AFTER', align: 'right' }, { title: 'PER MIN', align: 'right' }, { title: 'TREND' }, { title: 'STATE' }, { title: 'WHERE', flex: true, min: 30 }],
      rows: groups.slice(0, SHOWN).map((group) => [
        count(group.before), count(group.after), group.growthPerMinute === null ? '-' : `+${count(Math.round(group.growthPerMinute * 10) / 10)}`,
        { text: WORDS[group.trend] ?? group.trend, tone: group.trend === 'growing' ? 'warning' : 'dim' }, group.state, group.site,
      ]),
    };
    if (groups.length > SHOWN) yield { type: 'paragraph', text: `and ${plural('more stack', groups.length - SHOWN)} that became more (--json has all)`, tone: 'dim' };
  }
  yield { type: 'blank' };
}
