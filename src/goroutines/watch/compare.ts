/** Two dumps of the same program, one after the other. */
import type { Dump } from '../../kernel/goroutines.ts';
import type { GoroutineGrowth, GrownGroup } from '../../series/index.ts';
import { ownerOf } from '../names.ts';
import { countsOf, groupsByStack } from '../stack-key.ts';

/** What is new or larger in the second one, most first. @param windowMs between them, null when nobody knows */
export function compareDumps(before: Dump, after: Dump, windowMs: number | null): GoroutineGrowth {
  const old = countsOf(before);
  const groups: GrownGroup[] = [];
  const indexes = groupsByStack(after);
  for (const [stack, count] of countsOf(after)) {
    const was = old.get(stack) ?? 0;
    if (count <= was) continue;
    groups.push({
      group: indexes.get(stack)!,
      before: was,
      after: count,
      perMinute: windowMs === null || windowMs <= 0 ? null : ((count - was) / windowMs) * 60_000,
      trend: 'compared',
      because: was === 0 ? 'the first dump has none of this stack; two dumps show a difference, not its course' : 'two dumps show a difference, not its course',
    });
  }
  return { windowMs, samples: 2, groups: groups.sort((a, b) => b.after - b.before - (a.after - a.before)) };
}

/** Why the two may be of different programs, in words; undefined when they have code of their own in common, or too little to tell. */
export function strangers(before: Dump, after: Dump): string | undefined {
  const [one, other] = [ownFunctions(before), ownFunctions(after)];
  if (one.size === 0 || other.size === 0 || [...one].some((func) => other.has(func))) return undefined;
  return 'no function of its own code is in both dumps: they may be of different programs';
}

/** `main.main` is in every program: there its file counts. */
function ownFunctions({ groups }: Dump): Set<string> {
  const all = groups.filter(({ system }) => !system).flatMap(({ frames }) => frames.filter((frame) => ownerOf(frame) === 'own'));
  return new Set(all.map(({ func, file }) => (/^main\.main(\.|$)/.test(func) ? `${func} ${file}` : func)));
}
