/** What a run on a tape needs beside its answers: whom it is about, when and where it was made, and what it does not hold. */
import type { TapeTarget } from '../command.ts';
import { UserError } from '../kernel/user-error.ts';
import type { Coverage, Host, Target } from '../report/index.ts';
import { count } from '../report/words.ts';

/** The part of a tape's header that is read here. `target` comes from a file: it may be anything. */
export interface Header {
  recordedAt: string;
  redacted: boolean;
  host?: Host;
  leftOut?: number;
  target: unknown;
}

/** Longer than a tape is made of threads and queues: each second that it says it has is asked for, whether it has it or not. */
const LONGEST_LOOK_MS = 60_000;
const LONGEST_WATCH_MS = 86_400_000;
/** include/linux/threads.h PID_MAX_LIMIT, and more processes than one service has. */
const MAX_PID = 4_194_304;
const MOST_PIDS = 32_768;
const UNKNOWN_HOST: Host = { kernel: 'not recorded', hostname: 'not recorded' };

/** @throws UserError (exit 2) when the header does not name processes, or its time is none */
export function tapeTarget(header: Header, file: string): TapeTarget {
  const { recordedAt, redacted, host = UNKNOWN_HOST, leftOut, target } = header;
  if (Number.isNaN(Date.parse(recordedAt))) throw new UserError(`${file}:1: the tape says no time when it was recorded; record it again`);
  if (!isTarget(target)) throw new UserError(`${file}:1: the tape does not say which processes it was recorded from, and for how long; record it again`);
  const { spec, name, pids, watch, node, goroutines, reload, outbound, replace, tasksMs, listenMs } = target;
  return { spec, name, pids, ...(watch && { watch }), ...(node === true && { node }), ...(goroutines === true && { goroutines }), ...(reload === true && { reload }), ...(outbound === true && { outbound }), ...(typeof replace === 'string' && replace.startsWith('/') && { replace }), ...(tasksMs !== undefined && { tasksMs }), ...(listenMs !== undefined && { listenMs }), ...(leftOut !== undefined && { leftOut }), recordedAt: new Date(recordedAt).toISOString(), host, redacted };
}

function isTarget(value: unknown): value is Pick<TapeTarget, 'spec' | 'name' | 'pids' | 'watch' | 'node' | 'goroutines' | 'reload' | 'outbound' | 'replace' | 'tasksMs' | 'listenMs'> {
  if (typeof value !== 'object' || value === null) return false;
  const { spec, name, pids, watch, tasksMs = 0, listenMs = 1 } = value as Record<string, unknown>;
  if (watch !== undefined && !isWatch(watch)) return false;
  if (tasksMs !== 0 && !isTime(tasksMs, LONGEST_LOOK_MS)) return false;
  const named = typeof spec === 'string' && typeof name === 'string' && Array.isArray(pids);
  return named && isTime(listenMs, LONGEST_LOOK_MS) && pids.length > 0 && pids.length <= MOST_PIDS && pids.every((pid) => Number.isSafeInteger(pid) && pid > 0 && pid <= MAX_PID);
}

function isTime(ms: unknown, longestMs: number): boolean {
  return typeof ms === 'number' && ms > 0 && ms <= longestMs;
}

function isWatch(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { windowMs, intervalMs, queuesMs = windowMs } = value as Record<string, unknown>;
  return [windowMs, intervalMs, queuesMs].every((ms) => isTime(ms, LONGEST_WATCH_MS));
}

/**
 * Whatever a command made of it, a question without an answer is told: what the target's own files would have said is needed.
 * @param missing sources of the questions that the tape does not answer
 * @param leftOut sockets that were not written to it
 */
export function tapeCoverage(missing: readonly string[], target: Target | null, leftOut?: number): Coverage[] {
  return [...gaps(missing, target), ...(leftOut === undefined ? [] : [{ source: 'sockets of others', status: 'partial' as const, detail: `${count(leftOut)} sockets of programs that share no end with the target were left out when the tape was made`, needed: false }])];
}

function gaps(missing: readonly string[], target: Target | null): Coverage[] {
  const own = target?.pids.map((pid) => `/proc/${pid}/`);
  // Of what is no path (sock_diag, kcmp, ...) a report can do without.
  const isNeeded = (source: string): boolean =>
    own === undefined || /^(\/proc|what came after .*)$/.test(source) || own.some((prefix) => source.startsWith(prefix));
  const needed = missing.filter(isNeeded);
  const [first] = needed.length > 0 ? needed : missing;
  if (first === undefined) return [];
  const more = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
  return [{ source: 'tape', status: 'absent', detail: `not recorded on this tape: ${first}${more}`, needed: needed.length > 0 }];
}
