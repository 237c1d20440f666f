/** A look at goroutines as it is kept on a tape, and back. What comes from a tape can be anything: what does not fit is left out. */
import type { AgeSums, Dump, Frame, Group, ObjectKind, Sample } from '../kernel/goroutines.ts';
import type { Coverage, CoverageStatus } from '../report/index.ts';
import type { GoroutineGrowth, Settled, Staying } from '../series/index.ts';
import type { ConnectionFact, MemoryFacts } from './memory/facts.ts';
import { type Owner, ownerOf, restoreOwner } from './names.ts';
import type { Taken } from './source/types.ts';
import { flag, isLoose, list, type Loose, loose, number, text } from './loose.ts';

/** What `goroutines` makes its report of, in as far as a tape keeps it: groups, not single goroutines. */
export interface KeptLook {
  taken: Taken;
  coverage: Coverage[];
  settled?: Settled;
  growing?: { growth: GoroutineGrowth; totals: number[]; intervalMs: number | null };
}

/** So many connections are kept one by one. */
const MOST_CONNECTIONS = 50_000;

export function toTape({ taken, coverage, settled, growing }: KeptLook): object {
  const { dump, source, again, label, pid, announced, memory } = taken;
  const { rows: _rows, groups, ...head } = dump;
  const frames: Frame[] = [];
  const numbers = new Map<Frame, number>();
  const numberOf = (frame: Frame): number => {
    let known = numbers.get(frame);
    if (known === undefined) numbers.set(frame, (known = frames.push(frame) - 1));
    return known;
  };
  const kept = groups.map(({ frames: stack, creator, took, objects, samples, ...group }) => ({
    ...group,
    // Some are read when they are asked for: no copy of what they are now has it.
    samples: samples.map(({ id, waitMinutes, args, globals, parent, object }) => ({ id, waitMinutes, args, globals, parent, object })),
    frames: stack.map(numberOf),
    ...(creator && { creator: numberOf(creator) }),
    ...(took && { took: numberOf(took) }),
    ...(objects && { objects: [...objects] }),
  }));
  return {
    source, again, label, ...(pid !== undefined && { pid }), ...(announced !== undefined && { announced }),
    coverage: [...coverage, ...taken.coverage].map(({ fix: _fix, ...entry }) => entry),
    dump: { ...head, groups: kept, frames: frames.map((frame) => ({ func: frame.func, file: frame.file, line: frame.line, owner: ownerOf(frame) })) },
    ...(memory && { memory: { ...memory, ...(memory.connections && { connections: memory.connections.slice(0, MOST_CONNECTIONS) }) } }),
    ...(settled && { settled: { windowMs: settled.windowMs, looks: settled.looks, places: [...settled.places], unmoved: [...settled.unmoved] } }),
    ...(growing && { growing }),
  };
}

export function fromTape(value: unknown, spec: string): KeptLook | undefined {
  const taped = loose(value);
  const dump = dumpOf(taped.dump);
  if (!dump) return undefined;
  const pid = number(taped.pid);
  const label = text(taped.label) ?? spec;
  const memory = isLoose(taped.memory) ? memoryOf(taped.memory) : undefined;
  const growing = isLoose(taped.growing) ? growthOf(taped.growing, dump.groups.length) : undefined;
  const announced = number(taped.announced);
  return {
    taken: {
      dump, label, source: text(taped.source) ?? '', again: text(taped.again) ?? spec, coverage: list(taped.coverage).flatMap(coverageOf),
      target: { spec, label, pids: pid === undefined ? [] : [pid] },
      ...(pid !== undefined && { pid }), ...(announced !== undefined && { announced }), ...(memory && { memory }),
    },
    coverage: [],
    ...(isLoose(taped.settled) && { settled: settledOf(taped.settled) }),
    ...(growing && { growing }),
  };
}

const FORMATS: readonly string[] = ['text', 'profile-text', 'profile', 'memory', 'trace'] satisfies Dump['format'][];
const CUTS: readonly string[] = ['64MiB', 'mid-goroutine', 'compressed', 'limit', 'interrupted'];

