/** What a few looks within seconds showed of a place. */
import { duration } from '../report/words.ts';
import type { Settled, Staying } from '../series/index.ts';
import { placeKey, type Site } from './sites.ts';
import { isLock } from './states.ts';

/** `grows`: more came in every look, and nobody left; `moves`: some got on; `stays`: neither. */
export type Course = 'grows' | 'moves' | 'stays';

/** Where so many get on, or as many as come, there is somebody at the other side. */
const MOVED = 0.1;
const A_FEW = 3;
/** Two steps: what comes at once, and then no more, is a burst. */
const LOOKS_OF_GROWTH = 3;

/** With the words for it; undefined where there was nobody at the first look. */
export function courseOf(site: Site, { windowMs, looks, places }: Settled): { course: Course; words: string } | undefined {
  const staying = places.get(placeKey(site));
  if (!staying || staying.before === 0) return undefined;
  const { before, stayed } = staying;
  const fresh = comersOf(site, staying);
  const after = `within ${duration(windowMs)}`;
  const came = fresh.reduce((sum, count) => sum + count, 0);
  const gotOn = before - stayed;
  if (gotOn > before * MOVED || (gotOn >= A_FEW && gotOn >= came)) return { course: 'moves', words: `${after} ${gotOn} of ${before} got on, by their ids: somebody is at the other side` };
  if (stayed === before && looks >= LOOKS_OF_GROWTH && fresh.every((count) => count >= A_FEW)) {
    return { course: 'grows', words: `in ${looks} looks ${after} ${came} came and none of ${before} left, by their ids` };
  }
  return { course: 'stays', words: `${after} ${stayed} of ${before} stayed, by their ids, and ${came === 0 ? 'none came' : `${came} came`}` };
}

/** Workers come back from elsewhere to where they wait for work; who comes from elsewhere to send, or to lock, is one more that does not get on. */
export function comersOf({ state }: Site, { fresh, arrived }: Staying): readonly number[] {
  return state === 'chan send' || isLock(state) ? arrived : fresh;
}
