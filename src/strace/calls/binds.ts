/** Binds, and what became of those that found the address in use. */
import type { ByteString } from '../../evidence/types.ts';
import { fdOf } from '../parse/args.ts';
import type { Description } from '../tables/description.ts';
import type { Slot, Thread } from '../tables/types.ts';
import { addressOf, PORT } from './addresses.ts';
import { base, type Call, type Context } from './call.ts';

/** Failed binds that may succeed later. */
const MOST_FAILED = 64;
/** Who looks for a free port tries so many. */
const NEXT_PORTS = 100;

interface FailedBind {
  address: ByteString;
  pid: number;
  description: Description | undefined;
  event: { times: number };
  emit: (succeeded: boolean, instead?: ByteString) => void;
}

export class Binds {
  private readonly failed: FailedBind[] = [];

  bind(context: Context, thread: Thread, call: Call): void {
    const address = addressOf(call.args);
    if (address === undefined) return;
    const { fd, decoration } = fdOf(call.args);
    const slot = context.slot(thread, fd, decoration);
    if (call.ok && slot) {
      slot.description.acceptSite = undefined;
      slot.description.bound = address;
      slot.description.target = address;
      slot.description.net = thread.net;
      this.succeeded(thread, slot.description, address);
    } else if (call.errno === 'EADDRINUSE') this.noteFailed(context, thread, slot, address);
  }

  private succeeded({ pid }: Thread, description: Description, address: ByteString): void {
    const own = this.failed.filter((failed) => failed.pid === pid && (failed.address === address || failed.description === description || isNextPort(failed.address, address)));
    for (const failed of own) {
      this.failed.splice(this.failed.indexOf(failed), 1);
      if (failed.address === address) failed.emit(true);
      else failed.emit(true, address);
    }
  }

  private noteFailed(context: Context, thread: Thread, slot: Slot | undefined, address: ByteString): void {
    const known = this.failed.find((failed) => failed.address === address && failed.pid === thread.pid);
    if (known) known.event.times++;
    if (known || this.failed.length >= MOST_FAILED) return;
    const event = {
      ...base(context, thread), what: 'address-in-use' as const, address: context.shown(address), times: 1,
      reusePort: slot?.description.reusePort ?? false, reuseAddress: slot?.description.reuseAddress ?? false,
      holders: holdersOf(context, address, thread.net),
    };
    this.failed.push({
      address, pid: thread.pid, description: slot?.description, event,
      emit: (succeeded, instead) => context.emit({ ...event, succeeded, instead: instead === undefined ? null : context.shown(instead) }),
    });
    if (slot) slot.description.isKept = true;
  }

  /** Binds that failed and never succeeded. */
  finish(): void {
    for (const { emit } of this.failed.splice(0)) emit(false);
  }
}

/** The search for a free port: the same host, one of the next ports or whichever is free. */
function isNextPort(failed: ByteString, address: ByteString): boolean {
  const [from, to] = [PORT.exec(failed), PORT.exec(address)];
  if (!from || !to || failed.slice(0, from.index) !== address.slice(0, to.index)) return false;
  const step = Number(to[1]) - Number(from[1]);
  return to[1] === '0' || (step > 0 && step <= NEXT_PORTS);
}

function holdersOf(context: Context, address: ByteString, net: number): { label: string; fd: number; opened: ReturnType<Context['moment']> | null }[] {
  const port = address.slice(address.lastIndexOf(':'));
  const same = (bound: ByteString | undefined): boolean => bound === address || (bound !== undefined && !address.startsWith('/') && bound.endsWith(port) && /^(?:0\.0\.0\.0|\[::\]):/.test(bound + address));
  return context.model.tables().flatMap(({ thread, table }) =>
    table.slots.values()
      .filter(({ description }) => same(description.bound) && (description.net === net || address.startsWith('/')))
      .map((slot) => ({ label: context.actor(thread).label, fd: slot.fd, opened: slot.site ? context.moment(slot.line, slot.time) : null })),
  ).slice(0, 5);
}
