/** How full the queues of live instances are, and whether anybody empties them. */
import type { Answer, Errno, Evidence } from '../../evidence/types.ts';
import type { Queue } from './model.ts';

/** struct inotify_event without a name; also what the marker of an overflow takes. */
export const RECORD_BYTES = 16;
/** With a name of 255 bytes. */
export const LARGEST_RECORD_BYTES = 16 + 256;
/** fs/notify/inotify/inotify_user.c: what every instance gets where nobody changed the sysctl. */
export const USUAL_LIMIT = 16_384;
/** Pauses of a single look at a queue that is not empty, ms: a second in all. */
const PAUSES = [50, 100, 150, 200, 250, 250];
/** At most ten looks a second: a look at a full queue holds its lock for 0.15 ms. */
const SHORTEST_PAUSE_MS = 100;
const MOST_SAMPLES = 200;
/** A queue that was seen to be emptied is stuck again when it was not for so long, ms. */
const STUCK_AGAIN_MS = 2000;

export interface QueueTarget {
  pid: number;
  fd: number;
  stopped: boolean;
}

export interface QueueOptions {
  /** How long to look on; absent: as long as it takes to tell stuck from draining. */
  windowMs?: number;
  /** fs.inotify.max_queued_events. */
  limit: number | undefined;
  signal: AbortSignal;
}

export interface Queues {
  /** By `pid:fd`. */
  byInstance: Map<string, Queue>;
  errnos: Map<string, Errno>;
}

interface Look {
  at: number;
  bytes: number;
}

interface Track {
  target: QueueTarget;
  seen: Look[];
}

export async function watchQueues(evidence: Evidence, targets: readonly QueueTarget[], options: QueueOptions): Promise<Queues> {
  const errnos = new Map<string, Errno>();
  const tracks: Track[] = targets.map((target) => ({ target, seen: [] }));
  const ask = (track: Track): void => {
    const { pid, fd } = track.target;
    const answer: Answer<number> = evidence.inotify?.queueBytes(pid, fd) ?? { errno: 'ENOTSUP', at: 0, source: '' };
    if (answer.value !== undefined) track.seen.push({ at: answer.at, bytes: answer.value });
    else if (track.seen.length === 0) errnos.set(`${pid}:${fd}`, answer.errno ?? 'EIO');
  };
  for (const track of tracks) ask(track);
  for (const pause of pausesOf(options.windowMs)) {
    const rest = tracks.filter(({ seen }) => seen.length > 0 && (options.windowMs !== undefined || seen.at(-1)!.bytes > 0));
    if (rest.length === 0 || options.signal.aborted) break;
    await evidence.sleep(pause);
    for (const track of rest) ask(track);
  }
  const byInstance = new Map<string, Queue>();
  for (const { target, seen } of tracks) {
    if (seen.length > 0) byInstance.set(`${target.pid}:${target.fd}`, queueOf(target, seen, options.limit));
  }
  return { byInstance, errnos };
}

function pausesOf(windowMs: number | undefined): number[] {
  if (windowMs === undefined) return PAUSES;
  const pause = Math.max(SHORTEST_PAUSE_MS, windowMs / MOST_SAMPLES);
  return Array.from({ length: Math.max(1, Math.round(windowMs / pause)) }, () => pause);
}

function queueOf({ stopped }: QueueTarget, seen: readonly Look[], sysctl: number | undefined): Queue {
  const last = seen.at(-1)!;
  const state = stateOf(seen);
  // How long nobody reads begins with the last sign that somebody did.
  const counted = state === 'stuck' ? sinceRead(seen) : seen;
  const queue: Queue = {
    bytes: last.bytes,
    state,
    samples: counted.length,
    overMs: Math.max(0, Math.round(last.at - counted[0]!.at)),
    highestBytes: Math.max(...seen.map(({ bytes }) => bytes)),
    ...(stopped && { stopped: true }),
    ...(last.at > counted[0]!.at && { growth: Math.max(0, ((last.bytes - counted[0]!.bytes) * 1000) / (last.at - counted[0]!.at)) }),
  };
  const limit = [sysctl, USUAL_LIMIT].find((one) => one !== undefined && seen.some(({ bytes }) => isFull(bytes, one)));
  return limit === undefined ? queue : { ...queue, state: 'full', limit };
}

function stateOf(seen: readonly Look[]): Queue['state'] {
  const last = seen.at(-1)!;
  if (last.bytes === 0) return 'empty';
  const unread = sinceRead(seen);
  return unread.length === seen.length || last.at - unread[0]!.at >= STUCK_AGAIN_MS ? 'stuck' : 'draining';
}

/** The looks since the queue was last seen empty or shorter than before. Never none: the last look found something in it. */
function sinceRead(seen: readonly Look[]): readonly Look[] {
  const later = seen.findLastIndex(({ bytes }, index) => bytes === 0 || (index > 0 && bytes < seen[index - 1]!.bytes));
  return seen.slice(later < 0 ? 0 : seen[later]!.bytes === 0 ? later + 1 : later);
}

/**
 * As many events of one size as there can be, and the marker of the overflow behind them: with names of up to 15 bytes an event
 * takes 32 bytes, and 16,384 of them with the marker 524,304.
 */
export function isFull(bytes: number, limit: number): boolean {
  const each = (bytes - RECORD_BYTES) / limit;
  return limit > 0 && Number.isInteger(each) && each % RECORD_BYTES === 0 && each >= RECORD_BYTES && each <= LARGEST_RECORD_BYTES;
}

/** How many events so many bytes may be; with `limit` no more than an instance holds, and the marker of an overflow. */
export function eventsIn(bytes: number, limit = Number.POSITIVE_INFINITY): { least: number; most: number } {
  const least = Math.ceil(bytes / LARGEST_RECORD_BYTES);
  return { least, most: Math.max(least, Math.min(Math.floor(bytes / RECORD_BYTES), limit + 1)) };
}
