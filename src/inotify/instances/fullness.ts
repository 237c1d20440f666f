/** Is a queue full that holds events of several sizes? The kernel counts events, and tells only bytes. */
import type { InotifyQuestions } from '../../evidence/types.ts';
import { IN_READING } from '../mask.ts';
import type { Instance, Watch } from './model.ts';
import { LARGEST_RECORD_BYTES, RECORD_BYTES } from './queue.ts';

const MOST_DIRECTORIES = 256;
const MOST_NAMES = 200_000;
/** From this share of the limit on a queue that nobody shortens is nearly full. */
const NEARLY = 0.9;
/** How far the events that are expected may be from the limit. */
const TOLERANCE = 0.02;

/**
 * A queue that nobody shortens and that is as long as `limit` events can be: by the names that are in the watched directories an
 * event has some size on average, and when that makes it `limit` events, it is full; else it may be.
 */
export function judgeFullness({ queue, watches = [], process }: Instance, limit: number, questions: InotifyQuestions): void {
  if (queue?.state !== 'stuck' || queue.bytes < fewestBytes(limit)) return;
  const names = recordsOf(watches, questions, process.pid);
  // Of one size all the time: then a full one is known to the byte, and this is none.
  if (names.smallest === names.largest && queue.bytes <= limit * names.largest) {
    const share = queue.bytes / (limit * names.largest);
    if (share >= NEARLY) queue.nearlyFull = share;
    return;
  }
  queue.mayBeFull = limit;
  if (names.count === 0) return;
  const events = (queue.bytes - RECORD_BYTES) / (names.bytes / names.count);
  if (Math.abs(events / limit - 1) > TOLERANCE) return;
  queue.state = 'full';
  queue.limit = limit;
  queue.estimate = { events: Math.round(events), names: names.count };
  delete queue.mayBeFull;
}

/** Events without names, and the marker of the overflow. */
export function fewestBytes(limit: number): number {
  return (limit + 1) * RECORD_BYTES;
}

interface Records {
  bytes: number;
  count: number;
  smallest: number;
  largest: number;
}

/** What events of all names in the watched directories would take. */
function recordsOf(watches: readonly Watch[], questions: InotifyQuestions, pid: number): Records {
  const found: Records = { bytes: 0, count: 0, smallest: LARGEST_RECORD_BYTES, largest: 0 };
  const directories = watches.filter(({ what, state, mask }) => what === 'directory' && state === 'ok' && (mask & IN_READING) === 0);
  for (const { path } of directories.slice(0, MOST_DIRECTORIES)) {
    if (found.count > MOST_NAMES) break;
    for (const { name } of questions.listInRoot(pid, path!).value ?? []) {
      const size = recordBytes(name.length);
      found.bytes += size;
      found.count++;
      found.smallest = Math.min(found.smallest, size);
      found.largest = Math.max(found.largest, size);
    }
  }
  return found;
}

/** struct inotify_event with a name of so many bytes: its NUL, and padding to 16 (inotify_user.c round_event_name_len). */
export function recordBytes(nameLength: number): number {
  return RECORD_BYTES + Math.ceil((nameLength + 1) / RECORD_BYTES) * RECORD_BYTES;
}
