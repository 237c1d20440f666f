/** When an accept queue is full. */
import type { ListenAddress } from './model.ts';

/** The kernel takes one more than the backlog (include/net/sock.h sk_acceptq_is_full). */
export function isFull({ listeners }: ListenAddress): boolean {
  return listeners.some(({ queue = 0, backlog }) => backlog !== undefined && queue > backlog);
}

/** At a later look, or while it was watched. */
export function wasFull({ listeners }: ListenAddress): boolean {
  return listeners.some(({ queueHighest = 0, queueAgain = 0, backlog }) => backlog !== undefined && Math.max(queueHighest, queueAgain) > backlog);
}
