/** The text below the findings: instances, what is wrong with watches, then the watches, then what is expected. */
import { decodeText } from '../../kernel/text.ts';
import type { Block, Cell } from '../../render/index.ts';
import { bytes, count, plural } from '../../report/words.ts';
import type { ExpectRow, InotifyData, InstanceRow, WatchRow } from './data.ts';
import type { InotifyLook } from './model.ts';
import { isFirst } from './shared.ts';

const WATCHES_SHOWN = 20;
const INSTANCES_SHOWN = 20;

export interface ViewOptions {
  all: boolean;
  rerun: string;
}

export function* viewOf(look: InotifyLook, data: InotifyData, options: ViewOptions): Generator<Block> {
  yield { type: 'blank' };
  // One that several processes share is one.
  const own = data.instances.filter(isFirst);
  const watches = own.reduce((sum, row) => sum + (row.watches ?? 0), 0);
  const unread = data.instances.filter((row) => row.watches === null).length;
  if (data.instances.length === 0) {
    yield { type: 'paragraph', text: look.complete ? `${look.label} has no inotify instance` : `whether ${look.label} has inotify instances could not be seen`, tone: 'strong' };
  } else {
    const more = unread > 0 ? ` and those of ${unread} that could not be read` : '';
    yield { type: 'paragraph', text: `${look.label}: ${plural('inotify instance', own.length)} with ${plural('watch', watches, 'watches')}${more}`, tone: 'strong' };
    yield instanceTable(data.instances);
    if (data.instances.length > INSTANCES_SHOWN) yield { type: 'paragraph', text: `and ${count(data.instances.length - INSTANCES_SHOWN)} more instances (--json has all)`, tone: 'dim' };
    yield* watchBlocks(data.watches, data, options);
    yield* adviceBlocks(look, data);
  }
  for (const row of data.expect ?? []) yield* expectBlocks(row);
}

function instanceTable(rows: readonly InstanceRow[]): Block {
  return {
    type: 'table',
    columns: [
      { title: 'PID', align: 'right' }, { title: 'FD', align: 'right' }, { title: 'WATCHES', align: 'right' }, { title: 'MAX WD', align: 'right' },
      { title: 'QUEUE' }, { title: 'LOOKS LIKE' }, { title: 'NOTE', flex: true },
    ],
    rows: rows.slice(0, INSTANCES_SHOWN).map((row): Cell[] => [
      row.pid, row.fd, row.watches === null ? 'unknown' : count(row.watches), count(row.maxWd), queueCell(row), row.library ?? '-', { text: instanceNote(row), tone: 'dim' },
    ]),
  };
}

function queueCell({ queueState, queueBytes, queueEvents, queueMayBeFull }: InstanceRow): Cell {
  if (queueState === null || queueBytes === null) return 'unknown';
  if (queueState === 'empty' || !queueEvents) return 'empty';
  const { least, most } = queueEvents;
  const events = `${count(queueBytes)} bytes, ${count(least)} to ${count(most)} events`;
  const text = queueState === 'full' ? `full, events lost: ${count(queueBytes)} bytes` : `${queueState}${queueMayBeFull ? ', may be full' : ''}: ${events}`;
  return { text, tone: queueState === 'full' ? 'critical' : queueState === 'stuck' ? 'warning' : 'info' };
}

function instanceNote({ sharedWith, added, queueHighestBytes, queueBytes }: InstanceRow): string {
  const notes: string[] = [];
  if (sharedWith) notes.push(`the same as ${sharedWith.slice(0, 3).map(({ pid, fd }) => `fd ${fd} of ${pid}`).join(', ')}${sharedWith.length > 3 ? ' and more' : ''}`);
  if (added) notes.push(`${count(added)} added meanwhile`);
  if (queueHighestBytes !== undefined && queueHighestBytes > (queueBytes ?? 0)) notes.push(`at most ${bytes(queueHighestBytes)} waited`);
  return notes.join('; ');
}

