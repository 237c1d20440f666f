/** Asks an attached process for its handles, piece by piece, so that its loop never pauses for long. */
import { InspectorError } from '../../effects/inspector/connection.ts';
import type { CoverageLog } from '../../kernel/coverage.ts';
import type { Attachment } from '../attach/index.ts';
import type { Frame } from '../model.ts';
import { listHandles, stillUnread } from '../probe/list.ts';
import type { RawHandle, RawList, RawUv } from '../probe/raw.ts';
import { listUv } from '../probe/uv.ts';
import { asList, asNumber, decodeHandles, decodeList, decodeUv } from './decode.ts';
import { releaseFiles, settleFiles } from './files.ts';
import { placesOf } from './places.ts';
import { Realm, type Remote, remoteOf } from './remote.ts';
import { remoteTimers } from './timers.ts';
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
  /** URLs of source maps, by the name of the script. */
  maps?: Map<string, string>;
  /** Where a stream was found that nobody reads: a second look at the same, by descriptor. Throws InspectorError. */
  unreadAgain?: () => Promise<number[]>;
}

/** What a second look needs is kept in the target until we have gone, under a name of its own. */
let lists = 0;

const MOST_HANDLES = 50_000;
const MOST_TIMERS = 20_000;
/** Handles listed at once: a few ms of the target's time. */
const PART = 700;
/** What the target may spend on all of them, ms: 50,000 take half a second where nobody makes them slow. */
const MOST_MS = 2000;

/**
 * Throws InspectorError when the process does not answer; what else fails is in the coverage.
 * @param fds sockets and pipes that were open before we came: where the handles explain them all, less is asked
 */
export async function readThreads({ connection }: Pick<Attachment, 'connection'>, timeoutMs: number, coverage: CoverageLog, fds?: readonly number[]): Promise<ThreadList[]> {
  const realm = new Realm(connection, timeoutMs);
  const main = await readThread(realm, timeoutMs, coverage, { thread: 0, name: 'main', ...(fds && { fds, again: true }) });
  const workers = main.list.runtime === 'node' ? await readWorkers(connection, timeoutMs, coverage) : [];
  return [main, ...workers];
}

/** The list of the preload alone: no timers, no functions, no workers. Throws InspectorError. */
export async function readPlain({ connection }: Pick<Attachment, 'connection'>, timeoutMs: number, coverage: CoverageLog): Promise<ThreadList> {
  const { json } = await connection.call('Reloadctl.list', {}, timeoutMs);
  coverage.note({ source: 'timers', status: 'unsupported', detail: 'the process may not inspect itself (--permission): timers, workers and callbacks are not listed', needed: false });
  return { thread: 0, name: 'main', list: decodeList(parse(json)), places: new Map(), timerPlaces: new Map() };
}

export async function readThread(realm: Realm, timeoutMs: number, coverage: CoverageLog, who: { thread: number; name: string; fds?: readonly number[]; again?: boolean }): Promise<ThreadList> {
  const { thread } = who;
  // A watch comes again and again: once is enough.
  if (thread === 0 && who.fds) await settleFiles(realm, timeoutMs);
  const group = `reloadctl.suspects.${++lists}`;
  const listing = await realm.object('({})', group);
  if (!listing) throw new InspectorError('refused', 'the target makes no objects');
  const list = await listAll(realm, listing);
  if (thread === 0 && list.preloaded) await releaseFiles(realm);
  if (list.runtime !== 'node') coverage.note({ source: 'handles', status: 'unsupported', detail: `${list.runtime} does not list its handles`, fix: `reloadctl fds ${list.pid}`, needed: true });
  if (list.cut > 0) coverage.note({ source: 'handles', status: 'partial', seen: list.handles.length, total: list.handles.length + list.cut, needed: false });
  const result: ThreadList = { thread, name: who.name, list, places: new Map(), timerPlaces: new Map() };
  const timers = await remoteTimers(realm, MOST_TIMERS).catch(() => undefined);
  if (timers) result.timers = decodeHandles(await jsonOf(realm, timers));
  else coverage.note({ source: 'timers', status: 'unsupported', detail: 'this runtime does not show its list of timers', needed: false });
  const unnamed = (result.timers ?? []).filter(({ fn, stack }) => fn === undefined && stack === undefined).length;
  if (unnamed > 0) coverage.note({ source: 'callbacks', status: 'partial', detail: `of ${unnamed} timers nobody asked where their functions are written: each has one of its own`, fix: 'node --import reloadctl/register knows the lines that made them', needed: false });
  // It costs the target the more the more handles there are, and is only needed for what they do not explain.
  const uv = needsUv(list, who.fds) ? decodeUv(await realm.value(`(${String(listUv)})()`).catch(() => undefined)) : [];
  if (uv) result.uv = uv;
  try {
    const functions = await Promise.all([listing, timers].map((answer) => answer && functionsOf(realm, answer)));
    const { places: [places, timerPlaces], maps } = await placesOf(realm, functions, list.preloaded || list.handles.some(({ stack }) => stack !== undefined), timeoutMs);
    result.maps = maps;
    result.places = places ?? result.places;
    result.timerPlaces = timerPlaces ?? result.timerPlaces;
  } catch {
    coverage.note({ source: 'callbacks', status: 'partial', detail: 'where functions are written was not told in time', needed: false });
  }
  await realm.release();
  if (who.again && [...list.handles, ...list.extras].some(({ http, unread }) => http?.unread || unread)) {
    result.unreadAgain = async () => asList(parse(await realm.callValue(listing, stillUnread))).flatMap((fd) => asNumber(fd) ?? []);
  } else await realm.release(group);
  return result;
}

/** Part by part: the first with what there is once. */
async function listAll(realm: Realm, listing: Remote): Promise<RawList> {
  const first = decodeList(parse(await realm.callValue(listing, listHandles, MOST_HANDLES, PART)));
  let tookMs = first.tookMs;
  for (let left = first.left; left > 0; ) {
    if (tookMs > MOST_MS) {
      first.cut += left;
      break;
    }
    const next = decodeList(parse(await realm.callValue(listing, listHandles, MOST_HANDLES, PART)));
    first.handles.push(...next.handles);
    tookMs += next.tookMs;
    if (next.left >= left) break;
    left = next.left;
  }
  return first;
}

/** What a target hands out as JSON may be none: it can replace the function that makes it. */
function parse(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    throw new InspectorError('refused', 'its answer is no JSON');
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
  return parse((await realm.properties(answer)).get('json')?.value);
}

async function functionsOf(realm: Realm, answer: Remote): Promise<Remote | undefined> {
  return remoteOf((await realm.properties(answer)).get('functions'));
}
