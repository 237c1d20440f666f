/** What each opening site brought, and what was still waiting, told when a process or the log ends. */
import type { BlockedEvent, SiteEvent } from '../../series/index.ts';
import { base, type Context } from '../calls/call.ts';
import type { Follower } from '../follow/follow.ts';
import { WAITING_KINDS, WAITS } from '../follow/known-calls.ts';
import type { Ending, Model } from '../tables/model.ts';
import type { FilesTable } from '../tables/table.ts';
import type { Slot, Thread } from '../tables/types.ts';

/** Fewer left open are not worth an event. */
const LEAST = 3;
const EXAMPLES = 3;

export function* siteEvents(context: Context, thread: Thread, table: FilesTable, ended: Ending): Generator<SiteEvent> {
  if (table.lives.size === 0) return;
  const living = new Map<number, Slot[]>();
  for (const slot of table.slots.values()) {
    if (!slot.site || !slot.counted || (slot.how !== 'opened' && slot.how !== 'received')) continue;
    const own = living.get(slot.site.id);
    if (own) own.push(slot);
    else living.set(slot.site.id, [slot]);
  }
  const { clock, time } = context.fds;
  const from = clock.current(table.born, table.bornDoublings);
  for (const [id, slots] of living) {
    if (slots.length < LEAST) continue;
    const lives = table.lives.get(id)!;
    const ticks = slots.map((slot) => clock.current(slot.tick, slot.doublings));
    yield {
      ...base(context, thread), what: 'site', site: context.siteName(slots[0]!), kind: slots[0]!.description.kind,
      opened: lives.opened, closed: lives.closed, open: slots.length, ended,
      windowMs: Number.isNaN(time) ? null : (time - table.bornTime) / 1000,
      trend: lives.trend(context.siteName(slots[0]!), ticks, from, clock),
      processOpen: table.slots.size, limit: thread.limit, examples: slots.slice(-EXAMPLES).map((slot) => context.tell(slot)), repaired: table.repairs > 0,
    };
  }
}

/** Calls that had not returned at the end, and the slowest of those that had. */
export function* leftAlone(context: Context, follower: Follower, model: Model): Generator<BlockedEvent> {
  const names = follower.names.text;
  const told = (thread: Thread | undefined, fd: number): { fd: number | null; target: string; kind: string } => {
    const slot = thread?.table.slots.get(fd);
    return { fd: slot ? fd : null, target: slot ? context.tell(slot).target : '', kind: slot?.description.kind ?? '' };
  };
  const waits = (call: string, kind: string): boolean => WAITS.has(call) || ((call === 'read' || call === 'readv' || call === 'write' || call === 'restart_syscall') && (WAITING_KINDS.has(kind) || kind === ''));
  for (const thread of model.threads.values()) {
    const { pending } = thread;
    if (!pending || !thread.isSeen) continue;
    const call = names[pending.name]!;
    const { fd, target, kind } = told(thread, pending.fd);
    const ms = Number.isNaN(pending.time) ? null : (follower.now - pending.time) / 1000;
    yield { type: 'trace', what: 'blocked', at: context.moment(pending.line, pending.time), actor: context.actor(thread), call, fd, target, ms, pending: true, waits: waits(call, kind) };
  }
  for (const { name, tid, actor, fd: number, micros, line, time } of follower.stats.slowest) {
    const thread = model.threads.get(tid);
    const call = names[name]!;
    const { fd, target, kind } = told(thread, number);
    // Whose kind is not known any more is taken for one that waits.
    const isWaiting = waits(call, kind);
    yield { type: 'trace', what: 'blocked', at: context.moment(line, time), actor, call, fd, target, ms: micros / 1000, pending: false, waits: isWaiting };
  }
}
