/** One call that returned, and what its handler may do. */
import type { ByteString } from '../../evidence/types.ts';
import type { TraceActor, TraceEvent, TraceFd, TraceMoment } from '../../series/index.ts';
import type { Fds } from '../tables/fds.ts';
import type { Model } from '../tables/model.ts';
import type { Slot, Thread } from '../tables/types.ts';

export interface Call {
  name: string;
  args: ByteString;
  /** What it returned; NaN for `?`. */
  value: number;
  ok: boolean;
  /** `EBADF`; empty without. */
  errno: string;
  /** Text behind the sign: `3</path>`. */
  result: ByteString;
  /** Written in one line: nothing else happened between its entry and its exit. */
  isWhole: boolean;
  /** Of its line, or of the line of its first half. */
  line: number;
  time: number;
  /** When it returned, µs; NaN when the log does not tell. */
  returnedAt: number;
}

/** Ways to descriptors that a log does not show. `fanotify made`: it does not where the log has no reads. */
export type Unseen = 'io_uring' | 'fanotify' | 'fanotify made' | 'SCM_PIDFD' | 'a pid namespace';

export interface Context {
  model: Model;
  fds: Fds;
  emit(event: TraceEvent): void;
  actor(thread: Thread): TraceActor;
  moment(line?: number, time?: number): TraceMoment;
  /** A descriptor in words, its address redacted. */
  tell(slot: Slot): TraceFd;
  siteName(slot: Slot): string;
  /** The same address in words that may leave the house. */
  shown(address: ByteString): string;
  /** The slot of a number, which is taken for pre-existing when it was never seen. `decoration`: what -y says of it. */
  slot(thread: Thread, fd: number, decoration?: ByteString): Slot | undefined;
  /** What never shows up in a trace was used: io_uring. */
  note(what: Unseen): void;
}

export type Handler = (context: Context, thread: Thread, call: Call) => void;

/** What a number is in the table of a thread now; nothing when it has none. */
export interface Meant {
  fd: number | null;
  target: string;
  kind: string;
}

export function meant(context: Context, thread: Thread, fd: number): Meant {
  const slot = thread.table.slots.get(fd);
  return { fd: slot ? fd : null, target: slot ? context.tell(slot).target : '', kind: slot?.description.kind ?? '' };
}

export const base = (context: Context, thread: Thread): { type: 'trace'; at: TraceMoment; actor: TraceActor } => ({
  type: 'trace', at: context.moment(), actor: context.actor(thread),
});