function dumpOf(value: unknown): Dump | undefined {
  const raw = loose(value);
  const total = number(raw.total);
  if (total === undefined || !FORMATS.includes(raw.format as string)) return undefined;
  const frames = list(raw.frames).map(frameOf);
  const [goVersion, reason] = [text(raw.goVersion), text(raw.reason)];
  const cut = loose(raw.cut);
  return {
    format: raw.format as Dump['format'],
    profile: raw.profile === 'goroutineleak' ? 'goroutineleak' : 'goroutine',
    total,
    groups: list(raw.groups).map((group, index) => groupOf(loose(group), index, frames)),
    ...(goVersion !== undefined && { goVersion }),
    ...(reason !== undefined && { reason }),
    ...(CUTS.includes(cut.kind as string) && { cut: { kind: cut.kind as NonNullable<Dump['cut']>['kind'], detail: text(cut.detail) ?? '' } }),
    notes: list(raw.notes).flatMap((note) => text(note) ?? []),
    bytes: number(raw.bytes) ?? 0,
  };
}

const OWNERS: readonly string[] = ['own', 'dependency', 'stdlib'] satisfies Owner[];

function frameOf(value: unknown): Frame {
  const { func, file, line, owner } = loose(value);
  const frame = { func: text(func) ?? '', file: text(file) ?? '', line: number(line) ?? 0 };
  return OWNERS.includes(owner as string) ? restoreOwner(frame, owner as Owner) : frame;
}

const NO_FRAME: Frame = { func: '', file: '', line: 0 };
const OBJECT_KINDS: readonly string[] = ['lock', 'channel', 'owner'] satisfies ObjectKind[];

function groupOf(raw: Loose, index: number, frames: readonly Frame[]): Group {
  const at = (place: unknown): Frame => frames[number(place) ?? -1] ?? NO_FRAME;
  const wait = loose(raw.wait);
  const told = number(wait.told);
  const parents = loose(raw.parents);
  const timed = number(raw.timed);
  return {
    index: number(raw.index) ?? index,
    state: text(raw.state) ?? 'unknown',
    stateFrom: raw.stateFrom === 'frames' ? 'frames' : 'printed',
    frames: list(raw.frames).map(at),
    elided: raw.elided === true,
    ...(raw.creator !== undefined && { creator: at(raw.creator) }),
    labels: Object.fromEntries(Object.entries(loose(raw.labels)).flatMap(([name, label]) => (typeof label === 'string' ? [[name, label]] : []))),
    count: number(raw.count) ?? 0,
    ...(told !== undefined && { wait: { min: number(wait.min) ?? 0, max: number(wait.max) ?? 0, told } }),
    lasting: number(raw.lasting) ?? 0,
    ...(isLoose(raw.ages) && { ages: agesOf(raw.ages) }),
    lockedToThread: number(raw.lockedToThread) ?? 0,
    leaked: number(raw.leaked) ?? 0,
    ...(timed !== undefined && { timed }),
    ...(raw.took !== undefined && { took: at(raw.took) }),
    system: raw.system === true,
    samples: list(raw.samples).map(sampleOf),
    ...(Array.isArray(raw.objects) && { objects: new Map(pairs(raw.objects)) }),
    ...(OBJECT_KINDS.includes(raw.objectKind as string) && { objectKind: raw.objectKind as ObjectKind }),
    manyObjects: raw.manyObjects === true,
    ...(isLoose(raw.parents) && { parents: { told: number(parents.told) ?? 0, gone: number(parents.gone) ?? 0 } }),
  };
}

function agesOf(raw: Loose): AgeSums {
  const [count, ids, ids2, minutes, minutes2, both] = ['count', 'ids', 'ids2', 'minutes', 'minutes2', 'both'].map((name) => number(raw[name]) ?? 0);
  return { count: count!, ids: ids!, ids2: ids2!, minutes: minutes!, minutes2: minutes2!, both: both! };
}

function sampleOf(value: unknown): Sample {
  const raw = loose(value);
  const [id, waitMinutes, parent, object] = [text(raw.id), number(raw.waitMinutes), text(raw.parent), text(raw.object)];
  return {
    args: list(raw.args).map((args) => list(args).flatMap((arg) => text(arg) ?? [])),
    ...(id !== undefined && { id }), ...(waitMinutes !== undefined && { waitMinutes }), ...(parent !== undefined && { parent }), ...(object !== undefined && { object }),
    ...(typeof raw.globals === 'boolean' && { globals: raw.globals }),
  };
}

function pairs(value: readonly unknown[]): [string, number][] {
  return value.flatMap((pair): [string, number][] => {
    const [key, times] = list(pair);
    const [name, many] = [text(key), number(times)];
    return name === undefined || many === undefined ? [] : [[name, many]];
  });
}

