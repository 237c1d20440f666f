/** `data` of the report: the part scripts read. Add keys, never change them. */
import { type DestroyedRow, destroyedIn } from './destroyed.ts';
import type { LatencySummary } from './load/histogram.ts';
import { type Phase, SLICE_MS } from './load/tally.ts';
import type { FailureClass, Traffic } from './load/types.ts';
import { type Leftovers, leftoversOf } from './leftovers.ts';
import type { DrillSeen, Fitness, ReloadSeen } from './model.ts';
import { exactInterval, trialsFor } from './statistics.ts';
import { countedIn, failedIn, judge, type Outcome } from './verdict.ts';
import { type WebSocketData, webSocketsOf } from './websockets.ts';

export interface TrafficRow {
  total: number;
  failed: number;
  byClass: Record<FailureClass, number>;
  /** The connection closed under a request, and the same request on a new one was answered: no failure for a client that retries. */
  raced: number;
  /** Answered to the end of the connection: whether whole nobody can tell. */
  unknown: number;
  /** What clients would have seen that ask GET anew, and POST not. */
  retrying: { getFailed: number; postFailed: number };
}

export interface ReloadRow extends Omit<ReloadSeen, 'stayed' | 'problem'> {
  problem: string | null;
  stayed: number[];
  failed: { new: number; pooled: number; stream: number };
  /** Connections that clients opened anew as the server had closed theirs, and most within 100 ms. */
  reconnects: number;
  mostReconnectsIn100Ms: number;
  /** Sockets of the service that listened, and that the kernel destroyed; null: not told. */
  destroyed: DestroyedRow[] | null;
}

interface Rate {
  bad: number;
  total: number;
  /** Exact 95 % interval (Clopper-Pearson). */
  low: number;
  high: number;
}

export interface DrillData {
  outcome: Outcome;
  why: string;
  url: string;
  trigger: string;
  mode: 'process' | 'config';
  reloads: ReloadRow[];
  asked: number;
  traffic: Record<'new' | 'pooled' | 'stream' | 'held' | 'websocket', TrafficRow>;
  control: Record<'new' | 'pooled' | 'stream', { total: number; failed: number }>;
  latency: Record<'new' | 'pooled', { control: LatencySummary; reloads: LatencySummary; connect: LatencySummary }>;
  /** `kept`: the same socket listened before and after every reload. */
  listener: 'kept' | 'changed' | 'unknown';
  /** The reload is the unit; requests fail together, so that their interval holds only if they were independent. */
  statistics: { reloads: Rate; requests: Rate & { ifIndependent: true }; claim: { share: number; requestsMore: number } };
  client: Fitness & { fit: boolean; problems: string[]; reconnects: number; mostReconnectsIn100Ms: number; reconnectsInControl: number; closedIdle: number; closedAnnounced: number; heldClosed: number };
  websockets: WebSocketData | null;
  acceptQueue: { most: number; backlog: number; overflowsInControl: number | null; overflows: number | null; lateConnects: number } | null;
  /** Of configurations, ms. */
  visible: { p50Ms: number; maxMs: number; notSeen: number; wentBack: number } | null;
  leftovers: Leftovers;
  timeline: { sliceMs: number; ok: number[]; failed: number[]; worstMs: number[] };
  diedAtMs: number | null;
  ended: string | null;
}

const CLAIM = 0.9999;

