/** The default grouping: by kind, and inside a kind by what its key says; paths become templates, too many keys a wider one. */
import { fdsByKind } from './fd-index.ts';
import { kindOf } from './kinds/index.ts';
import { pathTemplates } from './templates.ts';
import type { Fd } from './types.ts';

/** More different keys below one wide key than this, and the wide one is taken. */
const TOO_MANY_KEYS = 8;

/** Descriptors of one kind, and beside each the key of its group. */
export interface Grouped {
  members: readonly Fd[];
  keys: string[];
}

/** Kind by kind; the keys are made over all descriptors together. */
export function grouped(fds: readonly Fd[]): Grouped[] {
  return [...fdsByKind(fds).values()].map((members) => ({ members, keys: keysOf(members) }));
}

/** The group key of each descriptor, made over all of them together. */
export function groupKeys(fds: readonly Fd[]): Map<Fd, string> {
  const byFd = new Map<Fd, string>();
  for (const { members, keys } of grouped(fds)) for (const [index, fd] of members.entries()) byFd.set(fd, keys[index]!);
  return byFd;
}

function keysOf(members: readonly Fd[]): string[] {
  const kind = kindOf(members[0]!);
  const keys = members.map((fd) => kind.key(fd));
  if (kind.keyIsPath) return pathTemplates(keys);
  return kind.wideKey ? orWider(keys, kind.wideKey, members) : keys;
}

function orWider(narrow: string[], wideKey: (fd: Fd) => string, members: readonly Fd[]): string[] {
  // A narrow key is in one wide key: of each only one member is asked.
  const wide = new Map<string, string>();
  narrow.forEach((key, index) => void (wide.has(key) || wide.set(key, wideKey(members[index]!))));
  if (wide.size <= TOO_MANY_KEYS) return narrow;
  const below = new Map<string, number>();
  for (const wider of wide.values()) below.set(wider, (below.get(wider) ?? 0) + 1);
  return narrow.map((key) => {
    const wider = wide.get(key)!;
    return below.get(wider)! > TOO_MANY_KEYS ? wider : key;
  });
}
