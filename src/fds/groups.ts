import { groupedTables } from '../kernel/groups.ts';
import type { OtherEnds } from '../kernel/other-ends.ts';
import { O_CLOEXEC } from '../kernel/proc/fdinfo.ts';
import { decodeText } from '../kernel/text.ts';
import { sizeOf } from '../kernel/plain-fds.ts';
import type { Fd, FdTable } from '../kernel/types.ts';
import { type FdRow, type FdSummary, isUnlinked } from './attributes.ts';

/** One line of the default view. */
export interface Group {
  kind: string;
  key: string;
  count: number;
  /** Part of all descriptors, 0 to 1. */
  share: number;
  /** Of how many the open flags are known: of a large group only some are asked. */
  flagsRead: number;
  /** How many of those stay open across exec. */
  withoutCloexec: number;
  deleted: number;
  /** Some of its descriptors, lowest first. */
  examples: { pid: number; fd: number; target: string }[];
  /** Who holds the other ends, most frequent first: `sh[42]`. */
  otherEnds: string[];
}

/** The kind of a group that has members of more than one. */
export const SEVERAL = 'several';
const MOST_EXAMPLES = 3;
const MOST_OTHER_ENDS = 3;

/** Words of the first holder up to its number, in `sh[42]:1, node[7]:12 and 3 more`. A name may hold any of these characters. */
const firstHolder = /^[\s\S]*?\[\d+\](?=:\d+(?:$|, ))/;

interface Draft extends Group {
  ends: Map<string, number>;
  kinds: Set<string>;
}

function draftOf(kind: string, key: string): Draft {
  const empty = { count: 0, share: 0, flagsRead: 0, withoutCloexec: 0, deleted: 0, examples: [], otherEnds: [] };
  return { kind, key, ...empty, ends: new Map(), kinds: new Set([kind]) };
}

/** The default groups, by kind and key, without making a row of each: there may be 190,000. */
export function groupFds(tables: readonly FdTable[], ends: OtherEnds): Group[] {
  const drafts = groupedTables(tables).flatMap(({ members, keys }) => {
    const byKey = new Map<string, Draft>();
    let index = 0;
    for (const fd of members) {
      const key = keys[index++]!;
      let group = byKey.get(key);
      if (!group) byKey.set(key, (group = draftOf(fd.kind, key)));
      count(group, fd, ends.firstHolder(fd));
    }
    return [...byKey.values()];
  });
  return finished(drafts, tables.reduce((sum, table) => sum + sizeOf(table), 0));
}

function count(group: Draft, fd: Fd, holder: string | undefined): void {
  group.count++;
  if (fd.info) {
    group.flagsRead++;
    if ((fd.info.flags & O_CLOEXEC) === 0) group.withoutCloexec++;
  }
  if (isUnlinked(fd)) group.deleted++;
  if (group.examples.length < MOST_EXAMPLES) group.examples.push({ pid: fd.pid, fd: fd.fd, target: decodeText(fd.link).text });
  if (holder !== undefined) group.ends.set(holder, (group.ends.get(holder) ?? 0) + 1);
}

/** Groups rows by the given attributes (default: kind and key), largest first. Attributes other than those of a summary need whole rows. */
export function groupRows(rows: Iterable<FdSummary | FdRow>, by: readonly string[]): Group[] {
  const groups = new Map<string, Draft>();
  const shown = by.filter((name) => name !== 'kind');
  let total = 0;
  for (const row of rows) {
    total++;
    const key = by.length === 0 ? row.key : shown.map((name) => `${name}=${attributeOf(row, name) ?? ''}`).join(' ');
    // Values hold anything, so that two rows may differ in them and not in the words.
    const values = by.length === 0 ? row.key : shown.map((name) => JSON.stringify(attributeOf(row, name) ?? null)).join('\0');
    const id = by.length === 0 || by.includes('kind') ? `${row.kind}\0${values}` : values;
    let group = groups.get(id);
    if (!group) groups.set(id, (group = draftOf(row.kind, key)));
    group.count++;
    group.kinds.add(row.kind);
    if (row.cloexec !== null) group.flagsRead++;
    if (row.cloexec === false) group.withoutCloexec++;
    if (row.deleted) group.deleted++;
    if (group.examples.length < MOST_EXAMPLES) group.examples.push({ pid: row.pid, fd: row.fd, target: row.target });
    if (row.otherEnd !== undefined) {
      const holder = firstHolder.exec(row.otherEnd)?.[0] ?? row.otherEnd;
      group.ends.set(holder, (group.ends.get(holder) ?? 0) + 1);
    }
  }
  return finished([...groups.values()], total);
}

function finished(groups: readonly Draft[], total: number): Group[] {
  return groups
    .map(({ ends, kinds, ...group }) => ({
      ...group,
      kind: kinds.size === 1 ? group.kind : SEVERAL,
      key: group.key === '' ? group.kind : group.key,
      share: group.count / total,
      otherEnds: [...ends].sort((a, b) => b[1] - a[1]).slice(0, MOST_OTHER_ENDS).map(([holder]) => holder),
    }))
    .sort((a, b) => b.count - a.count || compareText(a.kind, b.kind) || compareText(a.key, b.key));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function attributeOf(row: FdSummary | FdRow, name: string): unknown {
  return (row as FdRow)[name];
}
