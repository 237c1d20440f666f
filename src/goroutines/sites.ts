/** Groups that wait at the same place for the same reason, whatever the way there: what findings are about. */
import type { Frame, Group, ObjectKind } from '../kernel/goroutines.ts';
import { benignReason } from './benign.ts';
import { isRuntime, ownerOf, type Owner, placeOf, siteOf } from './names.ts';
import { isRequest } from './requests.ts';
import { isBlocking } from './states.ts';

export interface Site {
  state: string;
  frame: Frame;
  /** `main.query.func1 (query.go:24)`. */
  place: string;
  owner: Owner;
  groups: Group[];
  count: number;
  share: number;
  leaked: number;
  /** Minutes, as the runtime tells them, and of how many it is told. */
  wait?: { min: number; max: number; told: number };
  /** How many have waited for minutes. */
  lasting: number;
  creators: Frame[];
  /** Of those that were looked at closely: who tells its creator, and whose creator has ended. */
  parents: { told: number; gone: number; different: number };
  /** Most of those were started together with one that reads from a connection. */
  withReader: boolean;
  /** Objects they wait for and how many wait for each, where all of them are known. */
  objects?: { kind: ObjectKind; addresses: ReadonlyMap<string, number>; known: number };
  benign?: string;
}

/** Equal for the same place in dumps of the same program. */
export function placeKey({ state, frame }: Pick<Site, 'state' | 'frame'>): string {
  return `${state}\n${frame.func}\n${frame.line}`;
}

const cache = new WeakMap<readonly Group[], Site[]>();

/** Largest first. Sites of goroutines that run, sleep or wait for the network are among them. @param total goroutines of the program */
export function sitesOf(groups: readonly Group[], total: number): Site[] {
  const known = cache.get(groups);
  if (known) return known;
  const sites = new Map<string, Site>();
  for (const group of groups) {
    if (group.system) continue;
    const frame = siteOf(group.frames);
    if (!frame) continue;
    const benign = benignReason(group);
    const key = [group.state, frame.func, frame.file, frame.line, benign ?? ''].join('\0');
    let site = sites.get(key);
    if (!site) {
      site = { state: group.state, frame, place: placeOf(frame), owner: ownerOf(frame), groups: [], count: 0, share: 0, leaked: 0, lasting: 0, creators: [], parents: { told: 0, gone: 0, different: 0 }, withReader: false, ...(benign !== undefined && { benign }) };
      sites.set(key, site);
    }
    add(site, group);
  }
  const found = [...sites.values()].sort((a, b) => b.count - a.count || (a.place < b.place ? -1 : 1));
  const readers = parentsOf(groups.filter(({ state }) => state === 'IO wait'));
  for (const site of found) {
    const parents = [...parentsOf(site.groups)];
    site.parents.different = parents.length;
    site.withReader = parents.length > 0 && parents.filter((id) => readers.has(id)).length >= parents.length * SOME_OVERLAP;
    site.share = total > 0 ? site.count / total : 0;
    const objects = objectsOf(site.groups);
    if (objects) site.objects = objects;
  }
  cache.set(groups, found);
  return found;
}

/** Samples are the first of each group: those of two groups are not quite the same. */
const SOME_OVERLAP = 0.25;

function parentsOf(groups: readonly Group[]): Set<string> {
  return new Set(groups.flatMap(({ samples }) => samples.flatMap(({ parent }) => parent ?? [])));
}

function add(site: Site, group: Group): void {
  site.groups.push(group);
  site.count += group.count;
  site.leaked += group.leaked;
  site.lasting += group.lasting;
  if (group.wait) {
    const { min, max, told } = group.wait;
    site.wait = site.wait ? { min: Math.min(site.wait.min, min), max: Math.max(site.wait.max, max), told: site.wait.told + told } : { min, max, told };
  }
  site.parents.told += group.parents?.told ?? 0;
  site.parents.gone += group.parents?.gone ?? 0;
  const { creator } = group;
  if (creator && !site.creators.some((one) => one.func === creator.func && one.line === creator.line)) site.creators.push(creator);
}

function objectsOf(all: readonly Group[]): Site['objects'] {
  const groups = all.filter(({ objects, manyObjects, objectKind }) => objects && !manyObjects && objectKind !== undefined);
  const [only] = groups;
  if (groups.length === 1 && only) return { kind: only.objectKind!, addresses: only.objects!, known: [...only.objects!.values()].reduce((sum, count) => sum + count, 0) };
  const addresses = new Map<string, number>();
  let kind: ObjectKind | undefined;
  let known = 0;
  for (const { objects, objectKind } of groups) {
    kind ??= objectKind;
    for (const [address, count] of objects!) {
      addresses.set(address, (addresses.get(address) ?? 0) + count);
      known += count;
    }
  }
  return kind === undefined ? undefined : { kind, addresses, known };
}

/** Sites where goroutines wait for each other, those by design aside. */
export function blockedSites(groups: readonly Group[], total: number): Site[] {
  return sitesOf(groups, total).filter((site) => site.leaked > 0 || (isBlocking(site.state) && site.benign === undefined && !site.groups.every(isTimed)));
}

/** Of many tickers one or another has just fired. */
const NEARLY_ALL = 0.9;

/** A timer wakes them: as those that sleep, they wait for nobody. */
export function isTimed({ timed = 0, count }: Group): boolean {
  return timed > 0 && timed >= count * NEARLY_ALL;
}

/** Every one of those with a known object waits for one of its own. */
export function eachOnItsOwn({ objects, count }: Site): boolean {
  return objects !== undefined && objects.known >= Math.min(count, 2) && objects.addresses.size >= 2 && objects.addresses.size === objects.known;
}

/** All known ones wait for the same. */
export function allOnOne({ objects }: Site): string | undefined {
  return objects && objects.addresses.size === 1 && objects.known >= 2 ? [...objects.addresses.keys()][0] : undefined;
}

/** Have half of them waited for minutes, at least? The others may have come since. */
export function waitsForMinutes({ lasting, count }: Site): boolean {
  return lasting > 0 && lasting >= count / 2;
}

/** Did nearly all outlive the goroutines that started them? */
export function outlivedCreators({ parents: { told, gone, different } }: Site): boolean {
  // What one goroutine set up for the life of the program outlives that, too.
  return gone >= 5 && gone >= told * 0.8 && different >= told / 4;
}

/** Does every goroutine of it run in a handler of net/http, HTTP/2 or gRPC? */
export function isHandler(site: Site): boolean {
  return site.groups.every(({ frames }) => isRequest(frames));
}

/** Is the wait in the code of the site itself, and not in something of the standard library that it called? */
export function waitsItself({ groups, frame }: Site): boolean {
  return groups.every(({ frames }) => {
    const at = frames.findIndex(({ func, line }) => func === frame.func && line === frame.line);
    return frames.slice(0, at).every(({ func }) => isRuntime(func));
  });
}
