import type { FdRow } from './attributes.ts';

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

const MOST_EXAMPLES = 3;
const MOST_OTHER_ENDS = 3;

/** Groups rows by the given attributes (default: kind and key), largest first. */
export function groupRows(rows: readonly FdRow[], by: readonly string[]): Group[] {
  const groups = new Map<string, Group & { ends: Map<string, number>; kinds: Set<string> }>();
  for (const row of rows) {
    const key = by.length === 0 ? row.key : by.filter((name) => name !== 'kind').map((name) => `${name}=${row[name] ?? ''}`).join(' ');
    const id = by.length === 0 || by.includes('kind') ? `${row.kind}\0${key}` : key;
    let group = groups.get(id);
    if (!group) {
      group = { kind: row.kind, key, count: 0, share: 0, withoutCloexec: 0, deleted: 0, examples: [], otherEnds: [], ends: new Map(), kinds: new Set() };
      groups.set(id, group);
    }
    group.count++;
    group.kinds.add(row.kind);
    if (row.cloexec === false) group.withoutCloexec++;
    if (row.deleted) group.deleted++;
    if (group.examples.length < MOST_EXAMPLES) group.examples.push({ pid: row.pid, fd: row.fd, target: row.target });
    if (row.otherEnd !== undefined) {
      const holder = row.otherEnd.replace(/:\d+(, .*| and .*)?$/, '');
      group.ends.set(holder, (group.ends.get(holder) ?? 0) + 1);
    }
  }
  return [...groups.values()]
    .map(({ ends, kinds, ...group }) => ({
      ...group,
      kind: kinds.size === 1 ? group.kind : 'several',
      key: group.key === '' ? group.kind : group.key,
      share: group.count / rows.length,
      otherEnds: [...ends].sort((a, b) => b[1] - a[1]).slice(0, MOST_OTHER_ENDS).map(([holder]) => holder),
    }))
    .sort((a, b) => b.count - a.count || (a.kind < b.kind ? -1 : 1) || (a.key < b.key ? -1 : 1));
}
