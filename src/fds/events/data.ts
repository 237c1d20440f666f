/** What events add to `data`. */
import { groupKeys } from '../../kernel/groups.ts';
import type { Snapshot } from '../../kernel/types.ts';
import { perEvent } from '../../series/index.ts';
import type { FdsData } from '../data.ts';
import type { Group } from '../groups.ts';
import type { Measured } from './measure.ts';
import type { LeftGroup, Residue } from './residue.ts';

export interface EventRow {
  /** From 1. */
  index: number;
  /** The command ended with 0; an Enter is always ok. */
  ok: boolean;
  /** null: it was killed, could not be started, or there was no command. */
  exitCode: number | null;
  durationMs: number;
  /** The table came to rest after it. */
  settled: boolean;
  /** Against the floor before; null when there is no floor after it. */
  opened: number | null;
  closed: number | null;
  /** Opened by it, there at the end, and not in place of something older. */
  left: number | null;
  problem?: string;
}

/** One group of which something was left. */
export type ResidueRow = Pick<LeftGroup, 'kind' | 'key' | 'quality' | 'restless' | 'leftPerEvent' | 'atStart' | 'atEnd' | 'example'>;

export interface EventData {
  events: EventRow[];
  residue: ResidueRow[];
  /** Processes replaced by an event. */
  generations: { event: number; gone: number[]; come: number[] }[];
}

export type EventFdsData = Omit<FdsData, 'groups'> & EventData & { groups: (Group & { leftPerEvent?: number[] })[] };

/**
 * `data` of a look that ended a run of events: the last table, and what each event opened, closed and left.
 * @param snapshot of the last look, which `data` was built of; @param residue null when no floor was taken: then nothing can be told
 */
export function withEvents(data: FdsData, snapshot: Snapshot, measured: Measured, residue: Residue | null): EventFdsData {
  return {
    ...data,
    groups: residue ? withLeft(data.groups, snapshot, residue) : data.groups,
    events: measured.events.map(({ measured: hasFloor, index, ok, exitCode, durationMs, settled, problem }) => {
      const of = (counts: readonly number[] | undefined): number | null => (hasFloor ? (counts?.[index - 1] ?? 0) : null);
      return {
        index, ok, exitCode, durationMs, settled, opened: of(residue?.openedPerEvent), closed: of(residue?.closedPerEvent), left: of(residue?.leftPerEvent),
        ...(problem !== undefined && { problem }),
      };
    }),
    residue: (residue?.groups ?? []).filter(({ leftPerEvent }) => leftPerEvent.some((left) => left > 0)).map(rowOf),
    generations: measured.generations,
  };
}

function rowOf({ kind, key, quality, restless, leftPerEvent, atStart, atEnd, example }: LeftGroup): ResidueRow {
  return { kind, key, quality, restless, leftPerEvent, atStart, atEnd, ...(example !== undefined && { example }) };
}

/** By the groups of the last look; those of the whole run may be wider. With --group-by there are others. */
function withLeft(groups: readonly Group[], snapshot: Snapshot, { left, event }: Residue): EventFdsData['groups'] {
  const keys = groupKeys(snapshot.tables.flatMap(({ fds }) => fds));
  const byGroup = new Map<string, number[]>();
  for (const [fd, number] of left) {
    const id = `${fd.kind}\0${keys.get(fd) ?? ''}`;
    const known = byGroup.get(id);
    if (known) known.push(number);
    else byGroup.set(id, [number]);
  }
  return groups.map((group) => {
    const numbers = byGroup.get(`${group.kind}\0${group.key}`);
    return numbers ? { ...group, leftPerEvent: perEvent(numbers, event.events) } : group;
  });
}
