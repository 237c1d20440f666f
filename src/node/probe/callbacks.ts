/** Runs inside the target, as the text of this function: see list.ts. */
import type { Fn } from './ways.ts';

/** The functions that are called on handles. Of very many, as of a closure for each request, those that are written alike stand for each other. */
export interface Callbacks {
  /** Whose places are to be asked for. */
  functions: Fn[];
  /** `fn`: its index in `functions`; or `like`: the group of those that are written alike; or neither, where there are too many. */
  note(fn: Fn): { fn?: number; like?: number };
  /** Of each group the indices of some, from its beginning to its end: where all of these are written at one place, the others are, too. */
  alike(): number[][];
}

export function callbacksOf(): Callbacks {
  /** Each of so many is asked for. */
  const exact = 120;
  const most = 240;
  const functions: Fn[] = [];
  const numbers = new Map<Fn, number>();
  const groups = new Map<string, { number: number; count: number; samples: number[] }>();
  /** Of a world of its own: what the application may have put in its place is not called. */
  let textOf: ((fn: Fn) => string) | undefined;
  const prepare = (): ((fn: Fn) => string) => {
    const load = (process as { getBuiltinModule?: (name: string) => unknown }).getBuiltinModule ?? ((globalThis as unknown as { require: (name: string) => unknown }).require || require);
    const pristine = (load('node:vm') as typeof import('node:vm')).runInNewContext('Function.prototype.toString') as (this: Fn) => string;
    return (fn) => Reflect.apply(pristine, fn, []).slice(0, 5000);
  };
  const groupOf = (fn: Fn): { number: number; count: number; samples: number[] } => {
    const text = textOf?.(fn) ?? '';
    const group = groups.get(text) ?? { number: groups.size, count: 0, samples: [] };
    groups.set(text, group);
    group.count++;
    return group;
  };
  const note = (fn: Fn): { fn?: number; like?: number } => {
    const known = numbers.get(fn);
    if (known !== undefined) return { fn: known };
    if (functions.length < exact) {
      numbers.set(fn, functions.push(fn) - 1);
      return { fn: functions.length - 1 };
    }
    try {
      if (!textOf) {
        textOf = prepare();
        functions.forEach((one, index) => void groupOf(one).samples.push(index));
      }
      const group = groupOf(fn);
      // The second, the fourth, the eighth, ...: late ones as well as early ones.
      if ((group.samples.length < 2 || (group.count & (group.count - 1)) === 0) && functions.length < most) group.samples.push(functions.push(fn) - 1);
      return group.samples.length === 0 ? {} : { like: group.number };
    } catch {
      return {};
    }
  };
  return { functions, note, alike: () => [...groups.values()].map(({ samples }) => samples) };
}
