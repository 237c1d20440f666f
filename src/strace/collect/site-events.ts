/** What each opening site brought, and what was still waiting, told when a process or the log ends. */
import type { BlockedEvent, SiteEvent } from '../../series/index.ts';
import { base, type Context, meant } from '../calls/call.ts';
import type { Follower } from '../follow/follow.ts';
import { WAITING_KINDS, WAITS } from '../follow/known-calls.ts';
import type { Ending, Model } from '../tables/model.ts';
import { siteTrend } from '../tables/lives.ts';
import type { FilesTable } from '../tables/table.ts';
import type { Description } from '../tables/description.ts';
import type { Slot, Thread } from '../tables/types.ts';

/** Fewer left open are not worth an event, unless somebody wants them. */
export const USUAL_LEAST = 3;
const EXAMPLES = 3;

export function* siteEvents(context: Context, thread: Thread, table: FilesTable, ended: Ending, least = USUAL_LEAST): Generator<SiteEvent> {
  if (table.lives.isEmpty) return;
  const living = new Map<number, Slot[]>();
  for (const slot of table.slots.values()) {
    if (!slot.site || !slot.counted || (slot.how !== 'opened' && slot.how !== 'received')) continue;
    const own = living.get(slot.site.id);
    if (own) own.push(slot);
    else living.set(slot.site.id, [slot]);
  }
  const { clock, ledger, time } = context.fds;
  const from = clock.current(table.born, table.bornDoublings);
  let own: Set<Description> | undefined;
  for (const slots of living.values()) {
    if (slots.length < least) continue;
    const lives = ledger.of(table.lives, slots[0]!.site!.id);
    const ours = (own ??= new Set(table.slots.values().map(({ description }) => description)));
    const lost = slots.filter((slot) => !inUse(slot, context, ours));
    if (lost.length === 0) continue;
    const ticks = lost.map((slot) => clock.current(slot.tick, slot.doublings));
    const { steadyMs, ...trend } = siteTrend(lives, context.siteName(slots[0]!), ticks, from, clock);
    yield {
      ...base(context, thread), what: 'site', site: context.siteName(slots[0]!), kind: slots[0]!.description.kind,
      opened: lives.opened, closed: lives.closed, open: slots.length, ended,
      windowMs: Number.isNaN(time) ? null : (time - table.bornTime) / 1000,
      trend, steadyMs, inUse: slots.length - lost.length, polled: lost.filter(({ polledBy }) => polledBy >= 0).length,
      processOpen: table.slots.size, limit: thread.limit, examples: lost.slice(-EXAMPLES).map((slot) => context.tell(slot)), repaired: table.repairs > 0,
    };
  }
}

/** Younger than so many ticks nobody can tell whether it was forgotten. */
const YOUNG_TICKS = 8;

/** Locked or mapped, used again in the later half of a life that is long enough to tell, or the process's own end of what somebody else alive has. */
function inUse(slot: Slot, { model, fds: { clock } }: Context, own: ReadonlySet<Description>): boolean {
  const { peer, pid, locked, held, mapped, unmappedTick, unmappedDoublings } = slot.description;
  if (locked || held || mapped > 0) return true;
  if (peer && peer.holders > 0 && !own.has(peer)) return true;
  if (pid !== undefined && model.threads.has(pid)) return true;
  const born = clock.current(slot.tick, slot.doublings);
  const used = Math.max(clock.current(slot.usedTick, slot.usedDoublings), clock.current(unmappedTick, unmappedDoublings));
  const life = clock.now - born;
  return life >= YOUNG_TICKS && (used - born) * 2 >= life;
}

/** Calls that had not returned at the end, and the slowest of those that had. */
export function* leftAlone(context: Context, follower: Follower, model: Model): Generator<BlockedEvent> {
  const names = follower.names.text;
  const waits = (call: string, kind: string): boolean => WAITS.has(call) || ((call === 'read' || call === 'readv' || call === 'write' || call === 'restart_syscall') && (WAITING_KINDS.has(kind) || kind === ''));
  for (const thread of model.threads.values()) {
    const { pending } = thread;
    if (!pending || !thread.isSeen) continue;
    const call = names[pending.name]!;
    const { fd, target, kind } = meant(context, thread, pending.fd);
    const ms = Number.isNaN(pending.time) ? null : Math.max(0, follower.now - pending.time - follower.clock.grain) / 1000;
    yield { type: 'trace', what: 'blocked', at: context.moment(pending.line, pending.time), actor: context.actor(thread), call, fd, target, ms, pending: true, waits: waits(call, kind), isRough: follower.clock.grain > 0 };
  }
  for (const { name, actor, on: { fd, target, kind }, micros, isRough, line, time } of follower.stats.slowest) {
    const call = names[name]!;
    // Whose kind is not known any more is taken for one that waits.
    const isWaiting = waits(call, kind);
    yield { type: 'trace', what: 'blocked', at: context.moment(line, time), actor, call, fd, target, ms: micros / 1000, pending: false, waits: isWaiting, isRough };
  }
}
