/** Fills a queue of our own, to show what a reader of it would notice. */
import type { OwnInotify } from '../../evidence/index.ts';
import { files } from '../../effects/scratch.ts';
import { count } from '../../report/words.ts';
import { IN } from '../mask.ts';
import type { OverflowTry } from './model.ts';
import type { Tell } from './steps.ts';

/** More than the queue holds. */
const EXTRA = 100;
/** Kernel memory that a queue of ours may take: 48 bytes and more per event. */
export const MOST_EVENTS = 2_000_000;
const CHUNK = 5000;

/**
 * Two files written to in turn: equal events one after the other would be one. Writes a few bytes per event, nothing else.
 * Undefined when a signal came first.
 */
export async function tryOverflow(directory: string, limit: number, inotify: OwnInotify, signal: AbortSignal, tell: Tell): Promise<OverflowTry | undefined> {
  const paths = ['a', 'b'].map((name) => `${directory}/overflow-${name}`);
  for (const path of paths) files.create(path, '');
  const wds = paths.map((path) => inotify.add(path, IN.MODIFY));
  inotify.read();
  const writers = paths.map((path) => files.writer(path));
  const made = limit + EXTRA;
  try {
    for (let event = 0; event < made; event++) {
      if (event % CHUNK === CHUNK - 1) await new Promise((resolve) => setImmediate(resolve));
      if (event % CHUNK === 0) tell({ step: 'progress', text: `filling a queue of ${count(limit)} events: ${count(event)}` });
      if (signal.aborted) return undefined;
      writers[event % 2]!.write('.');
    }
  } finally {
    for (const writer of writers) writer.close();
  }
  const bytes = inotify.pending();
  const events = inotify.read();
  for (const wd of wds) inotify.remove(wd);
  for (const path of paths) files.unlink(path);
  inotify.read();
  const isMarker = ({ wd, mask }: { wd: number; mask: number }): boolean => wd === -1 && (mask & IN.Q_OVERFLOW) !== 0;
  const markers = events.filter(isMarker).length;
  const read = events.length - markers;
  const at = events.findIndex(isMarker);
  return { limit, made, bytes, read, lost: made - read, markers, markerAt: at < 0 ? null : at + 1 };
}
