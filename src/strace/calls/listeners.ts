/** Who listens at which address, and the time in which nobody does. */
import type { ByteString } from '../../evidence/types.ts';
import { fdOf } from '../parse/args.ts';
import type { Description } from '../tables/description.ts';
import type { FilesTable } from '../tables/table.ts';
import type { Thread } from '../tables/types.ts';
import { PORT } from './addresses.ts';
import { base, type Call, type Context } from './call.ts';

/** Whatever port is free: two such are no one address. */
const ANY_PORT = /:0$/;
/** A signal so long before the listener was closed has asked for that, and a child begun since is another generation. */
const RELOAD_MICROS = 10_000_000;
/** Addresses nobody listens on any more: only so many. */
const MOST_GONE = 1024;

export class Listeners {
  /** Descriptions that listen, by address. */
  private readonly byAddress = new Map<ByteString, Set<Description>>();
  /** When the last one of an address went. */
  private readonly gone = new Map<ByteString, { line: number; time: number; label: string; pid: number }>();

  listen(context: Context, thread: Thread, call: Call): void {
    const { fd, decoration } = fdOf(call.args);
    const slot = call.ok ? context.slot(thread, fd, decoration) : undefined;
    if (!slot) return;
    const { description } = slot;
    const address = description.bound ?? description.target;
    if (address === '') return;
    const { byAddress, gone } = this;
    description.net = thread.net;
    const key = keyOf(address, thread.net);
    const before = gone.get(key);
    if (before && !byAddress.get(key)?.size && !ANY_PORT.test(address) && !this.isCovered(address, thread.net)) {
      const ms = Number.isNaN(before.time) ? null : (call.time - before.time) / 1000;
      // A clock that was set back, or logs that were put together.
      if (ms === null || ms >= 0) context.emit({ ...base(context, thread), what: 'listen-gap', address: context.shown(address), gone: context.moment(before.line, before.time), before: before.label, ms, isOwn: before.pid === thread.pid && !reloads(thread.table, before.time - RELOAD_MICROS) });
    }
    gone.delete(key);
    description.acceptSite = undefined;
    description.listening = address;
    const all = byAddress.get(key);
    if (all) all.add(description);
    else byAddress.set(key, new Set([description]));
    context.fds.onListen?.(description, thread);
    if (context.fds.onStep) context.fds.step('listen', thread, slot, call.name);
  }

  /** The last number of a listener is closed. */
  silent(context: Context, description: Description, thread: Thread): void {
    const address = description.listening!;
    const key = keyOf(address, description.net);
    const all = this.byAddress.get(key);
    all?.delete(description);
    if (all?.size !== 0) return;
    this.byAddress.delete(key);
    if (this.gone.size < MOST_GONE && !this.isCovered(address, description.net)) this.gone.set(key, { line: context.fds.line, time: context.fds.time, label: context.actor(thread).label, pid: thread.pid });
  }

  /** Does somebody listen on all addresses of the host, on that port? */
  private isCovered(address: ByteString, net: number): boolean {
    const port = PORT.exec(address)?.[0];
    return port !== undefined && wildcardsFor(address, port).some((wide) => wide !== address && (this.byAddress.get(keyOf(wide, net))?.size ?? 0) > 0);
  }
}

const reloads = ({ signalled, lastFork }: FilesTable, since: number): boolean => signalled >= since || (lastFork !== undefined && !(lastFork.time < since));

/** Paths are the same in all network namespaces, ports are not. */
function keyOf(address: ByteString, net: number): ByteString {
  return net === 0 || address.startsWith('/') ? address : `${address}\0${net}`;
}

/** [::] takes connections of IPv4 as well, unless it was told not to. */
function wildcardsFor(address: ByteString, port: ByteString): ByteString[] {
  return address.startsWith('[') ? [`[::]${port}`] : [`0.0.0.0${port}`, `[::]${port}`];
}