export function emptyDrillData(): DrillData {
  const row = (): TrafficRow => ({ total: 0, failed: 0, byClass: { refused: 0, reset: 0, cut: 0, timeout: 0, status: 0, wrongGeneration: 0 }, raced: 0, unknown: 0, retrying: { getFailed: 0, postFailed: 0 } });
  const rate: Rate = { bad: 0, total: 0, low: 0, high: 1 };
  const none: LatencySummary = { p50Ms: null, p99Ms: null, maxMs: null };
  const latency = () => ({ control: none, reloads: none, connect: none });
  return {
    outcome: 'not-reloaded', why: '', url: '', trigger: '', mode: 'process', reloads: [], asked: 0,
    traffic: { new: row(), pooled: row(), stream: row(), held: row(), websocket: row() },
    control: { new: { total: 0, failed: 0 }, pooled: { total: 0, failed: 0 }, stream: { total: 0, failed: 0 } },
    latency: { new: latency(), pooled: latency() }, listener: 'unknown',
    statistics: { reloads: rate, requests: { ...rate, ifIndependent: true }, claim: { share: CLAIM, requestsMore: trialsFor(CLAIM, 0) } },
    client: { fit: true, problems: [], slipP99Ms: null, slipMaxMs: null, lagP99Ms: null, lagMaxMs: null, unsent: 0, own: {}, achieved: 1, reconnects: 0, mostReconnectsIn100Ms: 0, reconnectsInControl: 0, closedIdle: 0, closedAnnounced: 0, heldClosed: 0 },
    websockets: null, acceptQueue: null, visible: null, leftovers: leftoversOf({ censuses: [] }), timeline: { sliceMs: SLICE_MS, ok: [], failed: [], worstMs: [] }, diedAtMs: null, ended: null,
  };
}

export function dataOf(seen: DrillSeen, trigger: string): DrillData {
  const { reloads, load, options, fitness } = seen;
  const { outcome, why, unfit, bad } = judge(seen);
  const control = (traffic: Traffic) => {
    const { total, failed } = countedIn(seen, traffic, 'control');
    return { total, failed };
  };
  const failed = failedIn(seen, 'reloads');
  const total = countedIn(seen, 'new', 'reloads').total + countedIn(seen, 'pooled', 'reloads').total;
  const rate = (some: number, all: number): Rate => ({ bad: some, total: all, ...exactInterval(some, all) });
  return {
    outcome, why, url: seen.endpoint.label, trigger, mode: options.mode, asked: options.times,
    reloads: reloads.map((reload) => ({
      ...rounded(reload), problem: reload.problem ?? null, stayed: reload.stayed.map(({ pid }) => pid),
      failed: { new: countedIn(seen, 'new', reload.index).failed, pooled: countedIn(seen, 'pooled', reload.index).failed, stream: countedIn(seen, 'stream', reload.index).failed },
      ...reconnectsIn(seen, ({ reload: index }) => index === reload.index),
      destroyed: destroyedIn(seen, reload),
    })),
    traffic: { new: rowOf(seen, 'new'), pooled: rowOf(seen, 'pooled'), stream: rowOf(seen, 'stream'), held: rowOf(seen, 'held'), websocket: rowOf(seen, 'websocket') },
    control: { new: control('new'), pooled: control('pooled'), stream: control('stream') },
    latency: { new: latencyOf(seen, 'new'), pooled: latencyOf(seen, 'pooled') },
    listener: listenerOf(reloads),
    statistics: { reloads: rate(bad.length, reloads.length), requests: { ...rate(failed, total), ifIndependent: true }, claim: { share: CLAIM, requestsMore: Math.max(0, trialsFor(CLAIM, failed) - total) } },
    client: { ...fitness, fit: unfit.length === 0, problems: unfit, ...reconnectsIn(seen, ({ reload }) => reload > 0), reconnectsInControl: reconnectsIn(seen, ({ reload }) => reload === 0).reconnects, closedIdle: load.pool.closedIdle, closedAnnounced: load.pool.closedAnnounced, heldClosed: load.held.closed },
    websockets: webSocketsOf(seen), acceptQueue: queueOf(seen), visible: visibleOf(seen), leftovers: leftoversOf(seen),
    timeline: { sliceMs: SLICE_MS, ok: load.tally.slices.map(({ ok }) => ok), failed: load.tally.slices.map((slice) => slice.failed), worstMs: load.tally.slices.map(({ worstMs }) => Math.round(worstMs)) },
    diedAtMs: seen.diedAtMs === null ? null : Math.round(seen.diedAtMs), ended: seen.ended,
  };
}

