/** `data` of the report: the part scripts read. Add keys, never change them. */
import { decodeText } from '../../kernel/text.ts';
import { maskWords } from '../mask.ts';
import { eventsIn } from './queue.ts';
import type { Expectation, InotifyLook, Instance, QueueState, Watch, WatchState } from './model.ts';

export interface InstanceRow {
  pid: number;
  fd: number;
  /** null when fdinfo could not be read. */
  watches: number | null;
  /** null when the queue could not be asked. */
  queueBytes: number | null;
  queueState: QueueState | null;
  /** Between so many events, and, where the limit lies within that, it may be full. */
  queueEvents?: { least: number; most: number };
  queueMayBeFull?: true;
  /** Highest while it was looked at. */
  queueHighestBytes?: number;
  maxWd: number;
  library?: string;
  sharedWith?: { pid: number; fd: number }[];
  /** With --watch: watches added meanwhile. */
  added?: number;
}

export interface WatchRow {
  pid: number;
  fd: number;
  wd: number;
  /** null when it is unresolved. */
  path: string | null;
  pathBase64?: string;
  state: WatchState;
  /** Decimal text. */
  ino: string;
  /** `major:minor`. */
  device: string;
  mask: string;
  fsType?: string;
  what?: 'directory' | 'file';
  by?: string;
  note?: string;
  /** Of a dead one: another watch of the instance told the program. */
  told?: true;
}

export interface ExpectRow {
  path: string;
  real?: string;
  verdict: Expectation['verdict'];
  directory?: true;
  mounted?: true;
  changes: { change: string; path: string; seen: boolean; once?: true; only?: 'rename' | 'create'; unless?: 'open' | 'mapped'; minor?: true; by: { pid: number; fd: number; wd: number }[] }[];
  because?: string;
  fsType?: string;
}

export interface InotifyData {
  instances: InstanceRow[];
  watches: WatchRow[];
  /** What an instance made now can hold; null when it could not be read. */
  maxQueuedEvents: number | null;
  expect?: ExpectRow[];
  watch?: { windowMs: number };
}

export function buildData(look: InotifyLook): InotifyData {
  return {
    instances: look.instances.map((instance) => instanceRow(instance, look.maxQueuedEvents)),
    watches: look.instances.flatMap(({ watches }) => (watches ?? []).toSorted((a, b) => a.wd - b.wd).map(watchRow)),
    maxQueuedEvents: look.maxQueuedEvents ?? null,
    ...(look.expectations.length > 0 && { expect: look.expectations.map(expectRow) }),
    ...(look.windowMs !== undefined && { watch: { windowMs: look.windowMs } }),
  };
}

function instanceRow({ process, fd, watches, queue, maxWd, library, sharedWith, added }: Instance, maxQueuedEvents: number | undefined): InstanceRow {
  return {
    pid: process.pid,
    fd,
    watches: watches?.length ?? null,
    queueBytes: queue?.bytes ?? null,
    queueState: queue?.state ?? null,
    ...(queue && queue.bytes > 0 && { queueEvents: eventsIn(queue.bytes, maxQueuedEvents) }),
    ...(queue?.mayBeFull !== undefined && { queueMayBeFull: true as const }),
    ...(queue && queue.samples > 1 && { queueHighestBytes: queue.highestBytes }),
    maxWd,
    ...(library && { library: library.name }),
    ...(sharedWith.length > 0 && { sharedWith }),
    ...(added !== undefined && { added }),
  };
}

function watchRow({ pid, fd, wd, path, state, ino, major, minor, mask, fsType, what, by, note, told }: Watch): WatchRow {
  const row: WatchRow = { pid, fd, wd, path: null, state, ino, device: `${major}:${minor}`, mask: maskWords(mask) };
  if (path !== undefined) {
    const { text, base64 } = decodeText(path);
    row.path = text;
    if (base64 !== undefined) row.pathBase64 = base64;
  }
  if (fsType !== undefined) row.fsType = fsType;
  if (what) row.what = what;
  if (by) row.by = by;
  if (told) row.told = true;
  if (note !== undefined) row.note = decodeText(note).text;
  return row;
}

function expectRow({ path, real, directory, mounted, verdict, changes, because, fsType }: Expectation): ExpectRow {
  return {
    path: decodeText(path).text,
    ...(real !== undefined && { real: decodeText(real).text }),
    ...(directory && { directory }),
    ...(mounted && { mounted }),
    verdict,
    changes: changes.map(({ path: where, ...rest }) => ({ ...rest, path: decodeText(where).text })),
    ...(because !== undefined && { because: decodeText(because).text }),
    ...(fsType !== undefined && { fsType }),
  };
}
