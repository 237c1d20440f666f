/** How find(1) is asked about a tree. */
import type { ChildRun } from './reader-child.ts';
import type { TreeToCount } from './types.ts';

/** Runs find on `roots`, not following links below them. */
export type Find = (roots: readonly string[], expression: readonly string[], note: (chunk: Buffer) => void) => Promise<ChildRun>;

/** `/.` at the end: a link there is followed, a file is refused, and a name to be skipped is not skipped here. */
export function rootOf(path: string): string {
  return `${path}/.`;
}

export function pruned({ skip }: TreeToCount): string[] {
  if (skip.length === 0) return [];
  return ['(', ...skip.flatMap((name, index) => [...(index > 0 ? ['-o'] : []), '-name', name]), ')', '-prune', '-o'];
}

/** As find understands such a pattern, by `*` and `?`. */
export function isSkipped(name: string, skip: readonly string[]): boolean {
  return skip.some((pattern) => patternOf(pattern).test(name));
}

const patterns = new Map<string, RegExp>();

function patternOf(pattern: string): RegExp {
  const known = patterns.get(pattern);
  if (known) return known;
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.');
  const made = new RegExp(`^${source}$`, 's');
  patterns.set(pattern, made);
  return made;
}
