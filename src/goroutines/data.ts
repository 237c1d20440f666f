/** `data` of the report: the part scripts read. Add keys, never change them. */
import type { Dump, Frame, Group, Row } from '../kernel/goroutines.ts';
import { decodeText } from '../kernel/text.ts';
import { benignReason } from './benign.ts';
import type { MemoryFacts } from './memory/facts.ts';
import type { TraceFacts } from './trace/facts.ts';
import { contendedLocks } from './locks.ts';
import { ownerOfStack, placeOf, type Owner, siteOf } from './names.ts';
import { type Keeper, keepersOf } from './reload.ts';
import { isTimed } from './sites.ts';
import { attributeOf, type Where } from './where.ts';

const MINUTE = 60_000;
const MOST_IDS = 10;
const MOST_LOCKS = 20;

export interface GroupData {
  count: number;
  /** Part of all goroutines of the program, 0 to 1. */
  share: number;
  /** `several` when grouped by something else. */
  state: string;
  frames: Frame[];
  createdBy?: Frame;
  site: string;
  owner: Owner;
  /** Of those that tell it, as the runtime tells it: it may be too much by the time between two collections. */
  waitMs?: { min: number; max: number; told: number };
  leaked: number;
  lockedToThread: number;
  system?: true;
  benign?: string;
  /** Where it took a lock before, and did not give it back, as its code has it. */
  tookLock?: Frame;
  labels?: Record<string, string>;
  /** With --group-by: the values it stands for. */
  by?: Record<string, string>;
  ids?: string[];
  elided?: true;
}

export interface GoroutineData {
  id: string | null;
  state: string;
  system?: true;
  waitMs?: number;
  frames: Frame[];
  createdBy?: Frame;
  labels?: Record<string, string>;
  /** Id of the goroutine that started it, where the source tells it. */
  createdById?: string;
  lockedToThread?: true;
  /** Addresses of the channels it waits for, where the source tells them. */
  channels?: string[];
  /** Address of the lock, WaitGroup or Cond it waits for. */
  lock?: string;
  /** From memory: the descriptor of an IO wait, and who is at the other end. */
  fd?: number;
  peer?: string;
}

export interface GoroutinesData {
  total: number;
  source: string;
  goVersion: string | null;
  format: Dump['format'];
  profile: Dump['profile'];
  reason?: string;
  groups: GroupData[];
  goroutines?: GoroutineData[];
  locks: { address: string | null; count: number; type?: string; holders: { id: string | null; place: string; state: string }[] }[];
  /** Of a look into memory: what it cost, channels, connections. */
  memory?: MemoryFacts;
  trace?: TraceFacts;
  /** What keeps this process alive when it is to end. */
  reload: { shuttingDown: boolean; requests: number; keepers: Keeper[] };
}

export interface DataOptions {
  list: boolean;
  where?: Where;
  groupBy: string[];
}

export function buildData(dump: Dump, source: string, options: DataOptions): GoroutinesData {
  const keepers = keepersOf(dump.groups).map((keeper) => ({ ...keeper, place: shown(keeper.place) }));
  return {
    total: dump.total,
    source,
    goVersion: dump.goVersion ?? null,
    format: dump.format,
    profile: dump.profile,
    ...(dump.reason !== undefined && { reason: shown(dump.reason) }),
    groups: groupsOf(dump, options),
    ...(options.list && { goroutines: goroutinesOf(dump, options.where) }),
    locks: contendedLocks(dump.groups).slice(0, MOST_LOCKS).map(({ address, count, type, holders }) => ({
      address: address ?? null,
      count,
      ...(type !== undefined && { type: shown(type) }),
      holders: holders.slice(0, MOST_IDS).map(({ sample, frame, group }) => ({ id: sample?.id ?? null, place: shown(placeOf(frame)), state: group.state })),
    })),
    reload: {
      shuttingDown: keepers.some(({ kind }) => kind === 'shutdown'),
      requests: keepers.filter(({ kind }) => kind === 'request').reduce((sum, { count }) => sum + count, 0),
      keepers,
    },
  };
}

