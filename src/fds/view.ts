/** The text below the findings: the numbers of the process, then groups or rows, then what to do next. */
import type { Block } from '../render/index.ts';
import { count, percent, plural } from '../report/words.ts';
import type { Snapshot } from '../kernel/types.ts';
import type { FdRow } from './attributes.ts';
import { type FdsData, type ProcessRow, usedOf } from './data.ts';
import { type Group, SEVERAL } from './groups.ts';
import type { ListOptions } from './list-options.ts';
import type { ThreadTable } from './threads.ts';

const GROUPS_SHOWN = 15;
const PROCESSES_SHOWN = 10;
const THREAD_FDS_SHOWN = 20;
/** A group this large is worth a look of its own. */
const LARGE_SHARE = 0.5;
const LARGE_COUNT = 100;

/** @param rerun the command line of this run, for the next one it proposes */
export function* viewOf(snapshot: Snapshot, data: FdsData, list: ListOptions, rerun: string): Generator<Block> {
  yield* processBlocks(snapshot, data);
  yield { type: 'blank' };
  if (list.where && (data.fds ?? data.groups).length === 0) yield { type: 'paragraph', text: 'no descriptor matches --where' };
  else if (data.fds) {
    if (list.groupBy.length > 0) yield* [...groupBlocks(data, list), { type: 'blank' } as const];
    yield* listBlocks(data.fds, list, data.processes.length > 1);
  }
  else if (data.groups.length > 0) yield* groupBlocks(data, list);
  if (data.threads) yield* threadBlocks(data.threads);
  yield* nextBlocks(data, rerun);
}

function limitWords(process: Pick<ProcessRow, 'open' | 'soft' | 'hard' | 'belowLimit' | 'limitUnknown'>): string {
  const open = process.open === null ? 'unknown number' : count(process.open);
  if (process.limitUnknown) return `${open} open, of an unknown limit`;
  const soft = process.soft === null ? 'no limit' : `soft limit ${count(process.soft)}`;
  const hard = process.hard === null ? 'unlimited' : count(process.hard);
  const share = usedOf(process);
  const used = share === null ? '' : `, ${percent(share)} used`;
  if (process.belowLimit !== undefined) return `${open} open, ${count(process.belowLimit)} of them below the ${soft} (hard ${hard})${used}`;
  return `${open} open of ${soft} (hard ${hard})${used}`;
}

/** `12%`, of the numbers below the soft limit. */
export function usedWords(process: Pick<ProcessRow, 'open' | 'soft' | 'belowLimit'>): string {
  const share = usedOf(process);
  return share === null ? '-' : percent(share);
}

function* processBlocks(snapshot: Snapshot, data: FdsData): Generator<Block> {
  const [only] = data.processes;
  if (!only) return;
  if (data.processes.length === 1) {
    const where = [only.exe, only.unit, only.container && `container ${only.container.slice(0, 12)}`, only.pod && `pod ${only.pod}`].filter(Boolean);
    const highest = only.highest === null || only.highest < 0 ? '' : `, highest number ${count(only.highest)}`;
    yield { type: 'paragraph', text: `${snapshot.label}${where.length > 0 ? `: ${where.join(', ')}` : ''}`, tone: 'strong' };
    yield { type: 'paragraph', text: `${limitWords(only)}${highest}, table grown to ${count(only.fdSize)}` };
    return;
  }
  const counted = data.processes.filter((process) => process.open !== null).length;
  const where = counted === data.processes.length ? 'in all' : `in ${counted} of them, unknown in ${data.processes.length - counted}`;
  yield { type: 'paragraph', text: `${snapshot.label}: ${count(data.open ?? 0)} open ${where}`, tone: 'strong' };
  const rows = data.processes.toSorted((a, b) => (usedOf(b) ?? -1) - (usedOf(a) ?? -1) || (b.open ?? -1) - (a.open ?? -1));
  yield {
    type: 'table',
    columns: [
      { title: 'PID', align: 'right' }, { title: 'OPEN', align: 'right' }, { title: 'SOFT', align: 'right' }, { title: 'USED', align: 'right' },
      { title: 'HIGHEST', align: 'right' }, { title: 'TABLE', align: 'right' }, { title: 'COMMAND', flex: true },
    ],
    rows: rows.slice(0, PROCESSES_SHOWN).map((row) => [
      row.pid, row.open === null ? 'unknown' : count(row.open), row.soft === null ? (row.limitUnknown ? 'unknown' : 'unlimited') : count(row.soft), usedWords(row),
      row.highest === null ? '-' : count(row.highest), count(row.fdSize), row.comm,
    ]),
  };
  if (rows.length > PROCESSES_SHOWN) yield { type: 'paragraph', text: `and ${count(rows.length - PROCESSES_SHOWN)} more processes (--json has all)`, tone: 'dim' };
}

