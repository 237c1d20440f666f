/** What became of the requests, by phase of the drill, in bounded memory. */
import { Histogram } from './histogram.ts';
import { Reconnects } from './reconnects.ts';
import { type Ended, FAILURE_CLASSES, type FailureClass, type Traffic } from './types.ts';

export interface Counted {
  total: number;
  failed: number;
  byClass: Record<FailureClass, number>;
  raced: number;
  unknown: number;
}

/** One phase: control, or what lies between one trigger and the next. */
export interface Phase {
  /** 0: control; N: reload N. */
  reload: number;
  startedAt: number;
  by: Record<Traffic, Counted & { latency: Histogram; connect: Histogram }>;
  /** Connections that stood after 0.9 s or later: their SYN was dropped, and the kernel sent it again after 1, 3, 7 s. */
  lateConnects: number[];
  /** Of kept and held connections, and of WebSockets. */
  reconnects: Reconnects;
}

export interface FailureNote {
  atMs: number;
  endedMs: number;
  reload: number;
  traffic: Traffic;
  class: FailureClass;
  during: string;
  detail: string;
}

export interface Slice {
  ok: number;
  failed: number;
  worstMs: number;
}

const MOST_NOTES = 5000;
const MOST_LATE = 1000;
export const SLICE_MS = 100;
/** An hour. */
const MOST_SLICES = 36_000;
/** The first SYN is sent again after 1 s (RFC 6298). */
const SYN_AGAIN_MS = 900;
const TRAFFICS: readonly Traffic[] = ['new', 'pooled', 'stream', 'held', 'websocket'];

export function emptyCounted(): Counted {
  return { total: 0, failed: 0, byClass: Object.fromEntries(FAILURE_CLASSES.map((name) => [name, 0])) as Counted['byClass'], raced: 0, unknown: 0 };
}

export class Tally {
  readonly phases: Phase[] = [];
  readonly notes: FailureNote[] = [];
  /** Of new and pooled connections, by tenths of a second since the first phase. */
  readonly slices: Slice[] = [];
  /** What our own system refused us, by errno. */
  readonly own = new Map<string, number>();
  /** When a request on a new connection last began that was answered; and by whom, where a header says so. */
  lastAnswered: { startedAt: number; generation: string | undefined } | undefined;
  readonly #generations = new Map<string, number>();
  #generationIsOver: string | undefined;

  /** From now on what begins belongs to this reload. */
  begin(reload: number): void {
    const by = Object.fromEntries(TRAFFICS.map((name) => [name, { ...emptyCounted(), latency: new Histogram(), connect: new Histogram() }])) as Phase['by'];
    this.phases.push({ reload, startedAt: performance.now(), by, lateConnects: [], reconnects: new Reconnects() });
  }

  /** Of now; undefined before the first phase. */
  get reload(): number | undefined {
    return this.phases.at(-1)?.reload;
  }

  /** A connection is opened in the place of one that the server closed. */
  noteReconnect(): void {
    this.phases.at(-1)?.reconnects.note(performance.now());
  }

  /** Generations that answered, with the time of the first answer of each. */
  get generations(): ReadonlyMap<string, number> {
    return this.#generations;
  }

  /** The generations known so far should answer no new connection from now on, but for the newest. */
  closeGenerations(newest: string | undefined): void {
    this.#generationIsOver = newest;
  }

  /** Called for the end of every request. */
  note(ended: Ended): void {
    const { result } = ended;
    if (result.what === 'own') {
      this.own.set(result.code, (this.own.get(result.code) ?? 0) + 1);
      return;
    }
    const failed = result.what === 'failed' ? result : this.#wrongGeneration(ended);
    const phase = this.#phaseOf(ended, failed?.class);
    if (!phase) return;
    const counted = phase.by[ended.traffic];
    counted.total++;
    if (failed) {
      counted.failed++;
      counted.byClass[failed.class]++;
      if (this.notes.length < MOST_NOTES) this.notes.push({ atMs: ended.intended, endedMs: ended.ended, reload: phase.reload, traffic: ended.traffic, class: failed.class, during: failed.during, detail: failed.detail });
    } else {
      if (result.what === 'raced') counted.raced++;
      if (result.what === 'unknown') counted.unknown++;
      counted.latency.add(ended.ended - ended.intended);
      if (ended.traffic === 'new' && (this.lastAnswered?.startedAt ?? 0) < ended.started) this.lastAnswered = { startedAt: ended.started, generation: ended.generation };
      if (ended.generation !== undefined && !this.#generations.has(ended.generation)) this.#generations.set(ended.generation, ended.ended);
    }
    if (ended.connectMs !== undefined) {
      counted.connect.add(ended.connectMs);
      if (ended.connectMs >= SYN_AGAIN_MS && phase.lateConnects.length < MOST_LATE) phase.lateConnects.push(ended.connectMs);
    }
    if (ended.traffic === 'new' || ended.traffic === 'pooled') this.#slice(ended, failed !== undefined);
  }

  #wrongGeneration({ generation, traffic, started, result }: Ended): { class: FailureClass; during: 'answer'; detail: string } | undefined {
    if (result.what !== 'ok' || traffic !== 'new' || generation === undefined || this.#generationIsOver === undefined || generation === this.#generationIsOver) return undefined;
    const seen = this.#generations.get(generation);
    const newest = this.#generations.get(this.#generationIsOver);
    // One that was never seen before is the next generation.
    if (seen === undefined || newest === undefined || seen >= newest || started < newest) return undefined;
    return { class: 'wrongGeneration', during: 'answer', detail: `answered by ${generation}, after ${this.#generationIsOver} had taken over` };
  }

  /** What was under way when a reload began, and failed or lost its connection then, did so by it; a timeout belongs to the time at which it was asked. */
  #phaseOf({ intended, ended, result }: Ended, failure: FailureClass | undefined): Phase | undefined {
    const at = result.what === 'raced' || (failure !== undefined && failure !== 'timeout') ? ended : intended;
    for (let index = this.phases.length - 1; index >= 0; index--) if (this.phases[index]!.startedAt <= at) return this.phases[index];
    return undefined;
  }

  #slice({ intended, ended }: Ended, isFailed: boolean): void {
    const index = Math.floor((intended - this.phases[0]!.startedAt) / SLICE_MS);
    if (index < 0 || index >= MOST_SLICES) return;
    while (this.slices.length <= index) this.slices.push({ ok: 0, failed: 0, worstMs: 0 });
    const slice = this.slices[index]!;
    slice[isFailed ? 'failed' : 'ok']++;
    slice.worstMs = Math.max(slice.worstMs, ended - intended);
  }
}
