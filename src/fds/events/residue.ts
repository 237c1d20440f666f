/** From floors to what each event left behind, in groups. */
import type { Fd, Snapshot } from '../../kernel/types.ts';
import { type Held, perEvent, type ResidueEvent, type ResidueGroup } from '../../series/index.ts';
import { groupSteps, type SteppedGroup } from './grouping.ts';
import type { Measured } from './measure.ts';

/** With what only the report needs. */
export interface LeftGroup extends ResidueGroup {
  atStart: number;
  atEnd: number;
}

export interface Residue {
  event: ResidueEvent;
  groups: LeftGroup[];
  openedPerEvent: number[];
  closedPerEvent: number[];
  leftPerEvent: number[];
  /** What is left, as the last look shows it, with the event it is left of. */
  left: Map<Fd, number>;
}

/** @param snapshot the last look: it names what is left better than a floor can */
export function residueOf(measured: Measured, snapshot: Snapshot, word: string): Residue | null {
  const nearest = nearestLimit(snapshot);
  if (!nearest) return null;
  const { events } = measured.floors;
  const all = measured.floors.all();
  renameBy(all, snapshot);
  const groups = groupSteps(all, measured.moving, events).sort((a, b) => sum(b.steps.leftPerEvent) - sum(a.steps.leftPerEvent) || b.steps.atEnd - a.steps.atEnd);
  const rows = groups.map(rowOf);
  const left = new Map(groups.flatMap(({ steps }) => steps.left.map(({ item, since }): [Fd, number] => [item, since])));
  return {
    event: { type: 'residue', label: snapshot.label, ...nearest, events, word, eventsUntilLimit: eventsLeft(snapshot, groups, events), groups: rows },
    groups: rows,
    openedPerEvent: perEvent(all.map(({ since }) => since), events),
    closedPerEvent: perEvent(all.map(({ until }) => until), events),
    leftPerEvent: perEvent(left.values(), events),
    left,
  };
}

/** The look at the end has more to tell of what is still there: states of sockets, sizes of files. */
function renameBy(all: readonly Held<Fd>[], snapshot: Snapshot): void {
  const now = new Map(snapshot.tables.flatMap(({ fds }) => fds).map((fd) => [`${fd.pid}:${fd.fd}:${fd.link}`, fd]));
  for (const held of all) {
    if (held.until !== undefined) continue;
    const { pid, fd, link } = held.item;
    held.item = now.get(`${pid}:${fd}:${link}`) ?? held.item;
  }
}

function rowOf({ kind, key, one, many, restless, steps }: SteppedGroup): LeftGroup {
  const example = steps.left[0]?.item;
  return {
    kind,
    key,
    one,
    many,
    quality: steps.quality,
    leftPerEvent: steps.leftPerEvent,
    restless,
    ...(example && { example: `/proc/${example.pid}/fd/${example.fd}` }),
    atStart: steps.atStart,
    atEnd: steps.atEnd,
  };
}

function nearestLimit(snapshot: Snapshot): Pick<ResidueEvent, 'process'> | undefined {
  const rows = snapshot.tables.map(({ process, fds }) => ({ process, open: fds.length, used: fds.length / (process.limit.soft ?? Infinity) }));
  const nearest = rows.sort((a, b) => b.used - a.used)[0];
  if (!nearest) return undefined;
  const { pid, startTime, limit } = nearest.process;
  return { process: { pid, startTime, open: nearest.open, limit } };
}

/** Of the process that is full first. What comes and goes by itself does not count. */
function eventsLeft(snapshot: Snapshot, groups: readonly SteppedGroup[], events: number): number | null {
  const left = new Map<number, number>();
  for (const { restless, steps } of groups) {
    if (!restless) for (const { item } of steps.left) left.set(item.pid, (left.get(item.pid) ?? 0) + 1);
  }
  let least: number | null = null;
  for (const { process, fds } of snapshot.tables) {
    const kept = left.get(process.pid) ?? 0;
    const { soft } = process.limit;
    if (kept === 0 || soft === null) continue;
    const more = Math.floor((Math.max(0, soft - fds.length) * events) / kept);
    least = Math.min(least ?? more, more);
  }
  return least;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
