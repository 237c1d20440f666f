/** Single goroutines of a dump, by their stacks. */
import type { Dump } from '../../kernel/goroutines.ts';
import { stackKey } from '../stack-key.ts';

export type IdsByStack = ReadonlyMap<string, ReadonlySet<string>>;

/** undefined where the dump tells no ids. */
export function idsByStack(dump: Dump | undefined): IdsByStack | undefined {
  if (!dump?.rows) return undefined;
  const stacks = dump.groups.map(({ frames }) => stackKey(frames));
  const found = new Map<string, Set<string>>();
  for (const { id, group } of dump.rows) {
    if (id === undefined) return undefined;
    const stack = stacks[group]!;
    const known = found.get(stack);
    if (known) known.add(id);
    else found.set(stack, new Set([id]));
  }
  return found;
}
