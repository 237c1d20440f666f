import { decodeText } from '../kernel/text.ts';
import type { Block, Cell, Tone } from '../render/index.ts';
import { listOf, plural } from '../report/words.ts';
import type { ComparedListener, Difference, InheritLook } from './model.ts';

const STATUS: Record<ComparedListener['status'], { text: string; tone: Tone; note: string }> = {
  'handed-over': { text: 'HANDED OVER', tone: 'good', note: 'the same socket: connections that waited were kept' },
  'new-socket': { text: 'NEW SOCKET', tone: 'warning', note: 'bound anew: a gap, or SO_REUSEPORT; what waited in the old queue is reset when that closes' },
  lost: { text: 'LOST', tone: 'critical', note: 'the new generation does not listen there' },
};

/** A path has one socket at a time: no SO_REUSEPORT. */
const BOUND_TO_A_PATH = 'bound anew: a gap between unlink and bind, unless a rename put it there; what waited in the old queue is reset when that closes';

export function* viewOf(look: InheritLook): Generator<Block> {
  const { listeners, untold, tableUnread, added, accidental, differences, equal, forked, listenPid } = look;
  yield { type: 'blank' };
  if (forked) yield { type: 'paragraph', text: 'the new one is a fork that has not run exec since: what it holds, it shares as workers do' };
  if (listeners.length + untold.length === 0 && tableUnread) yield { type: 'paragraph', text: 'the descriptors of the old generation may not be read: whether it listens is not known', tone: 'warning' };
  else if (listeners.length + untold.length === 0) yield { type: 'paragraph', text: 'the old generation listens nowhere (it may have closed its listeners: record it before the reload, reloadctl record PID --full -o gen.rctl)', tone: 'warning' };
  else {
    yield {
      type: 'table',
      columns: [{ title: 'LISTENER' }, { title: '' }, { title: 'OLD FD' }, { title: 'NEW FD' }, { title: 'MEANS', flex: true }],
      rows: [...listeners.map(listenerRow), ...untold.map(({ name, fds }): Cell[] => [name, { text: 'UNKNOWN', tone: 'warning' }, listOf(fds), '?', 'the descriptors of the new generation may not be read']), ...added.map(({ name, fds, worker }): Cell[] => [name, 'ADDED', '-', `${listOf(fds)}${worker === undefined ? '' : ` of ${worker}`}`, 'only the new generation listens there'])],
    };
  }
  if (accidental.length > 0) {
    yield { type: 'blank' };
    yield {
      type: 'table',
      columns: [{ title: 'HELD BY ACCIDENT', align: 'right' }, { title: 'WHAT', flex: true }],
      rows: accidental.map(({ fd, target, listening }): Cell[] => [fd.fd, `${decodeText(target).text}${listening ? ' (listening)' : ''}`]),
    };
  }
  yield { type: 'blank' };
  if (differences.length > 0) {
    yield {
      type: 'table',
      columns: [{ title: 'DIFFERS' }, { title: '' }, { title: 'OLD', flex: true }, { title: 'NEW', flex: true }],
      rows: [...differences].sort((a, b) => Number(b.lost) - Number(a.lost)).map(differenceRow),
    };
  }
  yield { type: 'paragraph', text: `${plural('thing', equal)} more compared, and equal`, tone: 'dim' };
  if (listenPid) yield { type: 'paragraph', text: `LISTEN_PID names ${listenPid.names}, not this process: sd_listen_fds takes none of its ${listenPid.fds}`, tone: 'warning' };
}

function listenerRow({ name, status, port, fds, newFds, worker, newWorker, wider }: ComparedListener): Cell[] {
  const { text, tone } = STATUS[status];
  const note = status === 'new-socket' && port === null ? BOUND_TO_A_PATH : STATUS[status].note;
  const of = (numbers: readonly number[], pid: number | undefined): string => `${listOf(numbers)}${pid === undefined ? '' : ` of ${pid}`}`;
  return [name, { text, tone }, of(fds, worker), newFds.length > 0 ? of(newFds, newWorker) : '-', wider === undefined ? note : `now on ${wider}; ${note}`];
}

function differenceRow({ name, old, new: now, lost }: Difference): Cell[] {
  return [name, lost ? { text: 'lost', tone: 'warning' } : '', old === '' ? 'none' : (old ?? '-'), now === '' ? 'none' : (now ?? '-')];
}