/** Bytes of the dump as text. */
function shown(text: string): string {
  return decodeText(text).text;
}

const frameCache = new WeakMap<Frame, Frame>();

function shownFrame(frame: Frame): Frame {
  let known = frameCache.get(frame);
  if (!known) frameCache.set(frame, (known = { func: shown(frame.func), file: shown(frame.file), line: frame.line }));
  return known;
}

function shownLabels(labels: Readonly<Record<string, string>>): Record<string, string> | undefined {
  const entries = Object.entries(labels);
  return entries.length === 0 ? undefined : Object.fromEntries(entries.map(([name, value]) => [shown(name), shown(value)]));
}

interface Selected {
  group: Group;
  count: number;
  wait?: { min: number; max: number; told: number };
  ids: string[];
}

/** Of each group as many as the filter lets through. */
function selected(dump: Dump, where: Where | undefined): Selected[] {
  if (!where) return dump.groups.map((group) => ({ group, count: group.count, ids: idsOf(group), ...(group.wait && { wait: group.wait }) }));
  if (!dump.rows) {
    const fitting = dump.groups.filter((group) => where({ group, ...(group.wait && { waitMs: group.wait.max * MINUTE }) }));
    return fitting.map((group) => ({ group, count: group.count, ids: idsOf(group), ...(group.wait && { wait: group.wait }) }));
  }
  const found = new Map<number, Selected>();
  for (const row of dump.rows) {
    const { id, waitMinutes, group: index } = row;
    const group = dump.groups[index]!;
    if (!where({ group, row, ...(id !== undefined && { id }), ...(waitMinutes !== undefined && { waitMs: waitMinutes * MINUTE }) })) continue;
    let one = found.get(index);
    if (!one) found.set(index, (one = { group, count: 0, ids: [] }));
    one.count++;
    if (id !== undefined && one.ids.length < MOST_IDS) one.ids.push(id);
    if (waitMinutes !== undefined) one.wait = widened(one.wait, { min: waitMinutes, max: waitMinutes, told: 1 });
  }
  return [...found.values()];
}

function widened(known: Selected['wait'], more: NonNullable<Selected['wait']>): NonNullable<Selected['wait']> {
  return known ? { min: Math.min(known.min, more.min), max: Math.max(known.max, more.max), told: known.told + more.told } : more;
}

function idsOf({ samples }: Group): string[] {
  return samples.slice(0, MOST_IDS).flatMap(({ id }) => id ?? []);
}

interface Draft {
  first: Selected;
  states: Set<string>;
  count: number;
  leaked: number;
  locked: number;
  wait?: NonNullable<Selected['wait']>;
  ids: string[];
  labels: Set<string>;
  by?: Record<string, string>;
}

/** Merged by stack whatever the labels, or by the attributes asked for; largest first. */
function groupsOf(dump: Dump, { where, groupBy }: DataOptions): GroupData[] {
  const drafts = new Map<string, Draft[]>();
  for (const one of selected(dump, where).sort((a, b) => b.count - a.count)) {
    const by = groupBy.length === 0 ? undefined : Object.fromEntries(groupBy.map((name) => [name, wordOf(attributeOf({ group: one.group }, name))]));
    const key = by ? JSON.stringify(by) : stackKey(one.group);
    const alike = drafts.get(key) ?? [];
    let draft = by ? alike[0] : alike.find(({ first }) => isSameStack(first.group, one.group));
    if (!draft) {
      draft = { first: one, states: new Set(), count: 0, leaked: 0, locked: 0, ids: [], labels: new Set(), ...(by && { by }) };
      drafts.set(key, [...alike, draft]);
    }
    draft.count += one.count;
    draft.leaked += Math.min(one.group.leaked, one.count);
    draft.locked += Math.min(one.group.lockedToThread, one.count);
    draft.states.add(one.group.state);
    draft.labels.add(JSON.stringify(one.group.labels));
    if (one.wait) draft.wait = widened(draft.wait, one.wait);
    draft.ids.push(...one.ids.slice(0, MOST_IDS - draft.ids.length));
  }
  return [...drafts.values()].flat().map((draft) => groupData(draft, dump.total)).sort((a, b) => b.count - a.count || (a.site < b.site ? -1 : a.site > b.site ? 1 : 0));
}

