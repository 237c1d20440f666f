/** Follows the handles of one process for a while: what comes and stays, by where it was made or whom it talks to. */
import { InspectorError } from '../../effects/inspector/connection.ts';
import type { Evidence } from '../../evidence/types.ts';
import type { CoverageLog } from '../../kernel/coverage.ts';
import { LEAST_WINDOW_MS, Lives, type Member, trendOf } from '../../series/index.ts';
import { duration } from '../../report/words.ts';
import { TTL_MS } from '../attach/session.ts';
import type { Attachment } from '../attach/index.ts';
import { groupOf } from '../data.ts';
import { readTable, type TableOptions } from '../descriptors.ts';
import { join } from '../join/index.ts';
import type { Handle, NodeLook, OrphanFd, PendingPromise } from '../model.ts';
import { hookState, pendingPromises, startHook, stopHook } from '../read/hook.ts';
import { readThread, readThreads, type ThreadList } from '../read/index.ts';
import { Realm } from '../read/remote.ts';
import { DESCRIPTOR, type HandleTrend, type NodeTrends } from './event.ts';

export interface WatchOptions extends TableOptions {
  windowMs: number;
  stacks: boolean;
  /** Stacks of timers, too. */
  deep: boolean;
  promises: boolean;
  /** 0 to 1. */
  mostOverhead: number;
  timeoutMs: number;
  progress(text: string): void;
}

export interface Watched {
  trends?: NodeTrends;
  /** The last list of all threads. */
  threads: ThreadList[];
  promises?: PendingPromise[];
  unread?: NonNullable<NodeLook['unread']>;
}

const LEAST_INTERVAL_MS = 500;
/** Samples in a window: more tell no more, and each is a pause of the target. */
const SAMPLES = 24;
const MOST_ENTRIES = 50_000;

export async function watchHandles(evidence: Evidence, attached: Attachment, options: WatchOptions, coverage: CoverageLog): Promise<Watched> {
  const { pid } = attached.facts;
  const realm = new Realm(attached.connection, options.timeoutMs);
  const wantsHook = options.stacks || options.promises;
  const ttlMs = Math.min(options.windowMs + TTL_MS, 60_000);
  if (wantsHook) await startHook(realm, { ttlMs, promises: options.promises, timers: options.deep, most: MOST_ENTRIES, mostOverhead: options.mostOverhead, oldMs: options.windowMs / 3 });
  const lives = new Lives<Handle>({ sortOf: keyOf, nameOf: ({ fd }) => String(fd) });
  /** The longest of the timers of a group that fire once, ms. */
  const delays = new Map<string, number>();
  const started = evidence.now();
  const interval = Math.max(LEAST_INTERVAL_MS, options.windowMs / SAMPLES);
  let process: NodeTrends['process'] | undefined;
  let major = 0;
  let suspects: { at: number; ask: ThreadList['unreadAgain'] } | undefined;
  try {
    for (let next = started; ; next += interval) {
      const elapsed = evidence.now() - started;
      options.progress(`watching the handles of ${pid}: ${Math.round(elapsed / 1000)} of ${Math.round(options.windowMs / 1000)} s`);
      await attached.session?.renew(interval + TTL_MS);
      if (wantsHook) await realm.value(`globalThis[Symbol.for('reloadctl.hook')]?.renew(${ttlMs})`);
      const thread = await readThread(realm, options.timeoutMs, coverage, { thread: 0, name: 'main', again: suspects === undefined });
      const table = await readTable(evidence, pid, options, coverage);
      if (!table) break;
      process = table.process;
      suspects ??= { at: evidence.now(), ask: thread.unreadAgain };
      major = Number(/^v?(\d+)/.exec(thread.list.version)?.[1] ?? 0);
      // What we have opened in there is no file.
      const { handles, orphans } = join(pid, [thread], table.fds, new Map(table.fds.map(({ fd, link }) => [fd, link])));
      for (const { kind, intervalMs = 0, ...rest } of handles) {
        if (kind === 'timer-timeout') delays.set(keyOf({ kind, ...rest }), Math.max(delays.get(keyOf({ kind, ...rest })) ?? 0, intervalMs));
      }
      lives.add(evidence.now(), [...handles.map(memberOf), ...orphans.filter(({ likely }) => likely).map(descriptorOf)]);
      if (elapsed >= options.windowMs || options.signal.aborted) break;
      await evidence.sleep(Math.max(0, next + interval - evidence.now()));
    }
    const threads = await readThreads(attached, options.timeoutMs, coverage);
    const state = wantsHook ? await hookState(realm) : undefined;
    if (state) noteHook(state, options, coverage);
    // What settled when nobody listened any more would be told as waiting.
    const promises = options.promises && state?.on ? await pendingPromises(realm) : undefined;
    const still = await suspects?.ask?.();
    const unread = still && suspects && { afterMs: Math.round(evidence.now() - suspects.at), still: new Set(still.map((fd) => `${pid}:${fd}`)) };
    // No verdict is no all-clear.
    if (evidence.now() - started < LEAST_WINDOW_MS) coverage.note({ source: 'growth', status: 'partial', detail: `a window of ${duration(options.windowMs)} is too short to tell what grows`, fix: '--watch 30s', needed: true });
    const trends = process && trendsOf(lives, process, major, delays);
    return { ...(trends && { trends }), threads, ...(promises && { promises }), ...(unread && { unread }) };
  } catch (error) {
    if (error instanceof InspectorError) coverage.note({ source: 'watch', status: 'partial', detail: error.message, needed: true });
    throw error;
  } finally {
    options.progress('');
    if (wantsHook) await stopHook(realm);
  }
}