function noteOf(group: Group): string {
  const notes: string[] = [];
  if (group.withoutCloexec > 0) notes.push(cloexecWords(group));
  if (group.deleted > 0 && !group.key.endsWith('(deleted)')) notes.push(`${count(group.deleted)} deleted`);
  if (group.otherEnds.length > 0) notes.push(`other end ${group.otherEnds.join(', ')}`);
  return notes.join('; ');
}

function cloexecWords({ count: all, flagsRead, withoutCloexec }: Group): string {
  if (withoutCloexec === all) return 'no CLOEXEC';
  return `${count(withoutCloexec)}${flagsRead < all ? ` of ${count(flagsRead)} asked` : ''} without CLOEXEC`;
}

function* groupBlocks(data: FdsData, list: ListOptions): Generator<Block> {
  const shown = list.allGroups ? data.groups : data.groups.slice(0, GROUPS_SHOWN);
  yield {
    type: 'table',
    columns: [
      { title: 'COUNT', align: 'right' },
      { title: 'SHARE', align: 'right' },
      { title: 'KIND' },
      { title: 'WHAT', flex: true, min: 30 },
      { title: 'NOTE', flex: true, min: 10 },
    ],
    rows: shown.map((group) => [count(group.count), percent(group.share), group.kind, group.key, { text: noteOf(group), tone: 'dim' }]),
  };
  const rest = data.groups.slice(shown.length);
  if (rest.length > 0) {
    const fds = rest.reduce((sum, group) => sum + group.count, 0);
    yield { type: 'paragraph', text: `and ${plural('more group', rest.length)} with ${plural('descriptor', fds)} (--all)`, tone: 'dim' };
  }
}

function cell(value: unknown): string | number {
  if (value === undefined || value === null) return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'number' ? value : String(value);
}

const NUMERIC = new Set(['pid', 'fd', 'bytes', 'allocatedBytes', 'links', 'localPort', 'remotePort', 'receiveQueue', 'sendQueue', 'idleMs', 'backlog', 'targets', 'watches']);

function* listBlocks(rows: readonly FdRow[], list: ListOptions, several: boolean): Generator<Block> {
  const names = several && !list.columns.includes('pid') ? ['pid', ...list.columns] : list.columns;
  yield {
    type: 'table',
    columns: names.map((name) => ({
      title: name.toUpperCase(),
      ...(NUMERIC.has(name) && { align: 'right' as const }),
      ...((name === 'description' || name === 'target' || name === 'otherEnd' || name === 'path') && { flex: true }),
    })),
    rows: (function* () {
      for (const row of rows) yield names.map((name) => cell(row[name]));
    })(),
  };
}

function* threadBlocks(threads: readonly ThreadTable[]): Generator<Block> {
  const own = threads.filter((thread) => thread.table === 'own');
  yield { type: 'blank' };
  const unknown = threads.filter((thread) => thread.open === null).length;
  if (unknown > 0) yield { type: 'paragraph', text: `the tables of ${plural('thread', unknown)} could not be read` };
  if (own.length === 0) {
    const known = threads.length - unknown;
    if (known > 0) yield { type: 'paragraph', text: `${plural('thread', known)}, all with the one table` };
    return;
  }
  yield { type: 'paragraph', text: `${own.length} of ${plural('thread', threads.length)} have a table of their own:` };
  for (const thread of own) {
    yield { type: 'paragraph', text: `thread ${thread.tid} (${thread.comm}): ${plural('descriptor', thread.open ?? 0)}` };
    const fds = thread.fds ?? [];
    const items = fds.slice(0, THREAD_FDS_SHOWN).map(({ fd, target }) => `${fd} ${target}`);
    if (fds.length > items.length) items.push(`and ${count(fds.length - items.length)} more (--json has all)`);
    yield { type: 'list', items };
  }
}

/** Commands for the next minute, made from what was seen. */
function* nextBlocks(data: FdsData, rerun: string): Generator<Block> {
  if (data.fds || /\s--where[\s=]/.test(rerun)) return;
  const [largest] = data.groups;
  if (!largest || largest.kind === SEVERAL || largest.count < LARGE_COUNT || largest.share < LARGE_SHARE) return;
  const base = rerun.replace(/ --(all|group-by \S+)/g, '');
  yield { type: 'blank' };
  yield { type: 'command', text: `${base} --list --where 'kind=${largest.kind}'`, note: `${percent(largest.share)} of all descriptors are one group` };
}
