/** A replayed trace as the rest of the wing wants it: who lives at its end as a dump, and what only a trace tells. */
import type { Dump, Frame, Group } from '../../kernel/goroutines.ts';
import { isRuntime, isSystem, placeOf, siteOf } from '../names.ts';
import { GroupTable, MOST_SAMPLES } from '../parse/group-table.ts';
import { stateOfFrames, stateOfStack } from '../states.ts';
import type { Blocked, Latencies, Replayed, Sum, Sums, Traced } from './model.ts';

export interface TraceFacts {
  /** The form of the trace: Go 1.24 writes that of 1.23. */
  version: string;
  durationMs: number;
  events: number;
  created: number;
  ended: number;
  /** Started while it was traced, and alive at its end; most first. */
  neverEnded: { count: number; createdBy: string; start: string }[];
  /** Waits that ended, longest in sum first. */
  blocked: BlockedRow[];
  /** Time in system calls that ended. */
  syscalls: Omit<BlockedRow, 'reason'>[];
  /** What profiles of `go tool trace -pprof=KIND` sum up to. */
  sums: Record<keyof Sums, { count: number; totalMs: number }>;
  stops: { kind: string; atMs: number; ms: number }[];
  /** How long goroutines that could run waited for a processor; without the first time of each, as `go tool trace` has it. */
  runnable: LatencyFacts;
  /** How long new ones waited to run for the first time. */
  toStart: LatencyFacts;
}

export interface BlockedRow {
  reason: string;
  site: string;
  count: number;
  totalMs: number;
  /** The longest of what led there, each from its innermost call on. */
  stacks: { count: number; totalMs: number; frames: Frame[] }[];
}