/** Equal for equal stacks; others are told by their frames. */
function stackKey({ state, frames, creator, system }: Group): string {
  const [top] = frames;
  return [state, system, frames.length, top?.func, top?.line, frames.at(-1)?.line, siteOf(frames)?.func, creator?.func, creator?.line].join('\n');
}

function isSameStack(a: Group, b: Group): boolean {
  // Of the same source they are the same objects.
  return a.frames.every((frame, index) => {
    const other = b.frames[index]!;
    return frame === other || (frame.func === other.func && frame.line === other.line && frame.file === other.file);
  });
}

function wordOf(value: unknown): string {
  return Array.isArray(value) ? String(value[0] ?? '') : String(value ?? '');
}

function groupData({ first, states, count, leaked, locked, wait, ids, labels: labelSets, by }: Draft, total: number): GroupData {
  const { group } = first;
  const { frames, creator, system, elided } = group;
  const site = siteOf(frames);
  // What was grouped by something else has its own things in it: the first speaks for none but itself.
  const benign = by ? undefined : (benignReason(group) ?? (isTimed(group) ? 'a timer wakes them' : undefined));
  // Labels are those of the group when all of it has the same.
  const labels = labelSets.size === 1 ? shownLabels(group.labels) : undefined;
  return {
    count,
    share: total > 0 ? Math.min(1, count / total) : 0,
    state: states.size === 1 ? group.state : 'several',
    frames: frames.map(shownFrame),
    ...(creator && { createdBy: shownFrame(creator) }),
    site: site ? shown(placeOf(site)) : '',
    owner: ownerOfStack(frames, creator),
    ...(wait && { waitMs: { min: wait.min * MINUTE, max: wait.max * MINUTE, told: wait.told } }),
    leaked,
    lockedToThread: locked,
    ...(system && !by && { system: true as const }),
    ...(benign !== undefined && { benign }),
    ...(group.took && !by && { tookLock: shownFrame(group.took) }),
    ...(labels && { labels }),
    ...(by && { by }),
    ...(ids.length > 0 && { ids }),
    ...(elided && { elided: true as const }),
  };
}

function goroutinesOf(dump: Dump, where: Where | undefined): GoroutineData[] {
  if (!dump.rows) {
    // A profile has no single ones: each group so many times, without ids.
    return selected(dump, where).flatMap(({ group, count }) => Array.from({ length: count }, () => goroutine(group, {}, undefined)));
  }
  const found: GoroutineData[] = [];
  for (const row of dump.rows) {
    const { id, waitMinutes, group: index } = row;
    const group = dump.groups[index]!;
    const waitMs = waitMinutes === undefined ? undefined : waitMinutes * MINUTE;
    if (where && !where({ group, row, ...(id !== undefined && { id }), ...(waitMs !== undefined && { waitMs }) })) continue;
    found.push(goroutine(group, row, waitMs));
  }
  return found;
}

const shapes = new WeakMap<Group, Omit<GoroutineData, 'id' | 'waitMs'>>();

function goroutine(group: Group, { id, parent, lockedToThread, channels, lock }: Partial<Row>, waitMs: number | undefined): GoroutineData {
  let shape = shapes.get(group);
  if (!shape) {
    const labels = shownLabels(group.labels);
    shape = {
      state: group.state,
      ...(group.system && { system: true as const }),
      frames: group.frames.map(shownFrame),
      ...(group.creator && { createdBy: shownFrame(group.creator) }),
      ...(labels && { labels }),
    };
    shapes.set(group, shape);
  }
  const all: GoroutineData = { id: id ?? null, ...(waitMs !== undefined && { waitMs }), ...shape };
  if (parent !== undefined) all.createdById = parent;
  if (lockedToThread) all.lockedToThread = true;
  if (channels && channels.length > 0) all.channels = channels;
  if (lock !== undefined) all.lock = lock;
  return all;
}
