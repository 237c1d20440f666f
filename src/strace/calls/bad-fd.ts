/** EBADF of a number that had been open: who closed it, and when. */
import type { Context } from './call.ts';
import type { Slot, Thread } from '../tables/types.ts';

export interface Miss {
  call: string;
  fd: number;
  errno: 'EBADF' | 'ENOENT';
  operation?: string;
  /** What the number was. */
  slot: Slot;
  line: number;
  time: number;
}

export function badFd(context: Context, thread: Thread, { call, fd, errno, operation, slot, line, time }: Miss): void {
  const { beforeTid, beforeLine, beforeTime } = slot;
  const isStolen = beforeTid !== 0 && beforeTid === slot.closedBy && slot.closedBy !== slot.tid;
  context.emit({
    type: 'trace', what: 'bad-fd', at: context.moment(line, time), actor: context.actor(thread), call, fd, errno,
    ...(operation !== undefined && { operation }),
    closed: { fd: context.tell(slot), call: slot.closedCall, at: context.moment(slot.closedLine, slot.closedTime), tid: slot.closedBy },
    endedAfterMs: null,
    ...(isStolen && { stolen: { first: context.moment(beforeLine, beforeTime), tid: beforeTid } }),
  });
}