interface LatencyFacts {
  count: number;
  totalMs: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

const MOST_ROWS = 100;
const MOST_STACKS = 5;
const MOST_STOPS = 1000;
const MS = 1e6;
const MINUTE_NS = 60e9;

export function traceFacts({ version, durationNs, events, created, ended, living, blocked, syscalls, sums, stops, runnable, toStart }: Replayed): TraceFacts {
  const sum = ({ count, ns }: Sum): { count: number; totalMs: number } => ({ count, totalMs: rounded(ns / MS) });
  return {
    version: `go1.${version}`, durationMs: rounded(durationNs / MS), events, created, ended,
    neverEnded: neverEnded(living),
    blocked: merged(blocked).slice(0, MOST_ROWS),
    syscalls: merged(syscalls).slice(0, MOST_ROWS).map(({ reason: _, ...row }) => row),
    sums: { sync: sum(sums.sync), network: sum(sums.network), syscall: sum(sums.syscall), sched: sum(sums.sched) },
    stops: [...stops].sort((a, b) => b.ns - a.ns).slice(0, MOST_STOPS).map(({ kind, atNs, ns }) => ({ kind, atMs: rounded(atNs / MS), ms: rounded(ns / MS) })),
    runnable: latencyFacts(runnable),
    toStart: latencyFacts(toStart),
  };
}

function latencyFacts(latencies: Latencies): LatencyFacts {
  const { count, ns, maxNs } = latencies;
  return { count, totalMs: rounded(ns / MS), p50Ms: rounded(latencies.at(0.5) / MS), p99Ms: rounded(latencies.at(0.99) / MS), maxMs: rounded(maxNs / MS) };
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function neverEnded(living: readonly Traced[]): TraceFacts['neverEnded'] {
  const counts = new Map<string, TraceFacts['neverEnded'][number]>();
  for (const { creator, start } of living) {
    if (!creator) continue;
    const row = { count: 0, createdBy: creator[0] ? placeOf(creatorOf(creator) ?? creator[0]) : '', start: start?.func ?? '' };
    const key = `${row.createdBy}\n${row.start}`;
    const known = counts.get(key) ?? row;
    known.count++;
    counts.set(key, known);
  }
  return [...counts.values()].sort((a, b) => b.count - a.count).slice(0, MOST_ROWS);
}

/** Stacks that wait in the same place are one row. @param blocked longest first */
function merged(blocked: readonly Blocked[]): BlockedRow[] {
  const rows = new Map<string, BlockedRow>();
  for (const { reason, stack, count, ns } of blocked) {
    const frames = withoutRuntime(stack);
    const site = siteOf(frames);
    const place = site ? placeOf(site) : '';
    const key = `${reason}\n${place}`;
    let row = rows.get(key);
    if (!row) rows.set(key, (row = { reason, site: place, count: 0, totalMs: 0, stacks: [] }));
    row.count += count;
    row.totalMs += ns / MS;
    if (row.stacks.length < MOST_STACKS) row.stacks.push({ count, totalMs: rounded(ns / MS), frames: [...frames] });
  }
  return [...rows.values()].map((row) => ({ ...row, totalMs: rounded(row.totalMs) })).sort((a, b) => b.totalMs - a.totalMs);
}

function withoutRuntime(frames: readonly Frame[]): readonly Frame[] {
  const first = frames.findIndex(({ func }) => !isRuntime(func));
  return first > 0 ? frames.slice(first) : frames;
}

function creatorOf(stack: readonly Frame[]): Frame | undefined {
  return stack.find(({ func }) => !isRuntime(func));
}

/** Those that live at the end, as a dump. @param rows keep every goroutine */
export function dumpOfTrace({ living, durationNs, cut }: Replayed, rows: boolean): Dump {
  const table = new GroupTable(rows);
  const groups = new Map<string, Group>();
  let total = 0;
  for (const one of living) {
    // A trace says where goroutines stop, not where they run: but for the function that was started.
    const frames = one.state === 'running' ? one.stack.slice(-1) : withoutRuntime(one.stack);
    const creator = one.creator && creatorOf(one.creator);
    const state = stateOf(one);
    const key = JSON.stringify([state, frames, creator]);
    let group = groups.get(key);
    if (!group) {
      const system = isSystem(one.stack, creator) || (one.start !== undefined && isRuntime(one.start.func) && one.start.func !== 'runtime.main');
      groups.set(key, (group = table.add({ state, stateFrom: 'frames', frames: [...frames], elided: false, labels: {}, system, ...(creator && { creator }) })));
    }
    const minutes = one.state === 'waiting' ? Math.floor((durationNs - one.since) / MINUTE_NS) : 0;
    const wait = minutes >= 1 ? { waitMinutes: minutes } : {};
    const id = String(one.id);
    table.count(group, { id, ...wait }, group.samples.length < MOST_SAMPLES ? { id, args: [], ...wait } : undefined);
    if (!group.system) total++;
  }
  table.finish();
  return {
    format: 'trace', profile: 'goroutine', total, groups: table.groups, notes: [], bytes: 0,
    ...(table.rows && { rows: table.rows }),
    ...(cut && { cut: { kind: 'limit' as const, detail: 'the trace ends within a batch: it was not closed, or cut' } }),
  };
}

/** Reasons of traces (runtime/traceruntime.go traceBlockReasonStrings) as dumps word them. */
const REASONS: Readonly<Record<string, string>> = { network: 'IO wait', 'sync.(*Cond).Wait': 'sync.Cond.Wait', sync: 'semacquire', synctest: 'synctest.Wait', 'preempted': 'preempted' };

function stateOf({ state, reason, stack }: Traced): string {
  if (state !== 'waiting') return state;
  if (reason === 'forever') {
    const top = stack[0]?.func ?? '';
    return /chansend/.test(top) ? 'chan send (nil chan)' : /chanrecv/.test(top) ? 'chan receive (nil chan)' : 'select (no cases)';
  }
  if (reason === '' || reason === 'unspecified') return stateOfFrames(stack);
  return stateOfStack(REASONS[reason] ?? reason, stack);
}
