/** Groups while a dump is read: the place where memory is bounded. */
import type { Group, Row, Sample } from '../../kernel/goroutines.ts';
import { LASTING_MINUTES } from '../minutes.ts';

/** Goroutines of a group that are looked at closely. */
export const MOST_SAMPLES = 64;
/** Locks or channels of one group that are told apart, */
const MOST_OBJECTS = 10_000;
/** and of all groups together. */
const MOST_OBJECTS_IN_ALL = 200_000;

export interface Seen {
  id?: string;
  /** The same as a number, where that is at hand already. */
  number?: number;
  waitMinutes?: number;
  lockedToThread?: boolean;
  leaked?: boolean;
  /** A timer will wake it. */
  timed?: boolean;
  /** Its address; below 0 when it is not told. */
  object?: number;
  /** Of a row only. */
  parent?: string | undefined;
  /** Addresses, where they are more than the one that `object` is. */
  channels?: readonly number[] | undefined;
}

export class GroupTable {
  readonly groups: Group[] = [];
  /** By the index of the group. As numbers: strings would be most of what a large dump costs. */
  private readonly objects: (Map<number, number> | undefined)[] = [];
  private objectsInAll = 0;
  readonly rows: Row[] | undefined;

  constructor(keepRows: boolean) {
    this.rows = keepRows ? [] : undefined;
  }

  add(group: Omit<Group, 'index' | 'count' | 'lasting' | 'lockedToThread' | 'leaked' | 'samples' | 'manyObjects'>): Group {
    const added: Group = { ...group, index: this.groups.length, count: 0, lasting: 0, lockedToThread: 0, leaked: 0, samples: [], manyObjects: false };
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
      if (waitMinutes >= LASTING_MINUTES) group.lasting++;
    }
    const number = seen.number ?? (seen.id === undefined ? 0 : Number(seen.id));
    if (number > 0) addAge(group, number, waitMinutes ?? 0);
    if (seen.lockedToThread) group.lockedToThread++;
    if (seen.leaked) group.leaked++;
    if (seen.timed) group.timed = (group.timed ?? 0) + 1;
    if (sample) group.samples.push(sample);
    if (seen.object !== undefined && seen.object >= 0) this.countObject(group, seen.object);
    this.rows?.push(rowOf(group, seen));
  }

  /** To be called when all was counted: from then on groups tell what they wait for. */
  finish(): void {
    for (const [index, objects] of this.objects.entries()) {
      if (objects) this.groups[index]!.objects = new Map([...objects].map(([address, count]) => [hexOf(address), count]));
    }
    this.objects.length = 0;
  }

  private countObject(group: Group, address: number): void {
    let objects = this.objects[group.index];
    if (!objects) this.objects[group.index] = objects = new Map();
    const known = objects.get(address);
    if (known !== undefined) objects.set(address, known + 1);
    else if (objects.size < MOST_OBJECTS && this.objectsInAll < MOST_OBJECTS_IN_ALL) {
      objects.set(address, 1);
      this.objectsInAll++;
    } else group.manyObjects = true;
  }
}

function addAge(group: Group, id: number, minutes: number): void {
  const ages = (group.ages ??= { count: 0, ids: 0, ids2: 0, minutes: 0, minutes2: 0, both: 0 });
  ages.count++;
  ages.ids += id;
  ages.ids2 += id * id;
  ages.minutes += minutes;
  ages.minutes2 += minutes * minutes;
  ages.both += id * minutes;
}

function rowOf({ index, objectKind }: Group, { id, waitMinutes, parent, lockedToThread, channels, object = -1 }: Seen): Row {
  const row: Row = { group: index };
  if (id !== undefined) row.id = id;
  if (waitMinutes !== undefined) row.waitMinutes = waitMinutes;
  if (parent !== undefined) row.parent = parent;
  if (lockedToThread) row.lockedToThread = true;
  if (channels) row.channels = channels.map(hexOf);
  else if (object >= 0 && objectKind === 'channel') row.channels = [hexOf(object)];
  else if (object >= 0 && objectKind === 'lock') row.lock = hexOf(object);
  return row;
}

function hexOf(address: number): string {
  return `0x${address.toString(16)}`;
}
