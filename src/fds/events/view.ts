import type { Block } from '../../render/index.ts';
import { count, duration, listOf, plural } from '../../report/words.ts';
import type { EventFdsData, ResidueRow } from './data.ts';

const SHOWN = 8;

/** What the events left, above the usual groups. `command` is absent for marks. */
export function* eventBlocks({ events, residue, generations }: EventFdsData, command: string | undefined): Generator<Block> {
  const measured = events.filter(({ left }) => left !== null);
  const left = measured.reduce((sum, event) => sum + (event.left ?? 0), 0);
  const opened = measured.reduce((sum, event) => sum + (event.opened ?? 0), 0);
  const closed = measured.reduce((sum, event) => sum + (event.closed ?? 0), 0);
  const made = command === undefined ? '' : ` (${command})`;
  yield {
    type: 'paragraph',
    text: `${plural('event', measured.length)}${made}: ${count(opened)} opened, ${count(closed)} closed from one floor to the next, ${count(left)} left behind`,
  };
  for (const event of events) {
    if (event.problem !== undefined) yield { type: 'paragraph', text: `event ${event.index} failed after ${duration(event.durationMs)}: ${event.problem}`, tone: 'warning' };
  }
  const restless = events.filter(({ settled, left: known }) => known !== null && !settled).map(({ index }) => index);
  if (restless.length > 0) yield { type: 'paragraph', text: `the table did not come to rest after event ${listOf(restless)}: what moved by itself is judged with care`, tone: 'dim' };
  for (const { event, gone, come } of generations.slice(0, SHOWN)) {
    yield { type: 'paragraph', text: `event ${event}: ${processWords(gone, 'none')} went, ${processWords(come, 'none')} came`, tone: 'dim' };
  }
  if (residue.length > 0) yield tableOf(residue);
  if (residue.length > SHOWN) yield { type: 'paragraph', text: `and ${plural('more group', residue.length - SHOWN)} (--json has all)`, tone: 'dim' };
  yield { type: 'blank' };
}

function tableOf(residue: readonly ResidueRow[]): Block {
  return {
    type: 'table',
    columns: [
      { title: 'LEFT', align: 'right' }, { title: 'MIN', align: 'right' }, { title: 'MEDIAN', align: 'right' }, { title: 'MAX', align: 'right' },
      { title: 'WHAT', flex: true, min: 30 }, { title: 'EXAMPLE' },
    ],
    rows: residue.slice(0, SHOWN).map(({ leftPerEvent, kind, key, restless, example }) => [
      `+${count(leftPerEvent.reduce((sum, left) => sum + left, 0))}`, count(Math.min(...leftPerEvent)), count(medianOf(leftPerEvent)), count(Math.max(...leftPerEvent)),
      `${kind === key ? '' : `${kind} `}${key}${restless ? ' (comes and goes)' : ''}`, { text: example ?? '', tone: 'dim' },
    ]),
  };
}

function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

function processWords(pids: readonly number[], none: string): string {
  return pids.length === 0 ? none : `process ${listOf(pids)}`;
}
