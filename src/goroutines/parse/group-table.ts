/** Groups while a dump is read: the place where memory is bounded. */
import type { Group, Row, Sample } from '../../kernel/goroutines.ts';

/** Goroutines of a group that are looked at closely. */
export const MOST_SAMPLES = 64;
/** Locks or channels of one group that are told apart. */
const MOST_OBJECTS = 10_000;

export interface Seen {
  id?: string;
  waitMinutes?: number;
  lockedToThread?: boolean;
  leaked?: boolean;
  object?: string | undefined;
}

export class GroupTable {
  readonly groups: Group[] = [];
  readonly rows: Row[] | undefined;

  constructor(keepRows: boolean) {
    this.rows = keepRows ? [] : undefined;
  }

  add(group: Omit<Group, 'index' | 'count' | 'lockedToThread' | 'leaked' | 'samples' | 'manyObjects'>): Group {
    const added: Group = { ...group, index: this.groups.length, count: 0, lockedToThread: 0, leaked: 0, samples: [], manyObjects: false };
    this.groups.push(added);
    return added;
  }

  /** One goroutine more. `sample` when it was looked at closely. */
  count(group: Group, seen: Seen, sample?: Sample): void {
    group.count++;
    const { waitMinutes } = seen;
    if (waitMinutes !== undefined) {
      const wait = (group.wait ??= { min: waitMinutes, max: waitMinutes, told: 0 });
      if (waitMinutes < wait.min) wait.min = waitMinutes;
      if (waitMinutes > wait.max) wait.max = waitMinutes;
      wait.told++;
    }
    if (seen.lockedToThread) group.lockedToThread++;
    if (seen.leaked) group.leaked++;
    if (sample) group.samples.push(sample);
    if (seen.object !== undefined) countObject(group, seen.object);
    this.rows?.push({ group: group.index, ...(seen.id !== undefined && { id: seen.id }), ...(waitMinutes !== undefined && { waitMinutes }) });
  }
}

function countObject(group: Group, address: string): void {
  const objects = (group.objects ??= new Map());
  const known = objects.get(address);
  if (known !== undefined || objects.size < MOST_OBJECTS) objects.set(address, (known ?? 0) + 1);
  else group.manyObjects = true;
}
