/** A lock that was not given back: ever more wait for it, none of them gets on, and nobody is seen who could unlock it. */
import type { Dump, Group } from '../kernel/goroutines.ts';
import type { GoroutinesEvent, Settled } from '../series/index.ts';
import { courseOf } from './course.ts';
import type { ContendedLock } from './locks.ts';
import { lasts } from './minutes.ts';
import { sitesOf, type Site } from './sites.ts';
import { waitsForLock } from './states.ts';

const SOME = 10;

/** May further looks tell that it was not given back? Only memory shows who took a lock, as the code has it, and is elsewhere now. */
export function mayBeLost({ count, wait, holders, chained, atHand, enclosed, proven }: ContendedLock, { format, groups }: Dump): boolean {
  if (format !== 'memory' || proven || count < SOME || lasts(wait)) return false;
  return holders.length === 0 && chained.length === 0 && !atHand && !enclosed && groups.every(holdsNone);
}

/** Of who runs just now there is no stack to tell it by. */
function holdsNone(group: Group): boolean {
  return group.system || waitsForLock(group) || (group.frames.length > 0 && group.took === undefined);
}

/** What the looks showed of those that wait for it, in words; undefined where any of them got on, or no more came. */
export function pilesUp(lock: ContendedLock, { dump, settled }: Pick<GoroutinesEvent, 'dump' | 'settled'>): string | undefined {
  return settled && mayBeLost(lock, dump) ? grows(lock, dump, settled) : undefined;
}

function grows({ waiters }: ContendedLock, dump: Dump, settled: Settled): string | undefined {
  const waiting = new Set(waiters.map(({ group }) => group));
  const places: Site[] = sitesOf(dump.groups, dump.total).filter(({ groups }) => groups.some((group) => waiting.has(group)));
  const courses = places.flatMap((site) => courseOf(site, settled) ?? []);
  if (courses.some(({ course }) => course === 'moves')) return undefined;
  return courses.find(({ course }) => course === 'grows')?.words;
}
