/** EMFILE and ENFILE, one event per process and kind, with the table as it was at the first. */
import type { OutOfFdsEvent } from '../../series/index.ts';
import { base, type Call, type Context } from '../calls/call.ts';
import { fdOf } from '../parse/args.ts';
import type { Thread } from '../tables/types.ts';

const MOST = 200;
const SITES = 5;
/** So many failed accepts in a row are no accident. */
const SPIN = 10;

export class Shortages {
  private readonly context: Context;
  private readonly found = new Map<string, OutOfFdsEvent & { accepts: number }>();

  constructor(context: Context) {
    this.context = context;
  }

  failed(thread: Thread, call: Call): void {
    const { errno } = call;
    if (errno !== 'EMFILE' && errno !== 'ENFILE') return;
    // Here EMFILE is the limit of inotify instances as well, and hardly ever the other.
    if (call.name.startsWith('inotify_init') && !(thread.limit !== null && thread.table.slots.size >= thread.limit)) return;
    const key = `${thread.pid} ${errno}`;
    const isAccept = call.name.startsWith('accept') && fdOf(call.args).fd >= 0;
    const known = this.found.get(key);
    if (known) {
      known.times++;
      if (isAccept) known.accepts++;
      known.spins = known.accepts >= SPIN;
      return;
    }
    if (this.found.size >= MOST) return;
    const sites = new Map<string, number>();
    for (const slot of thread.table.slots.values()) {
      const site = slot.site ? this.context.siteName(slot) : 'there before the log';
      sites.set(site, (sites.get(site) ?? 0) + 1);
    }
    this.found.set(key, {
      ...base(this.context, thread), what: 'out-of-fds', errno, call: call.name, times: 1, open: thread.table.slots.size, limit: thread.limit,
      sites: [...sites].map(([site, open]) => ({ site, open })).sort((a, b) => b.open - a.open).slice(0, SITES), spins: false, accepts: isAccept ? 1 : 0,
    });
  }

  finish(): void {
    for (const { accepts: _accepts, ...event } of this.found.values()) this.context.emit(event);
  }
}
