import type { Block } from '../render/index.ts';
import { duration, plural } from '../report/words.ts';
import type { AssertData } from './data.ts';

const MOST_ROWS = 20;

/** What was open at each exit, the most first. */
export function* viewOf({ commandExit, processes, exits, during }: AssertData): Generator<Block> {
  yield { type: 'blank' };
  if (during) return yield* duringBlocks(commandExit, during);
  const { held, missed, killedThreads, left } = processes;
  const others = [...(missed > 0 ? [`${missed} missed`] : []), ...(killedThreads > 0 ? ['some killed by signals'] : []), ...(left > 0 ? [`${left} left behind`] : [])];
  yield { type: 'paragraph', text: `the command ended with ${commandExit ?? 'nothing'}; ${plural('process', held, 'processes')} held at ${held === 1 ? 'its' : 'their'} exit${others.length > 0 ? `, ${others.join(', ')}` : ''}`, tone: 'strong' };
  const rows = exits.flatMap(({ pid, comm, groups }) => groups.map((group) => ({ pid, comm, ...group }))).sort((a, b) => b.count - a.count);
  if (rows.length === 0) return;
  yield {
    type: 'table',
    columns: [{ title: 'OPEN', align: 'right' }, { title: 'ALLOWED', align: 'right' }, { title: 'PID', align: 'right' }, { title: 'PROGRAM' }, { title: 'KIND' }, { title: 'WHAT', flex: true, min: 20 }],
    rows: rows.slice(0, MOST_ROWS).map(({ count, most, pid, comm, class: kind, key }) => [count > most ? { text: String(count), tone: 'critical' as const } : count, most, pid, comm, kind, key]),
  };
  if (rows.length > MOST_ROWS) yield { type: 'paragraph', text: `and ${plural('more group', rows.length - MOST_ROWS)} (--json)` };
}

function* duringBlocks(commandExit: number | null, { windowMs, samples, groups }: NonNullable<AssertData['during']>): Generator<Block> {
  yield { type: 'paragraph', text: `the command ended with ${commandExit ?? 'nothing'} after ${duration(windowMs)}; ${plural('sample', samples)}${groups.length === 0 ? ', and nothing more is open than before' : ''}`, tone: 'strong' };
  if (groups.length === 0) return;
  yield {
    type: 'table',
    columns: [{ title: 'MORE', align: 'right' }, { title: 'ALLOWED', align: 'right' }, { title: 'BEFORE', align: 'right' }, { title: 'AFTER', align: 'right' }, { title: 'KIND' }, { title: 'WHAT', flex: true, min: 20 }],
    rows: groups.slice(0, MOST_ROWS).map(({ gain, most, before, after, kind, key }) => [gain > most ? { text: String(gain), tone: 'critical' as const } : gain, most, before, after, kind, key]),
  };
  if (groups.length > MOST_ROWS) yield { type: 'paragraph', text: `and ${plural('more group', groups.length - MOST_ROWS)} (--json)` };
}
