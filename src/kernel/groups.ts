/** The default grouping: by kind, and inside a kind by what its key says; paths become templates, too many keys a wider one. */
import { fdsByKind } from './fd-index.ts';
import { kindOf } from './kinds/index.ts';
import type { Kind } from './kinds/kind.ts';
import { pathTemplates } from './templates.ts';
import type { Fd } from './types.ts';

/** More different keys below one wide key than this, and the wide one is taken. */
const TOO_MANY_KEYS = 8;

/** The group key of each descriptor, made over all of them together. */
export function groupKeys(fds: readonly Fd[]): Map<Fd, string> {
  const keys = new Map<Fd, string>();
  for (const members of fdsByKind(fds).values()) {
    const kind = kindOf(members[0]!);
    if (kind.keyIsPath) setTemplates(keys, kind, members);
    else if (kind.wideKey) setKeysOrWider(keys, kind, kind.wideKey, members);
    else for (const fd of members) keys.set(fd, kind.key(fd));
  }
  return keys;
}

function setTemplates(keys: Map<Fd, string>, kind: Kind, members: readonly Fd[]): void {
  const paths = members.map((fd) => kind.key(fd));
  const templates = pathTemplates(new Set(paths));
  members.forEach((fd, index) => {
    keys.set(fd, templates.get(paths[index]!)!);
  });
}

function setKeysOrWider(keys: Map<Fd, string>, kind: Kind, wideKey: (fd: Fd) => string, members: readonly Fd[]): void {
  const narrow = members.map((fd) => kind.key(fd));
  if (new Set(narrow).size <= TOO_MANY_KEYS) {
    members.forEach((fd, index) => void keys.set(fd, narrow[index]!));
    return;
  }
  const wide = members.map(wideKey);
  const below = new Map<string, Set<string>>();
  wide.forEach((wider, index) => {
    const known = below.get(wider);
    if (known) known.add(narrow[index]!);
    else below.set(wider, new Set([narrow[index]!]));
  });
  members.forEach((fd, index) => {
    const wider = wide[index]!;
    keys.set(fd, below.get(wider)!.size > TOO_MANY_KEYS ? wider : narrow[index]!);
  });
}
