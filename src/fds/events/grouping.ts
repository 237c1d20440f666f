/** Which of the descriptors that events left belong together. */
import { groupKeys } from '../../kernel/groups.ts';
import { isKind, kindOf, socket } from '../../kernel/kinds/index.ts';
import type { Fd } from '../../kernel/types.ts';
import { type Held, type Steps, stepsOf } from '../../series/index.ts';

export interface SteppedGroup {
  kind: string;
  key: string;
  /** What its members are called: `listener`, `listeners`. */
  one: string;
  many: string;
  /** It comes and goes between events too. */
  restless: boolean;
  steps: Steps<Fd>;
}

interface Group extends SteppedGroup {
  held: Held<Fd>[];
}

/** A group that so many events left larger speaks for itself. */
const LEAST_HITS = 3;

/**
 * Groups as they are shown everywhere; but what each event leaves under another name (a listener on a port of its own) is in no
 * group twice. So what is loose, and is called alike, makes one group, as far as it was not in place of something that went.
 * @param moving descriptors that came and went while no event was under way
 */
export function groupSteps(all: readonly Held<Fd>[], moving: readonly Fd[], events: number): SteppedGroup[] {
  const keys = groupKeys([...new Set([...all.map(({ item }) => item), ...moving])]);
  const idOf = (fd: Fd): string => `${fd.kind}\0${keys.get(fd)!}`;
  const restless = new Set(moving.map(idOf));
  const byGroup = new Map<string, Held<Fd>[]>();
  for (const held of all) push(byGroup, idOf(held.item), held);
  const groups = [...byGroup].map(([id, held]): Group => {
    const steps = stepsOf(held, events);
    const { item } = steps.left[0] ?? held[0]!;
    return { kind: item.kind, key: keys.get(item)!, ...nounsOf(item), restless: restless.has(id), steps, held };
  });
  const isLoose = ({ restless: moves, steps }: Group): boolean => !moves && steps.leftPerEvent.filter((left) => left > 0).length < LEAST_HITS;
  const loose = new Map<string, Group[]>();
  for (const group of groups) if (isLoose(group)) push(loose, group.one, group);
  return [...groups.filter((group) => !isLoose(group)), ...[...loose.values()].flatMap((alike) => together(alike, events))];
}

function together(alike: readonly Group[], events: number): SteppedGroup[] {
  const held = alike.flatMap((group) => group.held);
  const steps = stepsOf(held, events);
  const left = new Set(steps.left);
  const owners = alike.filter((group) => group.held.some((one) => left.has(one)));
  const [first] = owners;
  if (!first) return [];
  if (owners.length === 1) return [{ ...first, steps: { ...steps, atStart: first.steps.atStart, atEnd: first.steps.atEnd } }];
  const wide = new Set(steps.left.map(({ item }) => kindOf(item).wideKey?.(item)));
  const [common] = wide;
  return [{ ...first, key: wide.size === 1 && common !== undefined ? common : 'in several groups', steps }];
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

/** `listener`, `listeners`; `directory`, `directories`. */
function nounsOf(fd: Fd): { one: string; many: string } {
  if (isKind(fd, socket) && fd.detail.row?.state === 'LISTEN') return { one: 'listener', many: 'listeners' };
  const many = kindOf(fd).plural;
  return { one: many.replace(/ies$/, 'y').replace(/s$/, ''), many };
}
