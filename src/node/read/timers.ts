/** The list of timers, which no function of Node hands out: setTimeout() sees it. */
import type { RawTimers } from '../probe/raw.ts';
import { COLLECT_TIMERS, listTimers } from '../probe/timers.ts';
import { decodeTimers } from './decode.ts';
import { listParts } from './parts.ts';
import type { Realm, Remote } from './remote.ts';
import { variableSeenBy } from './scopes.ts';

/** A preload of ours, or fake timers, may stand before the one of Node. */
const SET_TIMEOUT = [`globalThis[Symbol.for('reloadctl.register')]?.setTimeout`, 'setTimeout', `(process.getBuiltinModule ?? require)('node:timers').setTimeout`];
/** Timers listed at once: a few ms of the target's time. */
const PART = 1500;

/** Them, and an object in the target with their functions; undefined where this runtime keeps its timers elsewhere. */
export async function readTimers(realm: Realm, most: number): Promise<{ remote: Remote; timers: RawTimers } | undefined> {
  const map = await variableSeenBy(realm, SET_TIMEOUT, 'timerListMap');
  const remote = map && (await realm.call(map, COLLECT_TIMERS, most));
  if (!remote) return undefined;
  const timers: RawTimers = { handles: [], left: 0, cut: 0, alike: [] };
  await listParts(realm, remote, [listTimers, PART], (part) => {
    const { handles, ...rest } = decodeTimers(part);
    timers.handles.push(...handles);
    Object.assign(timers, rest);
  });
  return { remote, timers };
}
