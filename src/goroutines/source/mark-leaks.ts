/** What the collector found leaked, marked in a dump that was taken beside it. */
import type { Dump, Group } from '../../kernel/goroutines.ts';
import { stackKey } from '../stack-key.ts';

/** Marks as many of each stack as the leak profile has. */
export function markLeaks(dump: Dump, leaks: Dump): void {
  const byStack = new Map<string, Group[]>();
  for (const group of dump.groups) {
    const key = stackKey(group.frames);
    byStack.set(key, [...(byStack.get(key) ?? []), group]);
  }
  for (const leaked of leaks.groups) {
    let left = leaked.count;
    for (const group of byStack.get(stackKey(leaked.frames)) ?? []) {
      const marked = Math.min(left, group.count - group.leaked);
      group.leaked += marked;
      left -= marked;
    }
  }
}
