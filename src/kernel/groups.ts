/** The default grouping: by kind, and inside a kind by what its key says; paths become templates, too many keys a wider one. */
import { kindOf } from './kinds/index.ts';
import { pathTemplates } from './templates.ts';
import type { Fd } from './types.ts';

/** More different keys below one wide key than this, and the wide one is taken. */
const TOO_MANY_KEYS = 8;

/** The group key of each descriptor, made over all of them together. */
export function groupKeys(fds: readonly Fd[]): Map<Fd, string> {
  const keys = new Map<Fd, string>();
  const paths = new Map<string, Set<string>>();
  const wide = new Map<string, Set<string>>();
  for (const fd of fds) {
    const kind = kindOf(fd);
    const key = kind.key(fd);
    keys.set(fd, key);
    if (kind.keyIsPath) addTo(paths, kind.name, key);
    else if (kind.wideKey) addTo(wide, `${kind.name}\0${kind.wideKey(fd)}`, key);
  }
  const templates = new Map([...paths].map(([kind, set]) => [kind, pathTemplates(set)]));
  for (const [fd, key] of keys) {
    const kind = kindOf(fd);
    if (kind.keyIsPath) keys.set(fd, templates.get(kind.name)!.get(key)!);
    else if (kind.wideKey) {
      const wider = kind.wideKey(fd);
      if (wide.get(`${kind.name}\0${wider}`)!.size > TOO_MANY_KEYS) keys.set(fd, wider);
    }
  }
  return keys;
}

function addTo(sets: Map<string, Set<string>>, name: string, value: string): void {
  const set = sets.get(name);
  if (set) set.add(value);
  else sets.set(name, new Set([value]));
}
