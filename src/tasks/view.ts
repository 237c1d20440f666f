/** The text below the findings: threads that wait for the same in one row, those that do not get on first. */
import { decodeText } from '../kernel/text.ts';
import type { Block, Cell } from '../render/index.ts';
import { duration, plural } from '../report/words.ts';
import type { Task, TasksLook } from './model.ts';
import { endsOf } from './rules/evidence.ts';
import { targetWords } from './words.ts';

const MOST_ROWS = 40;

interface Row {
  tasks: Task[];
  target: string;
}

export function* viewOf(look: TasksLook, list: boolean): Generator<Block> {
  const { tasks, windowMs, snapshot } = look;
  yield { type: 'blank' };
  const still = tasks.filter(({ allAlong }) => allAlong).length;
  const watched = windowMs > 0 ? `, ${still} of them did not run for ${duration(windowMs)}` : '';
  yield { type: 'paragraph', text: `${snapshot.label}: ${plural('thread', tasks.length)}${watched}`, tone: 'strong' };
  const rows = list ? tasks.map((task) => ({ tasks: [task], target: targetOf(task, look) })) : grouped(look);
  if (rows.length === 0) return;
  const severalPids = new Set(tasks.map(({ process }) => process.pid)).size > 1;
  const shown = list ? rows : rows.slice(0, MOST_ROWS);
  yield {
    type: 'table',
    columns: [
      ...(list ? [] : [{ title: 'COUNT', align: 'right' as const }]),
      ...(severalPids ? [{ title: 'PID', align: 'right' as const }] : []),
      { title: list ? 'TID' : 'TIDS', align: 'right' },
      { title: 'NAME' },
      { title: 'STATE' },
      { title: 'SYSTEM CALL' },
      { title: 'WAITS FOR', flex: true, min: 20 },
      ...(windowMs > 0 ? [{ title: 'FOR', align: 'right' as const }] : []),
    ],
    rows: shown.map((row) => cellsOf(row, { list, severalPids, hasTime: windowMs > 0 })),
  };
  if (rows.length > shown.length) yield { type: 'paragraph', text: `and ${plural('more group', rows.length - shown.length)} (--list)` };
}

function cellsOf({ tasks, target }: Row, { list, severalPids, hasTime }: { list: boolean; severalPids: boolean; hasTime: boolean }): Cell[] {
  const [first] = tasks;
  const { process, tid, name, state, call, wchan, allAlong } = first!;
  const since = Math.min(...tasks.map(({ sinceMs }) => sinceMs));
  return [
    ...(list ? [] : [String(tasks.length)]),
    ...(severalPids ? [String(process.pid)] : []),
    tasks.length === 1 ? String(tid) : `${tid}...`,
    decodeText(name).text,
    state === 'D' ? { text: state, tone: 'warning' } : state,
    call ?? (wchan === undefined ? '' : `(${wchan})`),
    state === 'R' ? 'runs' : target,
    ...(hasTime ? [since === 0 ? '' : `${allAlong ? '>= ' : ''}${duration(since)}`] : []),
  ];
}

function grouped(look: TasksLook): Row[] {
  const groups = new Map<string, Row>();
  for (const task of look.tasks) {
    const target = targetOf(task, look);
    const key = JSON.stringify([task.process.pid, task.name.replace(/\d+$/, ''), task.state, task.call, target, task.allAlong]);
    const row = groups.get(key);
    if (row) row.tasks.push(task);
    else groups.set(key, { tasks: [task], target });
  }
  return [...groups.values()].sort((a, b) => rank(a) - rank(b));
}

/** Uninterruptible first, then those that wait for something that can be named, then what is idle. */
function rank({ tasks: [first] }: Row): number {
  const { state, wait, owner, tid, process } = first!;
  if (state === 'D') return 0;
  if (owner !== undefined || wait?.for === 'path' || wait?.for === 'memory') return 1;
  if (wait?.for === 'descriptor') return 2;
  return tid === process.pid ? 3 : 4;
}

function targetOf(task: Task, look: TasksLook): string {
  return targetWords(task, endsOf(look)) ?? '';
}
