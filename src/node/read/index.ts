/** Asks an attached process for its handles, piece by piece, so that its loop never pauses for long. */
import { InspectorError } from '../../effects/inspector/connection.ts';
import type { CoverageLog } from '../../kernel/coverage.ts';
import type { Attachment } from '../attach/index.ts';
import type { Frame } from '../model.ts';
import { listHandles, NEW_LISTING } from '../probe/list.ts';
import type { RawHandle, RawList, RawUv } from '../probe/raw.ts';
import { stillUnread } from '../probe/unread.ts';
import { listUv } from '../probe/uv.ts';
import { remoteCluster, withClustered, withoutStandIns } from './cluster.ts';
import { placeText } from '../join/sites.ts';
import { asList, asNumber, decodeHandles, decodeList, decodeUv } from './decode.ts';
import { releaseFiles, settleFiles } from './files.ts';
import { listParts, parseAnswer } from './parts.ts';
import { placesOf } from './places.ts';
import { Realm, type Remote, remoteOf } from './remote.ts';
import { readTimers } from './timers.ts';
import { readWorkers } from './workers.ts';

/** What one thread told. */
export interface ThreadList {
  thread: number;
  name: string;
  list: RawList;
  timers?: RawHandle[];
  uv?: RawUv[];
  /** By index, of `list` and of `timers`. */
  places: Map<number, Frame>;
  timerPlaces: Map<number, Frame>;
  /** Servers whose listener the primary of a cluster has. */
  served?: RawHandle[];
  servedPlaces?: Map<number, Frame>;
  /** URLs of source maps, by the name of the script. */
  maps?: Map<string, string>;
  /** Where a stream was found that nobody reads: a second look at the same, by descriptor. Throws InspectorError. */
  unreadAgain?: () => Promise<number[]>;
}

/** What a second look needs is kept in the target until we have gone, under a name of its own. */
let lists = 0;

const MOST_HANDLES = 50_000;
const MOST_TIMERS = 50_000;
/** Handles listed at once: a few ms of the target's time. */
const PART = 700;

/** Of the main thread. */
interface Asking {
  /** Sockets and pipes that were open before we came: where the handles explain them all, less is asked. */
  fds: readonly number[];
  /** Done while the target makes its list. */
  meanwhile?(): Promise<void>;
}

/** Throws InspectorError when the process does not answer; what else fails is in the coverage. */
export async function readThreads({ connection }: Pick<Attachment, 'connection'>, timeoutMs: number, coverage: CoverageLog, asking?: Asking): Promise<ThreadList[]> {
  const realm = new Realm(connection, timeoutMs);
  const main = await readThread(realm, timeoutMs, coverage, { thread: 0, name: 'main', ...asking, ...(asking && { again: true }) });
  const workers = main.list.runtime === 'node' ? await readWorkers(connection, timeoutMs, coverage) : [];
  return [main, ...workers];
}

/** The list of the preload alone: no timers, no functions, no workers. Throws InspectorError. */
export async function readPlain({ connection }: Pick<Attachment, 'connection'>, timeoutMs: number, coverage: CoverageLog): Promise<ThreadList> {
  const { json } = await connection.call('Reloadctl.list', {}, timeoutMs);
  coverage.note({ source: 'timers', status: 'unsupported', detail: 'the process may not inspect itself (--permission): timers, workers and callbacks are not listed', needed: false });
  return { thread: 0, name: 'main', list: decodeList(parseAnswer(json)), places: new Map(), timerPlaces: new Map() };
}

