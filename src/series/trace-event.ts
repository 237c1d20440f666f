/** What a trace of system calls shows that rules may judge: rare things, with what led to them. Every other call only moves the tables. */
import type { GroupTrend } from './types.ts';

export interface TraceMoment {
  /** `app.strace:1041` */
  source: string;
  /** ms on the clock of the log; null for a log without times. */
  ms: number | null;
}

/** The process something happened in. */
export interface TraceActor {
  /** 0 where the log names none. */
  pid: number;
  tid: number;
  /** `nginx (pid 42)` */
  label: string;
  /** Threads that shared its table then. */
  threads: number;
}

/** A descriptor, told so that it can be found again in the log. */
export interface TraceFd {
  fd: number;
  kind: string;
  /** Path, address, or what else names it; may be empty. */
  target: string;
  site: string;
  /** How it came into this table. */
  how: 'opened' | 'pre-existing' | 'inherited' | 'received';
  opened: TraceMoment | null;
}

interface Common {
  type: 'trace';
  at: TraceMoment;
  actor: TraceActor;
}

/** A call that got EBADF for a number that had been open in this log, or an epoll_ctl that missed. */
export interface BadFdEvent extends Common {
  what: 'bad-fd';
  call: string;
  fd: number;
  errno: 'EBADF' | 'ENOENT';
  /** ADD, MOD or DEL of epoll_ctl. */
  operation?: string;
  closed: { fd: TraceFd; call: string; at: TraceMoment; tid: number };
  /** The thread that closed it had closed the same number before, without having used it since: it closed what was not its own. */
  stolen?: { first: TraceMoment; tid: number };
  /** How long after the call its process ended; null when it lived on, or the log has no times. */
  endedAfterMs: number | null;
}

export interface ExecEvent extends Common {
  what: 'exec';
  path: string;
  /** A program starts itself anew: how servers are upgraded in place. */
  isItself: boolean;
  /** The log shows what its environment names (strace -v). */
  isEnvironmentKnown: boolean;
  /** Numbers above 2 that the new program got; `redirected`: by a shell, whose script wants it so. */
  kept: (TraceFd & { listening: boolean; locked: boolean; redirected: boolean; intended: boolean })[];
  /** How long the new program lived, and how long the log goes on after it; null when it lived to the end, or the log has no times. */
  livedMs: number | null;
  goneMs: number | null;
  /** It ended by itself while others had the listeners and locks it had got. */
  isOutlived: boolean;
}

export interface CloexecRaceEvent extends Common {
  what: 'cloexec-race';
  fd: TraceFd;
  call: string;
  fork: TraceMoment;
  child: number;
  /** The thread that opened it forked itself. */
  isOwn: boolean;
}

export interface OutOfFdsEvent extends Common {
  what: 'out-of-fds';
  errno: 'EMFILE' | 'ENFILE';
  call: string;
  times: number;
  open: number;
  limit: number | null;
  /** Most first. */
  sites: { site: string; open: number }[];
  /** It failed in accept again and again while epoll kept reporting the listener. */
  spins: boolean;
}

export interface AddressInUseEvent extends Common {
  what: 'address-in-use';
  address: string;
  /** How often it failed. */
  times: number;
  reusePort: boolean;
  reuseAddress: boolean;
  holders: { label: string; fd: number; opened: TraceMoment | null }[];
  /** It got the address later on. */
  succeeded: boolean;
  /** It took that address instead: it was looking for a free port. */
  instead: string | null;
}

export interface ListenGapEvent extends Common {
  what: 'listen-gap';
  address: string;
  gone: TraceMoment;
  before: string;
  ms: number | null;
  /** The same process closed it and listened anew, with neither a signal nor a child before, as a reload has. */
  isOwn: boolean;
}

export interface KilledEvent extends Common {
  what: 'killed';
  signal: string;
  /** Connections it had accepted and not closed. */
  connections: number;
  by: { label: string; at: TraceMoment } | null;
}

export interface ToctouEvent extends Common {
  what: 'toctou';
  path: string;
  checked: { call: string; at: TraceMoment };
  changed: { call: string; at: TraceMoment; pid: number };
  used: string;
}

export interface BlockedEvent extends Common {
  what: 'blocked';
  call: string;
  fd: number | null;
  target: string;
  ms: number | null;
  /** It had not returned when the log ended. */
  pending: boolean;
  /** The log shows seconds only: it took that long at least. */
  isRough: boolean;
  /** A call that is there to wait. */
  waits: boolean;
}

export interface SlowAcceptEvent extends Common {
  what: 'slow-accept';
  address: string;
  ms: number;
  times: number;
}

export interface OverflowEvent extends Common {
  what: 'inotify-overflow';
  fd: number;
}

/** What one opening site brought in one process, told when the process ends, execs, or the log does. */
export interface SiteEvent extends Common {
  what: 'site';
  site: string;
  kind: string;
  opened: number;
  closed: number;
  open: number;
  ended: 'exit' | 'killed' | 'exec' | 'log';
  windowMs: number | null;
  trend: GroupTrend;
  /** Of those open: used again long after they were opened, or each the process's end of what a living child holds. */
  inUse: number;
  /** Of those open: waited for by epoll. */
  polled: number;
  /** How long it has been growing, to the end; 0 when nothing was opened of late, null without times. */
  steadyMs: number | null;
  /** All descriptors of the process, and its limit, as far as the log tells. */
  processOpen: number;
  limit: number | null;
  examples: TraceFd[];
  /** The table needed repair: calls are missing in the log. */
  repaired: boolean;
}

/** What the log cannot tell. */
export interface CoverageEvent extends Common {
  what: 'coverage';
  reasons: { text: string; weight: 'note' | 'doubt'; count: number }[];
}

export type TraceEvent =
  | BadFdEvent | ExecEvent | CloexecRaceEvent | OutOfFdsEvent | AddressInUseEvent | ListenGapEvent | KilledEvent
  | ToctouEvent | BlockedEvent | SlowAcceptEvent | OverflowEvent | SiteEvent | CoverageEvent;
