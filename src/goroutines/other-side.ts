/** Who is at the other side of what many send to: back pressure is no leak. */
import type { Group, Sample } from '../kernel/goroutines.ts';
import { benignReason, SLEEPING } from './benign.ts';
import { ownerOf, placeOf, siteOf } from './names.ts';
import { isServing } from './requests.ts';
import { allOnOne, type Site, waitsForMinutes } from './sites.ts';
import { isBlocking } from './states.ts';

export interface OtherSide {
  id?: string;
  place: string;
  state: string;
  /** It has what they wait for at hand, or for that it runs what started them: then nothing says that it receives; or it was started together with them. */
  by: 'address' | 'creator' | 'family';
}

/**
 * One that has what all of them wait for, or what that is part of, among its arguments, and is not one of them: it may be the
 * one that receives. Who runs the same code is between two sends; who started them comes last.
 */
export function otherSideOf(site: Site, groups: readonly Group[]): OtherSide | undefined {
  const object = allOnOne(site);
  if (object === undefined) return undefined;
  const senders = new Set(site.groups.flatMap(({ frames }) => frames.filter((frame) => ownerOf(frame) !== 'stdlib').map(({ func }) => func)));
  const creators = new Set(site.creators.map(({ func }) => func));
  const found: OtherSide[] = [];
  for (const { group, sample } of (viewOf(groups).byAddress ??= byAddress(groups)).get(object) ?? []) {
    if (site.groups.includes(group) || group.state === site.state || group.frames.some(({ func }) => senders.has(func))) continue;
    const frame = siteOf(group.frames);
    if (frame) found.push({ place: placeOf(frame), state: group.state, by: group.frames.some(({ func }) => creators.has(func)) ? 'creator' : 'address', ...(sample.id !== undefined && { id: sample.id }) });
  }
  return found.find(({ by }) => by === 'address') ?? found[0];
}

/**
 * One that the same goroutine started in the same function, and that runs other code, for something outside: who makes a channel
 * mostly starts both its ends. What leaks was mostly started by many, which have ended.
 */
export function siblingOf(site: Site, groups: readonly Group[]): OtherSide | undefined {
  const { groups: own, creators, parents, wait } = site;
  const [creator] = creators;
  // One that got on since would have received.
  const minutes = wait?.min ?? 0;
  if (!creator || !waitsForMinutes(site) || creators.length > 1 || creator.func === 'main.main' || ownerOf(creator) === 'stdlib' || parents.different !== 1 || parents.gone > 0) return undefined;
  const parent = own.flatMap(({ samples }) => samples.flatMap((sample) => sample.parent ?? []))[0];
  for (const group of groups) {
    if (group.system || isBlocking(group.state) || group.creator?.func !== creator.func || own.includes(group) || hasOtherWork(group)) continue;
    const frame = siteOf(group.frames);
    const sample = group.samples.find((one) => one.parent === parent && (one.waitMinutes ?? 0) >= minutes);
    if (!sample || !frame || ownerOf(frame) === 'stdlib') continue;
    return { place: placeOf(frame), state: group.state, by: 'family', ...(sample.id !== undefined && { id: sample.id }) };
  }
  return undefined;
}

/** Loops of servers and of libraries are started beside everything, and receive nothing of the program's. */
function hasOtherWork(group: Group): boolean {
  const why = benignReason(group);
  return (why !== undefined && why !== SLEEPING) || isServing(group);
}

/** How many that were started with the same function are somewhere else, and not blocked there. */
export function othersAtWork(site: Site, groups: readonly Group[]): number {
  const known = (viewOf(groups).atWork ??= atWork(groups));
  // Those of the site are blocked: they are not among them.
  return [...new Set(site.groups.map(entryOf))].reduce((sum, entry) => sum + (known.get(entry) ?? 0), 0);
}

/** All of a dump, looked through once for all its sites. */
interface View {
  /** Made when it is first asked for: most dumps have no such site. */
  byAddress?: Map<string, { group: Group; sample: Sample }[]>;
  /** How many are not blocked, by what they were started with. */
  atWork?: Map<string, number>;
}

const views = new WeakMap<readonly Group[], View>();

function viewOf(groups: readonly Group[]): View {
  let view = views.get(groups);
  if (!view) views.set(groups, (view = {}));
  return view;
}

function byAddress(groups: readonly Group[]): NonNullable<View['byAddress']> {
  const found: NonNullable<View['byAddress']> = new Map();
  for (const group of groups) {
    if (group.system) continue;
    const seen = new Set<string>();
    for (const sample of group.samples) {
      for (const [index, words] of sample.args.entries()) {
        const frame = group.frames[index];
        if (words.length === 0 || frame === undefined || ownerOf(frame) === 'stdlib') continue;
        for (const word of words) {
          // One of a group speaks for it.
          if (!seen.has(word)) push(found, word, { group, sample });
          seen.add(word);
        }
      }
    }
  }
  return found;
}

function atWork(groups: readonly Group[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const group of groups) if (!group.system && !isBlocking(group.state)) found.set(entryOf(group), (found.get(entryOf(group)) ?? 0) + group.count);
  return found;
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

function entryOf({ frames, creator }: Group): string {
  const entry = frames.findLast(({ func }) => func !== 'runtime.goexit');
  return `${entry?.func ?? ''}\n${creator?.func ?? ''}`;
}
