/** Makes the events one after the other and takes a floor after each. */
import type { CommandContext } from '../../command.ts';
import type { Fd } from '../../kernel/types.ts';
import { count } from '../../report/words.ts';
import { Floors, type Member } from '../../series/index.ts';
import type { Change, Family } from './family.ts';
import type { EventOptions } from './options.ts';
import { type Rest, settle } from './settle.ts';
import type { Trigger, Triggered } from './triggers.ts';

/** One event that was made. */
export interface Made extends Triggered {
  /** From 1. */
  index: number;
  /** A floor was taken after it: what it left can be told. */
  measured: boolean;
  settled: boolean;
}

export interface Measured {
  floors: Floors<Fd>;
  events: Made[];
  /** What came and went while it should have been at rest. */
  moving: Fd[];
  /** Processes that went and came with an event. */
  generations: ({ event: number } & Change)[];
  /** None of its processes was left. */
  gone: boolean;
  stopped: boolean;
}

/**
 * A floor, then each event and the floor after it, until `options.times` are made, the trigger has no more, one fails, the family is
 * gone or `context.signal` aborts. Throws nothing of its own: how far it came stands in the result.
 */
export async function measure(family: Family, trigger: Trigger, options: EventOptions, context: CommandContext): Promise<Measured> {
  const { evidence, signal } = context;
  const result: Measured = { floors: new Floors(), events: [], moving: [], generations: [], gone: false, stopped: false };
  let before: ReadonlySet<string> = new Set();
  const floor = async (isLast: boolean): Promise<Rest['state']> => {
    const { state, members, moving } = await settle(evidence, family, { settleMs: options.settleMs, before, isLast, signal });
    if (state === 'gone') return state;
    result.floors.add(members);
    result.moving.push(...moving);
    before = identitiesOf(members);
    return state;
  };
  result.gone = (await floor(false)) === 'gone';
  family.takeChange();
  const atStart = result.floors.open;
  if (!options.command && !result.gone) context.say(`${count(atStart)} open; after each event press Enter, after the last Ctrl-D`);
  for (let index = 1; index <= options.times && !result.gone && !signal.aborted; index++) {
    context.progress(progressWords(index, options.times, result.floors.open, atStart));
    const made = await trigger.next(signal);
    if (!made) break;
    const event: Made = { index, ...made, measured: false, settled: false };
    result.events.push(event);
    if (!made.ok) break;
    const state = await floor(index === options.times);
    result.gone = state === 'gone';
    event.measured = state !== 'gone';
    event.settled = state === 'settled';
    const change = family.takeChange();
    if (change.gone.length > 0 || change.come.length > 0) result.generations.push({ event: index, ...change });
    if (!options.command && event.measured) context.say(`event ${index}: ${count(result.floors.open)} open`);
  }
  context.progress('');
  result.stopped = signal.aborted;
  return result;
}

function progressWords(index: number, times: number, open: number, atStart: number): string {
  const change = open - atStart;
  return `event ${index}${Number.isFinite(times) ? ` of ${times}` : ''}: ${count(open)} open (${change < 0 ? '' : '+'}${count(change)})`;
}

function identitiesOf(members: readonly Member<Fd>[]): Set<string> {
  return new Set(members.map(({ identity }) => identity));
}
