/**
 * A second look, and a third, at what one look cannot judge: without waiting times a leak that is young looks like work of a
 * moment. Ids tell: work gets on; what leaks stays, and more comes.
 */
import type { Dump, Group } from '../kernel/goroutines.ts';
import type { GoroutinesEvent, Settled, Staying } from '../series/index.ts';
import { judgements } from './judge.ts';
import { cyclesOf } from './lock-cycles.ts';
import { behindTheLock } from './lock-channel.ts';
import { mayBeLost } from './lock-piles.ts';
import { contendedLocks } from './locks.ts';
import { comersOf } from './course.ts';
import { lasts } from './minutes.ts';
import { suspicionOf } from './reasons.ts';
import { blockedSites, placeKey, type Site, sitesOf, waitsForMinutes } from './sites.ts';

/** Three looks show two steps: what comes at once and then no more is a burst. */
export const MOST_LOOKS = 3;
const SOME = 10;

/** Is there anything in the dump that seconds may tell more of? */
export function lacksTime(event: GoroutinesEvent): boolean {
  const { groups, total } = event.dump;
  const young = blockedSites(groups, total).some((site) => site.count >= SOME && site.leaked === 0 && !waitsForMinutes(site) && mayPileUp(site));
  const found = judgements(event).some(({ id, site }) => id === 'goroutine/leak' && site.leaked === 0);
  const lost = contendedLocks(groups).some((lock) => mayBeLost(lock, event.dump));
  const behind = contendedLocks(groups).some((lock) => !lasts(lock.wait) && behindTheLock(lock, groups)?.only);
  return young || found || lost || behind || cyclesOf(contendedLocks(groups)).some(({ locks }) => locks.every(({ wait }) => !lasts(wait)));
}

/** Does a further look help? Where nothing came, or what was there went, two looks have said it. @param event of the last look */
export function mayTellMore({ places, unmoved }: Settled, { dump }: GoroutinesEvent): boolean {
  const { groups, total } = dump;
  const grows = blockedSites(groups, total).some((site) => {
    const staying = places.get(placeKey(site));
    return staying !== undefined && mayPileUp(site) && staying.stayed >= staying.before && comersOf(site, staying).every((count) => count > 0);
  });
  // Two looks tell whether anybody got on: a third is for those places where nobody did.
  const isLost = contendedLocks(groups).some((lock) => mayBeLost(lock, dump) && lock.waiters.every(({ group }) => stays(dump, group, places)));
  return grows || isLost || cyclesOf(contendedLocks(groups)).some(({ members }) => members.every(({ sample }) => sample?.id !== undefined && unmoved.has(sample.id)));
}

function stays({ groups, total }: Dump, group: Group, places: Settled['places']): boolean {
  return sitesOf(groups, total).every((site) => {
    const staying = places.get(placeKey(site));
    return !site.groups.includes(group) || (staying !== undefined && staying.stayed >= staying.before && staying.arrived.every((count) => count > 0));
  });
}

/** Senders that share a channel are behind a slow receiver, or behind none: ids tell. */
function mayPileUp(site: Site): boolean {
  return site.state === 'chan send' || suspicionOf(site) !== undefined;
}

/** @param dumps with rows, oldest first, at least two */
export function settle(dumps: readonly Dump[], windowMs: number): Settled {
  const looks = dumps.map(idsByPlace);
  const living = dumps.map(({ rows = [] }) => new Set(rows.flatMap(({ id }) => id ?? [])));
  const places = new Map<string, Staying>();
  for (const key of new Set(looks.flatMap((look) => [...look.keys()]))) {
    const at = looks.map((look) => look.get(key) ?? NOBODY);
    const [first = NOBODY, ...later] = at;
    const stayed = [...first].filter((id) => later.every((ids) => ids.has(id))).length;
    const fresh = later.map((ids, index) => [...ids].filter((id) => !living[index]!.has(id)).length);
    const arrived = later.map((ids, index) => [...ids].filter((id) => !at[index]!.has(id)).length);
    // Who came meanwhile must stay, too.
    const lost = later.slice(0, -1).some((ids, index) => [...ids].some((id) => !later[index + 1]!.has(id)));
    places.set(key, { before: first.size, stayed: lost ? Math.min(stayed, first.size - 1) : stayed, fresh, arrived });
  }
  const waits = dumps.map(waitsOf);
  const unmoved = [...(waits[0] ?? [])].filter(([id, wait]) => waits.every((look) => look.get(id) === wait)).map(([id]) => id);
  return { windowMs, looks: dumps.length, places, unmoved: new Set(unmoved) };
}

const NOBODY: ReadonlySet<string> = new Set();

function idsByPlace({ groups, total, rows = [] }: Dump): Map<string, Set<string>> {
  const keys = new Map<number, string>();
  for (const site of sitesOf(groups, total)) for (const { index } of site.groups) keys.set(index, placeKey(site));
  const found = new Map<string, Set<string>>();
  for (const { id, group } of rows) {
    const key = keys.get(group);
    if (id === undefined || key === undefined) continue;
    const known = found.get(key);
    if (known) known.add(id);
    else found.set(key, new Set([id]));
  }
  return found;
}

/** What each of those that were looked at closely waits for, and where. */
function waitsOf({ groups }: Dump): Map<string, string> {
  return new Map(groups.flatMap((group) => group.samples.flatMap((sample) => (sample.id === undefined || sample.object === undefined ? [] : [[sample.id, waitOf(group, sample.object)] as const]))));
}

function waitOf({ state, frames }: Group, object: string): string {
  return `${state} ${object} ${frames.map(({ line }) => line).join(' ')}`;
}