/** Promises were the question: without the hook it has no answer. */
function noteHook({ on, off, entries }: { on: boolean; off?: string; entries: number }, { promises }: Pick<WatchOptions, 'promises'>, coverage: CoverageLog): void {
  if (entries >= MOST_ENTRIES) coverage.note({ source: 'creation stacks', status: 'partial', seen: MOST_ENTRIES, detail: 'more was made than is followed', needed: false });
  else if (!on) coverage.note({ source: 'creation stacks', status: 'partial', seen: entries, detail: `turned off: ${off ?? 'its time was over'}`, fix: '--max-overhead 0 never turns it off', needed: promises });
}

/** Kind and origin: what one line made, or whom it talks to, without the state that changes. */
function keyOf(handle: Handle): string {
  const { by, key } = groupOf(handle);
  return `${handle.kind}\0${by}\0${key}`;
}

/** The async id names one handle for ever; what has none is known by its number or by its place only. */
function memberOf(handle: Handle, index: number): Member<Handle> {
  const { id, fd, kind } = handle;
  if (id !== undefined) return { identity: `${kind} ${id}`, quality: 'exact', item: handle };
  if (fd !== undefined) return { identity: `${kind} fd ${fd}`, quality: 'weak', item: handle };
  return { identity: `${keyOf(handle)} ${index}`, quality: 'weak', item: handle };
}

/** A file without a handle, beside handles. Which file it is tells its line, or its path; that it is the same one as before nothing tells. */
function descriptorOf({ pid, fd, target, site }: OrphanFd): Member<Handle> {
  return { identity: `${fd} ${target}`, quality: 'weak', item: { pid, thread: 0, kind: DESCRIPTOR, fd, path: target, ...(site !== undefined && { site }) } };
}

function trendsOf(lives: Lives<Handle>, process: NodeTrends['process'], major: number, delays: ReadonlyMap<string, number>): NodeTrends {
  const times = lives.sampleTimes;
  const groups = lives.sorts().map(({ examples, spans }): HandleTrend => {
    const [example] = examples as [Handle];
    const delayMs = delays.get(keyOf(example));
    return { ...trendOf(keyOf(example), spans, times), kind: example.kind, ...groupOf(example), ...(delayMs !== undefined && { delayMs }) };
  });
  return { type: 'node-trends', process, major, windowMs: (times.at(-1) ?? 0) - (times[0] ?? 0), samples: times.length, groups };
}
