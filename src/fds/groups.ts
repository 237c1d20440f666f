import type { FdRow, FdSummary } from './attributes.ts';

/** One line of the default view. */
export interface Group {
  kind: string;
  key: string;
  count: number;
  /** Part of all descriptors, 0 to 1. */
  share: number;
  /** How many stay open across exec; descriptors whose flags could not be read are not counted. */
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

/** Groups rows by the given attributes (default: kind and key), largest first. Attributes other than those of a summary need whole rows. */
export function groupRows(rows: Iterable<FdSummary | FdRow>, by: readonly string[]): Group[] {
  const groups = new Map<string, Group & { ends: Map<string, number>; kinds: Set<string> }>();
  const shown = by.filter((name) => name !== 'kind');
  let total = 0;
  for (const row of rows) {
    total++;
    const key = by.length === 0 ? row.key : shown.map((name) => `${name}=${attributeOf(row, name) ?? ''}`).join(' ');
    // Values hold anything, so that two rows may differ in them and not in the words.
    const values = by.length === 0 ? row.key : shown.map((name) => JSON.stringify(attributeOf(row, name) ?? null)).join('\0');
    const id = by.length === 0 || by.includes('kind') ? `${row.kind}\0${values}` : values;
    let group = groups.get(id);
    if (!group) {
      const empty = { count: 0, share: 0, withoutCloexec: 0, deleted: 0, examples: [], otherEnds: [] };
      group = { kind: row.kind, key, ...empty, ends: new Map(), kinds: new Set() };
      groups.set(id, group);
    }
    group.count++;
    group.kinds.add(row.kind);
    if (row.cloexec === false) group.withoutCloexec++;
    if (row.deleted) group.deleted++;
    if (group.examples.length < MOST_EXAMPLES) group.examples.push({ pid: row.pid, fd: row.fd, target: row.target });
    if (row.otherEnd !== undefined) {
      const holder = firstHolder.exec(row.otherEnd)?.[0] ?? row.otherEnd;
      group.ends.set(holder, (group.ends.get(holder) ?? 0) + 1);
    }
  }
  return [...groups.values()]
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
