/** Who is at the other side of what many send to: back pressure is no leak. */
import type { Group } from '../kernel/goroutines.ts';
import { ownerOf, placeOf, siteOf } from './names.ts';
import { allOnOne, type Site } from './sites.ts';
import { isBlocking } from './states.ts';

export interface OtherSide {
  id?: string;
  place: string;
  state: string;
}

/** One that has what all of them wait for, or what that is part of, among its arguments, and is not one of them. */
export function otherSideOf(site: Site, groups: readonly Group[]): OtherSide | undefined {
  const object = allOnOne(site);
  if (object === undefined) return undefined;
  for (const group of groups) {
    if (group.system || site.groups.includes(group) || group.state === site.state) continue;
    const sample = group.samples.find(({ args }) => args.some((words, index) => words.includes(object) && group.frames[index] !== undefined && ownerOf(group.frames[index]) !== 'stdlib'));
    const frame = sample && siteOf(group.frames);
    if (frame) return { place: placeOf(frame), state: group.state, ...(sample.id !== undefined && { id: sample.id }) };
  }
  return undefined;
}

/** How many that were started with the same function are somewhere else, and not blocked there. */
export function othersAtWork(site: Site, groups: readonly Group[]): number {
  const entries = new Set(site.groups.map(entryOf));
  const others = groups.filter((group) => !group.system && !site.groups.includes(group) && entries.has(entryOf(group)) && !isBlocking(group.state));
  return others.reduce((sum, { count }) => sum + count, 0);
}

function entryOf({ frames, creator }: Group): string {
  const entry = frames.findLast(({ func }) => func !== 'runtime.goexit');
  return `${entry?.func ?? ''}\n${creator?.func ?? ''}`;
}