function rounded({ problem: _words, stayed: _pids, ...reload }: ReloadSeen): Omit<ReloadSeen, 'problem' | 'stayed'> {
  const round = (ms: number | null): number | null => (ms === null ? null : Math.round(ms * 10) / 10);
  return { ...reload, atMs: Math.round(reload.atMs), answersMs: round(reload.answersMs), tookMs: round(reload.tookMs), visibleMs: round(reload.visibleMs), stableMs: round(reload.stableMs) };
}

function rowOf(seen: DrillSeen, traffic: Traffic): TrafficRow {
  const counted = countedIn(seen, traffic, 'reloads');
  return { ...counted, retrying: { getFailed: counted.failed, postFailed: counted.failed + counted.raced } };
}

function reconnectsIn({ load }: DrillSeen, isWanted: (phase: Phase) => boolean): Pick<ReloadRow, 'reconnects' | 'mostReconnectsIn100Ms'> {
  const parts = load.tally.phases.filter(isWanted).map(({ reconnects }) => reconnects);
  return { reconnects: parts.reduce((sum, { count }) => sum + count, 0), mostReconnectsIn100Ms: Math.max(0, ...parts.map(({ most: one }) => one)) };
}

/** Of those that were answered. */
function latencyOf({ load }: DrillSeen, traffic: 'new' | 'pooled'): DrillData['latency']['new'] {
  const none: LatencySummary = { p50Ms: null, p99Ms: null, maxMs: null };
  const worst = (summaries: LatencySummary[]): LatencySummary => summaries.reduce((a, b) => ({ p50Ms: most(a.p50Ms, b.p50Ms), p99Ms: most(a.p99Ms, b.p99Ms), maxMs: most(a.maxMs, b.maxMs) }), none);
  const phases = load.tally.phases;
  const during = phases.filter(({ reload }) => reload > 0).map(({ by }) => by[traffic]);
  return {
    control: phases.find(({ reload }) => reload === 0)?.by[traffic].latency.summary() ?? none,
    reloads: worst(during.map(({ latency }) => latency.summary())),
    connect: worst(during.map(({ connect }) => connect.summary())),
  };
}

function most(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}

export function listenerOf(reloads: readonly ReloadSeen[]): DrillData['listener'] {
  if (reloads.some(({ listener }) => listener === 'changed')) return 'changed';
  return reloads.length > 0 && reloads.every(({ listener }) => listener === 'kept') ? 'kept' : 'unknown';
}

function queueOf({ queue, controlOverflows, reloads, load }: DrillSeen): DrillData['acceptQueue'] {
  const overflows = reloads.every((reload) => reload.overflows === null) ? null : reloads.reduce((sum, reload) => sum + (reload.overflows ?? 0), 0);
  const lateConnects = load.tally.phases.filter(({ reload }) => reload > 0).reduce((sum, phase) => sum + phase.lateConnects.length, 0);
  if (queue === null && overflows === null && lateConnects === 0) return null;
  return { most: queue?.queue ?? 0, backlog: queue?.backlog ?? 0, overflowsInControl: controlOverflows, overflows, lateConnects };
}

function visibleOf({ reloads, options }: DrillSeen): DrillData['visible'] {
  if (!options.expect) return null;
  const seen = reloads.flatMap(({ visibleMs }) => (visibleMs === null ? [] : [visibleMs])).sort((a, b) => a - b);
  const round = (ms = 0): number => Math.round(ms * 10) / 10;
  return { p50Ms: round(seen[Math.floor((seen.length - 1) / 2)]), maxMs: round(seen.at(-1)), notSeen: reloads.length - seen.length, wentBack: reloads.reduce((sum, { wentBack }) => sum + wentBack, 0) };
}