function* watchBlocks(every: readonly WatchRow[], data: InotifyData, { all }: ViewOptions): Generator<Block> {
  const again = new Set(data.instances.filter((row) => !isFirst(row)).map(({ pid, fd }) => `${pid}:${fd}`));
  const rows = again.size === 0 ? every : every.filter(({ pid, fd }) => !again.has(`${pid}:${fd}`));
  if (rows.length === 0) return;
  const isOne = rows.every(({ pid }) => pid === rows[0]!.pid);
  // What is wrong first: the rest is only worth a look in numbers.
  const sorted = rows.toSorted((a, b) => Number(a.state === 'ok') - Number(b.state === 'ok'));
  const shown = all ? sorted : sorted.slice(0, WATCHES_SHOWN);
  yield { type: 'blank' };
  yield {
    type: 'table',
    columns: [...(isOne ? [] : [{ title: 'PID', align: 'right' as const }]), { title: 'FD', align: 'right' }, { title: 'WD', align: 'right' }, { title: 'STATE' }, { title: 'PATH', flex: true, min: 30 }, { title: 'ASKS FOR', flex: true, min: 10 }],
    rows: shown.map((row): Cell[] => [
      ...(isOne ? [] : [row.pid]), row.fd, row.wd, { text: row.told ? `${row.state}, told` : row.state, tone: row.told ? 'dim' : toneOf(row.state) }, row.path ?? `inode ${row.ino} on ${row.device}`, { text: row.mask, tone: 'dim' },
    ]),
  };
  if (sorted.length > shown.length) yield { type: 'paragraph', text: `and ${plural('more watch', sorted.length - shown.length, 'more watches')} (--all)`, tone: 'dim' };
  const notes = [...new Set(shown.filter(({ state }) => state !== 'ok').flatMap(({ note }) => (note === undefined ? [] : [note])))];
  if (notes.length > 0) yield { type: 'list', items: notes.slice(0, 8) };
}

function toneOf(state: WatchRow['state']): 'good' | 'warning' | 'dim' {
  return state === 'ok' ? 'good' : state === 'unresolved' || state === 'unchecked' ? 'dim' : 'warning';
}

function* adviceBlocks({ instances }: InotifyLook, data: InotifyData): Generator<Block> {
  const items = data.instances.filter((row) => row.watches === 0 && isFirst(row)).map(({ pid, fd }) => `inotify fd ${fd} of ${pid} watches nothing: so does a watcher whose watches have all ended`);
  const silent = [...new Set(instances.filter(({ library }) => library?.tellsOverflow === false).map(({ library }) => library!.name))];
  if (silent.length > 0) items.push(`${silent.join(' and ')}: an overflow of the queue is not told to the program`);
  const once = data.watches.filter(({ mask }) => mask.includes('ONESHOT')).length;
  if (once > 0) items.push(`${plural('watch ends', once, 'watches end')} with the first event (IN_ONESHOT)`);
  const files = data.watches.filter(({ what }) => what === 'file').length;
  const anew = instances.every(({ library }) => library?.watchesAnew);
  if (files > 0 && !anew) items.push(`${plural('watch is', files, 'watches are')} on single files: a save by rename ends each`);
  if (items.length === 0) return;
  yield { type: 'blank' };
  yield { type: 'list', items };
}

const CHANGES: Record<string, string> = { write: 'written in place', replace: 'replaced by rename', link: 'link switched', create: 'created' };
const CHANGES_OF_DIRECTORY: Record<string, string> = { ...CHANGES, write: 'a file in it written', replace: 'it is replaced itself', create: 'an entry made in it' };
const UNLESS = { open: 'when it is closed', mapped: 'not through mmap' } as const;
const ONLY = { rename: 'only by rename', create: 'only if made anew' };

function* expectBlocks({ path, real, directory, verdict, changes, because }: ExpectRow): Generator<Block> {
  const words = { seen: 'every change is seen', partly: 'not every change is seen', 'not-seen': 'no change is seen', unknown: 'cannot be told' }[verdict];
  const later = verdict === 'seen' && changes.some(({ unless, minor }) => unless === 'open' && !minor) ? ', a write when the file is closed' : '';
  yield { type: 'heading', text: `${path}: ${words}${later}` };
  if (real !== undefined) yield { type: 'paragraph', text: `it leads to ${real}` };
  if (because !== undefined) yield { type: 'paragraph', text: decodeText(because).text };
  if (changes.length === 0) return;
  yield {
    type: 'table',
    columns: [{ title: 'CHANGE' }, { title: 'OF', flex: true }, { title: 'SEEN' }, { title: 'BY' }],
    rows: changes.map(({ change, path: where, seen, once, only, unless, by, minor }): Cell[] => [
      (directory ? CHANGES_OF_DIRECTORY : CHANGES)[change] ?? change,
      where,
      { text: seen ? [once ? 'once' : only ? '' : 'yes', only ? ONLY[only] : '', unless ? UNLESS[unless] : ''].filter(Boolean).join(', ') : 'no', tone: seen && !once && !only ? 'good' : minor ? 'dim' : 'warning' },
      by.slice(0, 3).map(({ fd, wd }) => `fd ${fd} wd ${wd}`).join(', '),
    ]),
  };
}
