import type { Block } from '../../render/index.ts';
import { decodeText } from '../../kernel/text.ts';
import { count, duration, plural } from '../../report/words.ts';
import { shortName } from '../names.ts';
import type { TraceFacts } from './facts.ts';

const SHOWN = 8;

/** What only a trace tells, below the groups. */
export function* traceBlocks({ durationMs, events, created, ended, neverEnded, blocked, syscalls, sums, stops, runnable, toStart }: TraceFacts): Generator<Block> {
  const [longest] = stops;
  yield { type: 'blank' };
  yield { type: 'heading', text: `traced for ${duration(durationMs)}: ${plural('event', events)}, ${count(created)} goroutines started, ${count(ended)} ended` };
  yield {
    type: 'list',
    items: [
      `goroutines that could run waited ${ms(runnable.p50Ms)} for a processor (half of them less), ${ms(runnable.p99Ms)} at p99, ${ms(runnable.maxMs)} at most`,
      ...(toStart.count > 0 ? [`new ones waited ${ms(toStart.p50Ms)} to begin (half of them less), ${ms(toStart.maxMs)} at most`] : []),
      longest ? `the program stood still ${stops.length === 1 ? 'once' : `${count(stops.length)} times`}, for ${ms(longest.ms)} at most (${shown(longest.kind)})` : 'the program never stood still',
    ],
  };
  if (neverEnded.length > 0) {
    yield {
      type: 'table',
      columns: [{ title: 'NEVER ENDED', align: 'right' }, { title: 'STARTED BY', flex: true, min: 24 }, { title: 'RUNS', flex: true, min: 16 }],
      rows: neverEnded.slice(0, SHOWN).map((row) => [count(row.count), shown(row.createdBy), shortName(shown(row.start))]),
    };
  }
  if (blocked.length > 0) {
    yield {
      type: 'table',
      columns: [{ title: 'WAITED', align: 'right' }, { title: 'TIMES', align: 'right' }, { title: 'FOR' }, { title: 'WHERE', flex: true, min: 24 }],
      rows: blocked.slice(0, SHOWN).map((row) => [ms(row.totalMs), count(row.count), shown(row.reason), shown(row.site)]),
    };
  }
  if (sums.syscall.count > 0) {
    yield {
      type: 'table',
      columns: [{ title: 'IN SYSTEM CALLS', align: 'right' }, { title: 'TIMES', align: 'right' }, { title: 'WHERE', flex: true, min: 24 }],
      rows: syscalls.slice(0, SHOWN).map((row) => [ms(row.totalMs), count(row.count), shown(row.site)]),
    };
  }
}

function shown(text: string): string {
  return decodeText(text).text;
}

/** Waits are of microseconds, too. */
function ms(value: number): string {
  if (value >= 1000) return duration(value);
  if (value < 0.0005) return 'less than 1 us';
  return value >= 1 ? `${Math.round(value * 10) / 10} ms` : `${Math.round(value * 1000)} us`;
}
