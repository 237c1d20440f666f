/** The text: conclusion, the matrix, what came from behind, and the overflow. */
import type { Block, Cell as TableCell } from '../../render/index.ts';
import { count } from '../../report/words.ts';
import type { ProbeData } from './data.ts';
import type { OverflowTry, ProbeLook } from './model.ts';
import { patterns, type WatchPlace } from './patterns.ts';
import type { Cell } from './run-cells.ts';

const WORDS: Record<ProbeData['conclusion'], string> = {
  'watch-directory': 'watch the directory, and compare names',
  'watch-file': 'watch the file',
  poll: 'poll: do not rely on inotify here',
  unknown: 'nothing can be said',
};

export function* viewOf({ mountPoint, fsType, source, behindPath }: ProbeLook, data: ProbeData): Generator<Block> {
  yield { type: 'blank' };
  const where = fsType === undefined ? '' : ` is on ${fsType} (${mountPoint}${source === undefined || source === fsType ? '' : ` from ${source}`})`;
  yield { type: 'paragraph', text: `${data.directory}${where}: ${WORDS[data.conclusion]}`, tone: 'strong' };
  yield { type: 'paragraph', text: data.because };
  if (data.cells.length > 0) yield* matrixBlocks(data);
  if (data.behind.length > 0) {
    yield { type: 'heading', text: `Changes made behind the mount, in ${behindPath}` };
    yield {
      type: 'table',
      columns: [{ title: 'CHANGE' }, { title: 'WATCH ON' }, { title: 'EVENTS', flex: true }, { title: 'READABLE HERE' }],
      rows: data.behind.map(({ pattern, watch, events, visible }): TableCell[] => [
        pattern, watch, events.length > 0 ? events.join(' ') : { text: visible ? 'NOT DELIVERED' : 'none', tone: visible ? 'warning' : 'dim' }, visible ? 'yes' : 'no',
      ]),
    };
  }
  if (data.overflow) yield* overflowBlocks(data.overflow);
}

function* matrixBlocks(data: ProbeData): Generator<Block> {
  yield { type: 'blank' };
  yield {
    type: 'table',
    columns: [{ title: 'CHANGE' }, { title: 'WATCH ON FILE', flex: true }, { title: 'LATER' }, { title: 'ON DIRECTORY', flex: true }, { title: 'LATER' }, { title: 'THROUGH A LINK' }],
    rows: patterns.map((pattern) => rowOf(pattern.name, data)),
  };
  yield { type: 'paragraph', text: 'LATER: is a later write to the same path still seen?', tone: 'dim' };
}

function rowOf(name: string, { cells, skipped }: ProbeData): TableCell[] {
  const cellOf = (watch: WatchPlace): Cell | undefined => cells.find((cell) => cell.pattern === name && cell.watch === watch);
  const events = (watch: WatchPlace): TableCell => {
    const cell = cellOf(watch);
    if (cell) return cell.events.length > 0 ? cell.events.join(' ') : { text: 'nothing', tone: 'warning' };
    const errno = skipped.find((one) => one.pattern === name && one.watch === watch)?.errno;
    return { text: errno === undefined ? '-' : `not possible (${errno})`, tone: 'dim' };
  };
  return [name, events('file'), later(cellOf('file')), events('parent'), later(cellOf('parent')), later(cellOf('symlink'))];
}

function later(cell: Cell | undefined): TableCell {
  if (!cell) return { text: '-', tone: 'dim' };
  if (cell.alive) return { text: 'seen', tone: 'good' };
  return { text: cell.listed ? 'SILENT' : 'dead', tone: 'warning' };
}

function* overflowBlocks({ limit, made, bytes, read, lost, markers, markerAt }: OverflowTry): Generator<Block> {
  yield { type: 'heading', text: 'An overflow of the queue' };
  yield {
    type: 'facts',
    items: [
      ['events made', count(made)],
      ['room in the queue', `${count(limit)} (fs.inotify.max_queued_events when the instance was made)`],
      ['bytes in the full queue', count(bytes)],
      ['events read', count(read)],
      ['lost', count(lost)],
      ['marker', markerAt === null ? 'none' : `${count(markers)}, as record ${count(markerAt)}: behind everything that was kept`],
    ],
  };
  yield {
    type: 'list',
    items: [
      'who reads inotify itself gets one event with wd -1 and Q_OVERFLOW; until the queue was empty once, what follows it is incomplete too: read to the end, then look at all files anew',
      'Node (fs.watch, chokidar, nodemon, tsx), @parcel/watcher and inotifywait -e notice nothing',
      'Go fsnotify sends ErrEventOverflow on its Errors channel, without saying where; bun gives an event without a name',
    ],
  };
}