export async function readThread(realm: Realm, timeoutMs: number, coverage: CoverageLog, who: Partial<Asking> & { thread: number; name: string; again?: boolean }): Promise<ThreadList> {
  const { thread } = who;
  // A watch comes again and again: once is enough.
  if (thread === 0 && who.fds) await settleFiles(realm, timeoutMs);
  const group = `reloadctl.suspects.${++lists}`;
  const listing = await realm.object(NEW_LISTING, group);
  if (!listing) throw new InspectorError('refused', 'the target makes no objects');
  const list = await listAll(realm, listing, who.meanwhile);
  if (thread === 0 && list.preloaded) await releaseFiles(realm);
  if (list.runtime !== 'node') {
    const detail = list.named ? `${list.runtime} names what it has open: without descriptors, and without the lines that made it` : `${list.runtime} does not list its handles`;
    coverage.note({ source: 'handles', status: list.named ? 'partial' : 'unsupported', detail, fix: `reloadctl fds ${list.pid}`, needed: !list.named });
  }
  if (list.cut > 0) coverage.note({ source: 'handles', status: 'partial', seen: list.handles.length, total: list.handles.length + list.cut, needed: false });
  const result: ThreadList = { thread, name: who.name, list, places: new Map(), timerPlaces: new Map() };
  const found = await readTimers(realm, MOST_TIMERS).catch(() => undefined);
  const timers = found?.remote;
  if (found) {
    const { handles, cut, left } = found.timers;
    result.timers = handles;
    if (cut + left > 0) coverage.note({ source: 'timers', status: 'partial', seen: handles.length, total: handles.length + cut + left, needed: false });
  } else coverage.note({ source: 'timers', status: 'unsupported', detail: 'this runtime does not show its list of timers', needed: false });
  const cluster = thread === 0 ? await remoteCluster(realm, list).catch(() => undefined) : undefined;
  if (cluster) result.served = withClustered(list.handles, decodeHandles(await jsonOf(realm, cluster)));
  // It costs the target the more the more handles there are, and is only needed for what they do not explain.
  const uv = needsUv(list, who.fds) ? decodeUv(await realm.value(`(${String(listUv)})()`).catch(() => undefined)) : [];
  if (uv) result.uv = uv;
  try {
    const functions: (Remote | undefined)[] = [];
    for (const answer of [listing, timers, cluster]) functions.push(answer && (await functionsOf(realm, answer)));
    const { places: [places, timerPlaces, servedPlaces], maps } = await placesOf(realm, functions, list.preloaded || list.handles.some(({ stack }) => stack !== undefined), timeoutMs);
    result.maps = maps;
    result.places = places ?? result.places;
    result.timerPlaces = timerPlaces ?? result.timerPlaces;
    if (servedPlaces) result.servedPlaces = servedPlaces;
    nameAlike(list.handles, list.alike, result.places);
    nameAlike(result.timers ?? [], found?.timers.alike, result.timerPlaces);
  } catch {
    coverage.note({ source: 'callbacks', status: 'partial', detail: 'where functions are written was not told in time', needed: false });
  }
  const unnamed = (result.timers ?? []).filter(({ fn, stack }) => fn === undefined && stack === undefined).length;
  if (unnamed > 0) coverage.note({ source: 'callbacks', status: 'partial', detail: `of ${unnamed} timers nobody knows where their functions are written: there are too many, each of its own`, fix: 'node --import reloadctl/register knows the lines that made them', needed: false });
  if (result.timers && result.served) result.timers = withoutStandIns(result.timers, result.served, ({ fn }) => fn?.some((index) => result.timerPlaces.has(index)) === true);
  await realm.release();
  if (who.again && [...list.handles, ...list.extras].some(({ http, unread }) => http?.unread || unread)) {
    result.unreadAgain = async () => asList(parseAnswer(await realm.callValue(listing, stillUnread))).flatMap((fd) => asNumber(fd) ?? []);
  } else await realm.release(group);
  return result;
}

/** The first part has what there is once. */
async function listAll(realm: Realm, listing: Remote, meanwhile: Asking['meanwhile']): Promise<RawList> {
  let all: RawList | undefined;
  await listParts(realm, listing, [listHandles, MOST_HANDLES, PART], (part) => {
    const { handles, left, alike, ...once } = decodeList(part);
    all ??= { ...once, handles: [], left };
    for (const handle of handles) all.handles.push(handle);
    all.left = left;
    if (alike) all.alike = alike;
  }, meanwhile);
  if (!all) throw new InspectorError('refused', 'the target lists nothing');
  all.cut += all.left;
  return all;
}

/** A function that stands for others has a place that is theirs, too, where all of its group that were asked for have the same. */
function nameAlike(handles: readonly RawHandle[], alike: readonly number[][] = [], places: ReadonlyMap<number, Frame>): void {
  const standsFor = alike.map((indices) => {
    const found = new Set(indices.map((index) => places.get(index)).map((place) => place && placeText(place)));
    return found.size === 1 ? indices[0] : undefined;
  });
  for (const handle of handles) {
    const index = handle.fn === undefined && handle.like !== undefined ? standsFor[handle.like] : undefined;
    if (index !== undefined) handle.fn = [index];
  }
}

/** Paths that are watched are told by libuv only, and so are handles that do not keep the loop alive. */
function needsUv({ handles }: RawList, fds: readonly number[] | undefined): boolean {
  if (!fds || handles.some(({ c }) => /FSWatcher|StatWatcher/.test(c))) return true;
  const held = new Set(handles.map(({ fd }) => fd));
  return fds.some((fd) => fd > 2 && !held.has(fd));
}

async function jsonOf(realm: Realm, answer: Remote | undefined): Promise<unknown> {
  if (!answer) return undefined;
  return parseAnswer((await realm.properties(answer)).get('json')?.value);
}

async function functionsOf(realm: Realm, answer: Remote): Promise<Remote | undefined> {
  return remoteOf((await realm.properties(answer)).get('functions'));
}
