import type { GoroutineGrowth, GoroutinesEvent, Settled } from '../series/index.ts';
import type { Taken } from './source/types.ts';

/** What rules observe of a look, and of what came before it. */
export function eventOf({ dump, source, again, label, pid, announced, target }: Taken, growth: GoroutineGrowth | undefined, settled?: Settled): GoroutinesEvent {
  return {
    type: 'goroutines',
    label,
    source,
    again,
    live: target !== null,
    dump,
    ...(pid !== undefined && { pid }),
    ...(announced !== undefined && { announced }),
    ...(growth && { growth }),
    ...(settled && { settled }),
  };
}
