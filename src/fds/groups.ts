import type { OtherEnds } from '../kernel/other-ends.ts';
import { O_CLOEXEC } from '../kernel/proc/fdinfo.ts';
import { decodeText } from '../kernel/text.ts';
import { sizeOf } from '../kernel/plain-fds.ts';
import type { Fd, FdTable } from '../kernel/types.ts';
import { type FdRow, type FdSummary, isUnlinked } from './attributes.ts';
import { clustersOf } from './group-tables.ts';

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
  const drafts = new Map<string, Draft>();
  const order = new Map(tables.map(({ process }, index) => [process.pid, index]));
  for (const { kind, key, single, plain, examples, ends: holders } of clustersOf(tables, ends)) {
    const id = `${kind}\0${key}`;
    const group = drafts.get(id) ?? draftOf(kind, key);
    drafts.set(id, group);
    for (const fd of single) count(group, fd, ends.firstHolder(fd));
    group.count += plain;
    for (const fd of [...single.slice(0, MOST_EXAMPLES), ...examples]) group.examples.push(exampleOf(fd));
    for (const [holder, times] of holders) group.ends.set(holder, (group.ends.get(holder) ?? 0) + times);
    // As they would come were all in one list.
    group.examples.sort((a, b) => order.get(a.pid)! - order.get(b.pid)! || a.fd - b.fd).splice(MOST_EXAMPLES);
  }
  return finished([...drafts.values()], tables.reduce((sum, table) => sum + sizeOf(table), 0));
}

function count(group: Draft, fd: Fd, holder: string | undefined): void {
  group.count++;
  if (fd.info) {
    group.flagsRead++;
    if ((fd.info.flags & O_CLOEXEC) === 0) group.withoutCloexec++;
  }
  if (isUnlinked(fd)) group.deleted++;
  if (holder !== undefined) group.ends.set(holder, (group.ends.get(holder) ?? 0) + 1);
}

function exampleOf({ pid, fd, link }: Fd): Group['examples'][number] {
  return { pid, fd, target: decodeText(link).text };
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
