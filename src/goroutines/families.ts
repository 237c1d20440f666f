/** Whom a WaitGroup waits for: what was started by those that wait, or together with them. */
import type { Group } from '../kernel/goroutines.ts';
import { placeOf, siteOf } from './names.ts';
import type { Site } from './sites.ts';

/** In words: how many live, and where one of them is; undefined when none is seen. */
export function familiesAlive(site: Site, groups: readonly Group[]): string | undefined {
  const ids = new Set(site.groups.flatMap(({ samples }) => samples.flatMap(({ id }) => id ?? [])));
  const creators = new Set(site.groups.flatMap(({ creator }) => (creator && creator.func !== 'main.main' ? [creator.func] : [])));
  const own = new Set(site.groups);
  const others = groups.filter((group) => !group.system && !own.has(group));
  const children = others.filter(({ samples }) => samples.some(({ parent }) => parent !== undefined && ids.has(parent)));
  const siblings = others.filter(({ creator }) => creator !== undefined && creators.has(creator.func));
  const alive = children.length > 0 ? children : siblings;
  const count = alive.reduce((sum, group) => sum + group.count, 0);
  const [first] = alive;
  const frame = first && siteOf(first.frames);
  // One that has outlived the rest explains one of them, not all.
  if (!first || !frame || count < site.count / 2) return undefined;
  return `${count} ${count === 1 ? 'goroutine' : 'goroutines'}, as in ${placeOf(frame)} (${first.state})`;
}
