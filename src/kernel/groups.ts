/** The default grouping: by kind, and inside a kind by what its key says; paths become templates, too many keys a wider one. */
import { fdsByKind } from './fd-index.ts';
import { file } from './kinds/file.ts';
import { kindOf } from './kinds/index.ts';
import { socket } from './kinds/socket.ts';
import { eachFd } from './plain-fds.ts';
import { pathTemplates } from './templates.ts';
import type { Fd, FdTable } from './types.ts';

/** More different keys below one wide key than this, and the wide one is taken. */
const TOO_MANY_KEYS = 8;

/** Descriptors of one kind, and in their order the key of the group of each. */
export interface Grouped {
  members: Iterable<Fd>;
  keys: string[];
}

/** Kind by kind; the keys are made over all descriptors together. */
export function grouped(fds: readonly Fd[]): Grouped[] {
  return [...fdsByKind(fds).values()].map((members) => ({ members, keys: keysOf(members, members[0]!) }));
}

/** The same of whole tables, with their plain descriptors. These are made again each time their kind is walked, and none is kept. */
export function groupedTables(tables: readonly FdTable[]): Grouped[] {
  const [first, ...more] = tables;
  if (!tables.some(({ plain }) => plain)) return grouped(first && more.length === 0 ? first.fds : tables.flatMap(({ fds }) => fds));
  const kinds = new Set(tables.flatMap(({ fds }) => [...fdsByKind(fds).keys()]));
  for (const plain of [file.name, socket.name]) kinds.add(plain);
  return [...kinds].flatMap((kind) => {
    const members = { [Symbol.iterator]: () => membersOf(tables, kind) };
    const example = members[Symbol.iterator]().next().value as Fd | undefined;
    return example ? [{ members, keys: keysOf(members, example) }] : [];
  });
}

function* membersOf(tables: readonly FdTable[], kind: string): Generator<Fd> {
  for (const table of tables) yield* eachFd(table, kind);
}

/** The group key of each descriptor, made over all of them together. */
export function groupKeys(fds: readonly Fd[]): Map<Fd, string> {
  const byFd = new Map<Fd, string>();
  for (const { members, keys } of grouped(fds)) {
    let index = 0;
    for (const fd of members) byFd.set(fd, keys[index++]!);
  }
  return byFd;
}

function keysOf(members: Iterable<Fd>, example: Fd): string[] {
  const kind = kindOf(example);
  if (kind.keyIsPath) return pathTemplates(narrowKeys(members));
  const { wideKey } = kind;
  if (!wideKey) return [...narrowKeys(members)];
  // A narrow key is in one wide key: of each only one member is asked.
  const wide = new Map<string, string>();
  const narrow: string[] = [];
  for (const fd of members) {
    const key = kind.key(fd);
    narrow.push(key);
    if (!wide.has(key)) wide.set(key, wideKey(fd));
  }
  return orWider(narrow, wide);
}

function* narrowKeys(members: Iterable<Fd>): Generator<string> {
  for (const fd of members) yield kindOf(fd).key(fd);
}

function orWider(narrow: string[], wide: ReadonlyMap<string, string>): string[] {
  if (wide.size <= TOO_MANY_KEYS) return narrow;
  const below = new Map<string, number>();
  for (const wider of wide.values()) below.set(wider, (below.get(wider) ?? 0) + 1);
  return narrow.map((key) => {
    const wider = wide.get(key)!;
    return below.get(wider)! > TOO_MANY_KEYS ? wider : key;
  });
}
