/** epoll: registrations of closed descriptors, and how long a ready listener waits for its accept. */
import type { ByteString } from '../../evidence/types.ts';
import { fdOf, member, splitArgs, unnamed } from '../parse/args.ts';
import { flat } from '../tables/flat.ts';
import type { FilesTable } from '../tables/table.ts';
import type { Slot, Thread } from '../tables/types.ts';
import { badFd } from './bad-fd.ts';
import { base, type Call, type Context, type Handler } from './call.ts';

/** Waits shorter than this are how a server works. */
const SLOW_MS = 200;

export interface Registered {
  slot: Slot;
  /** As printed in the events: what tells which registration is meant. */
  data: ByteString;
  /** Its last four bytes, as a number. */
  lastWord: number;
  readyAt: number;
}

interface Slow {
  ms: number;
  times: number;
  emit: (ms: number, times: number) => void;
}

export class Epolls {
  private readonly slow = new Map<Slot, Slow>();

  readonly handlers: Record<string, Handler> = {
    epoll_ctl: (context, thread, call) => this.control(context, thread, call),
    epoll_wait: (_context, thread, call) => this.waited(thread, call.value, call.args, call.returnedAt),
    epoll_pwait: (_context, thread, call) => this.waited(thread, call.value, call.args, call.returnedAt),
    epoll_pwait2: (_context, thread, call) => this.waited(thread, call.value, call.args, call.returnedAt),
  };

  private control(context: Context, thread: Thread, call: Call): void {
    const args = splitArgs(call.args);
    const epoll = fdOf(args[0] ?? '');
    const { fd, decoration } = fdOf(args[2] ?? '');
    const operation = /ADD|MOD|DEL/.exec(args[1] ?? '')?.[0] ?? ['', 'ADD', 'DEL', 'MOD'][Number.parseInt(unnamed(args[1] ?? ''), 10)] ?? '';
    if (call.errno === 'EBADF' || call.errno === 'ENOENT') {
      const closed = thread.table.closed.get(fd);
      // ENOENT of a number that was given out again: what was registered is gone with its close. DEL is also how runtimes make sure, whatever was there.
      const wasAdded = closed !== undefined && closed.polledBy === epoll.fd && operation === 'MOD';
      const slot = (call.errno === 'EBADF' ? !thread.table.slots.has(fd) : wasAdded) ? closed : undefined;
      if (slot && thread.table.slots.has(epoll.fd)) badFd(context, thread, { call: 'epoll_ctl', fd, errno: call.errno, operation, slot, line: call.line, time: call.time });
      return;
    }
    if (!call.ok) return;
    const slot = context.slot(thread, fd, decoration);
    if (slot) slot.polledBy = operation === 'DEL' ? -1 : epoll.fd;
    if (slot?.description.listening === undefined) return;
    if (operation !== 'DEL') context.fds.onServe?.(slot.description, thread);
    this.register(thread.table, slot, operation, args[3] ?? '');
  }

  private register(table: FilesTable, slot: Slot, operation: string, event: ByteString): void {
    const own = (table.polled ??= new Map<number, Registered>());
    if (operation === 'DEL') own.delete(slot.fd);
    else {
      const data = flat(/u64=\w+/.exec(event)?.[0] ?? member(event, 'data') ?? '');
      if (data === '') return;
      slot.isKept = true;
      own.set(slot.fd, { slot, data, lastWord: Buffer.from(data.slice(-4).padStart(4), 'latin1').readUInt32BE(), readyAt: NaN });
    }
  }

  /** @param value what epoll_wait returned; @param at when, µs */
  waited({ table }: Thread, value: number, args: ByteString, at: number): void {
    if (!(value > 0) || !table.polled) return;
    for (const registered of table.polled.values()) if (Number.isNaN(registered.readyAt) && args.includes(registered.data)) registered.readyAt = at;
  }

  /** Does what was returned hold one of those, as far as a quick look at the ends of `u64=1234567890` tells? */
  mayHold({ table }: Thread, view: DataView, from: number, to: number): boolean {
    for (const { readyAt, lastWord } of table.polled!.values()) {
      if (!Number.isNaN(readyAt)) continue;
      for (let i = from; i < to - 3; i++) if (view.getUint32(i) === lastWord) return true;
    }
    return false;
  }

  /** An accept on that number has returned, with a connection or without. */
  accepted(context: Context, thread: Thread, fd: number, startedAt: number): void {
    const registered = thread.table.polled?.get(fd);
    if (!registered || Number.isNaN(registered.readyAt)) return;
    const ms = (startedAt - registered.readyAt) / 1000;
    registered.readyAt = NaN;
    if (!(ms >= SLOW_MS)) return;
    const known = this.slow.get(registered.slot);
    if (known) {
      known.times++;
      if (ms > known.ms) known.ms = ms;
      return;
    }
    const event = { ...base(context, thread), what: 'slow-accept' as const, address: context.shown(registered.slot.description.listening ?? '') };
    if (this.slow.size < 64) this.slow.set(registered.slot, { ms, times: 1, emit: (longest, times) => context.emit({ ...event, ms: longest, times }) });
  }

  finish(): void {
    for (const { ms, times, emit } of this.slow.values()) emit(ms, times);
    this.slow.clear();
  }
}