/** Numbers that count, and lists of facts: shapes are those of MemoryFacts, texts are shown and no more. */
function memoryOf(raw: Loose): MemoryFacts {
  const connections = Array.isArray(raw.connections) ? { connections: raw.connections.map((one) => connectionOf(loose(one))) } : {};
  const paused = loose(raw.paused);
  const how = ['stopped', 'traced', 'frozen'].find((word) => word === paused.how);
  return {
    read: number(raw.read) ?? 0, torn: number(raw.torn) ?? 0, stopMs: 0, reads: number(raw.reads) ?? 0, bytes: number(raw.bytes) ?? 0,
    list: raw.list === 'shape' ? 'shape' : 'symbol',
    ...(how !== undefined && { paused: { how: how as 'stopped', held: number(paused.held) ?? 0, threads: number(paused.threads) ?? 0 } }),
    channels: list(raw.channels).map((one) => {
      const channel = loose(one);
      const [length, capacity, senders, receivers, selecting] = ['length', 'capacity', 'senders', 'receivers', 'selecting'].map((name) => number(channel[name]) ?? 0);
      return { address: text(channel.address) ?? '', length: length!, capacity: capacity!, senders: senders!, receivers: receivers!, selecting: selecting!, closed: channel.closed === true, ...(channel.timer === true && { timer: true as const }) };
    }),
    conds: list(raw.conds).map((one) => ({ address: text(loose(one).address) ?? '', waiters: number(loose(one).waiters) ?? 0 })),
    ...connections,
  };
}

function connectionOf(raw: Loose): ConnectionFact {
  const fact: ConnectionFact = { id: text(raw.id) ?? '', fd: number(raw.fd) ?? -1, group: number(raw.group) ?? -1 };
  for (const key of ['local', 'peer', 'state'] as const) {
    const word = text(raw[key]);
    if (word !== undefined) fact[key] = word;
  }
  return fact;
}

function settledOf(raw: Loose): Settled {
  const places = list(raw.places).flatMap((pair): [string, Staying][] => {
    const [key, staying] = list(pair);
    const name = text(key);
    const { before, stayed, fresh, arrived } = loose(staying);
    const numbers = (value: unknown): number[] => list(value).flatMap((one) => number(one) ?? []);
    return name === undefined ? [] : [[name, { before: number(before) ?? 0, stayed: number(stayed) ?? 0, fresh: numbers(fresh), arrived: numbers(arrived) }]];
  });
  return { windowMs: number(raw.windowMs) ?? 0, looks: number(raw.looks) ?? 0, places: new Map(places), unmoved: new Set(list(raw.unmoved).flatMap((id) => text(id) ?? [])) };
}

const TRENDS: readonly string[] = ['growing', 'grew', 'steady', 'too-short', 'compared'];

function growthOf(raw: Loose, groups: number): NonNullable<KeptLook['growing']> {
  const growth = loose(raw.growth);
  const rows = list(growth.groups).flatMap((one): GoroutineGrowth['groups'] => {
    const row = loose(one);
    const group = number(row.group) ?? -1;
    if (!Number.isSafeInteger(group) || group < 0 || group >= groups || !TRENDS.includes(row.trend as string)) return [];
    const stayed = number(row.stayed);
    return [{ group, before: number(row.before) ?? 0, after: number(row.after) ?? 0, perMinute: number(row.perMinute) ?? null, trend: row.trend as 'steady', because: text(row.because) ?? '', ...(stayed !== undefined && { stayed }) }];
  });
  return { growth: { windowMs: number(growth.windowMs) ?? null, samples: number(growth.samples) ?? 0, groups: rows }, totals: list(raw.totals).flatMap((one) => number(one) ?? []), intervalMs: number(raw.intervalMs) ?? 0 };
}

const STATUSES: readonly string[] = ['ok', 'partial', 'denied', 'absent', 'unsupported', 'timeout'] satisfies CoverageStatus[];

function coverageOf(value: unknown): Coverage[] {
  const raw = loose(value);
  const [source, detail, seen, total] = [text(raw.source), text(raw.detail), number(raw.seen), number(raw.total)];
  if (source === undefined || !STATUSES.includes(raw.status as string)) return [];
  return [{ source, status: raw.status as CoverageStatus, needed: flag(raw.needed), ...(seen !== undefined && { seen }), ...(total !== undefined && { total }), ...(detail !== undefined && { detail }) }];
}
