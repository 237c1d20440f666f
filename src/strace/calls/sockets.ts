/** Calls on sockets and pipes: ends are made, named, listen, accept, pass descriptors on. */
import type { ByteString } from '../../evidence/types.ts';
import { fdList, fdOf, hasFlag, splitArgs, unnamed } from '../parse/args.ts';
import { kindOf } from '../tables/fds.ts';
import type { Description } from '../tables/description.ts';
import type { FilesTable } from '../tables/table.ts';
import type { Slot, Thread } from '../tables/types.ts';
import { addressOf } from './addresses.ts';
import { base, type Call, type Context, type Handler } from './call.ts';
import { receivePidfds } from './message-pidfd.ts';
import { O_CLOEXEC } from './open.ts';

/** Descriptors on their way that nobody has received: only so many messages. */
const MOST_IN_FLIGHT = 256;
/** Failed binds that may succeed later. */
const MOST_FAILED = 64;
/** Whatever port is free: two such are no one address. */
const ANY_PORT = /:0$/;
const PORT = /:(\d+)$/;
/** Asks for a pidfd of the peer (include/uapi/asm-generic/socket.h). */
export const PEER_PIDFD = /SOL_SOCKET, (?:optname=)?(?:SO_PEERPIDFD|0x4d\b[^,]*), (?:optval=)?\[(.*?)\](?:,|$)/;
/** A signal so long before the listener was closed has asked for that, and a child begun since is another generation. */
const RELOAD_MICROS = 10_000_000;
/** Who looks for a free port tries so many. */
const NEXT_PORTS = 100;

export interface ListenerWatch {
  /** Descriptions that listen, by address. */
  byAddress: Map<ByteString, Set<Description>>;
  /** When the last one of an address went. */
  gone: Map<ByteString, { line: number; time: number; label: string; pid: number }>;
}

const reloads = ({ signalled, lastFork }: FilesTable, since: number): boolean => signalled >= since || (lastFork !== undefined && !(lastFork.time < since));

interface FailedBind {
  address: ByteString;
  pid: number;
  description: Description | undefined;
  event: { times: number };
  emit: (succeeded: boolean, instead?: ByteString) => void;
}

/** What sockets of all processes share. */
export class Sockets {
  readonly listening: ListenerWatch = { byAddress: new Map(), gone: new Map() };
  private readonly inFlight: Description[][] = [];
  private readonly failedBinds: FailedBind[] = [];

  readonly handlers: Record<string, Handler> = {
    pipe: pair, pipe2: pair, socketpair: pair,
    accept: accept, accept4: accept,
    bind: (context, thread, call) => this.bind(context, thread, call),
    listen: (context, thread, call) => this.listen(context, thread, call),
    connect,
    setsockopt,
    getsockopt,
    sendmsg: (context, thread, call) => this.send(context, thread, call),
    sendmmsg: (context, thread, call) => this.send(context, thread, call),
    recvmsg: (context, thread, call) => this.receive(context, thread, call),
    recvmmsg: (context, thread, call) => this.receive(context, thread, call),
  };

  private bind(context: Context, thread: Thread, call: Call): void {
    const address = addressOf(call.args);
    if (address === undefined) return;
    const { fd, decoration } = fdOf(call.args);
    const slot = context.slot(thread, fd, decoration);
    if (call.ok && slot) {
      slot.description.acceptSite = undefined;
      slot.description.bound = address;
      slot.description.target = address;
      slot.description.net = thread.net;
      this.bindSucceeded(thread, slot.description, address);
    } else if (call.errno === 'EADDRINUSE') this.bindFailed(context, thread, slot, address);
  }

  private bindSucceeded({ pid }: Thread, description: Description, address: ByteString): void {
    const own = this.failedBinds.filter((failed) => failed.pid === pid && (failed.address === address || failed.description === description || isNextPort(failed.address, address)));
    for (const failed of own) {
      this.failedBinds.splice(this.failedBinds.indexOf(failed), 1);
      if (failed.address === address) failed.emit(true);
      else failed.emit(true, address);
    }
  }

  private bindFailed(context: Context, thread: Thread, slot: Slot | undefined, address: ByteString): void {
    const known = this.failedBinds.find((failed) => failed.address === address && failed.pid === thread.pid);
    if (known) known.event.times++;
    if (known || this.failedBinds.length >= MOST_FAILED) return;
    const event = {
      ...base(context, thread), what: 'address-in-use' as const, address: context.shown(address), times: 1,
      reusePort: slot?.description.reusePort ?? false, reuseAddress: slot?.description.reuseAddress ?? false,
      holders: holdersOf(context, address, thread.net),
    };
    this.failedBinds.push({
      address, pid: thread.pid, description: slot?.description, event,
      emit: (succeeded, instead) => context.emit({ ...event, succeeded, instead: instead === undefined ? null : context.shown(instead) }),
    });
    if (slot) slot.description.isKept = true;
  }

  private listen(context: Context, thread: Thread, call: Call): void {
    const { fd, decoration } = fdOf(call.args);
    const slot = call.ok ? context.slot(thread, fd, decoration) : undefined;
    if (!slot) return;
    const { description } = slot;
    const address = description.bound ?? description.target;
    if (address === '') return;
    const { byAddress, gone } = this.listening;
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
    const all = this.listening.byAddress.get(key);
    all?.delete(description);
    if (all?.size !== 0) return;
    this.listening.byAddress.delete(key);
    if (this.listening.gone.size < 1024 && !this.isCovered(address, description.net)) this.listening.gone.set(key, { line: context.fds.line, time: context.fds.time, label: context.actor(thread).label, pid: thread.pid });
  }

  /** Does somebody listen on all addresses of the host, on that port? */
  private isCovered(address: ByteString, net: number): boolean {
    const port = PORT.exec(address)?.[0];
    return port !== undefined && wildcardsFor(address, port).some((wide) => wide !== address && (this.listening.byAddress.get(keyOf(wide, net))?.size ?? 0) > 0);
  }

  /** Binds that failed and never succeeded. */
  finish(): void {
    for (const { emit } of this.failedBinds.splice(0)) emit(false);
  }

  private send(context: Context, thread: Thread, call: Call): void {
    if (!call.ok) return;
    for (const list of rightsIn(call.args)) {
      const sent = list.flatMap(({ fd, decoration }) => context.slot(thread, fd, decoration) ?? []);
      if (sent.length === 0) continue;
      for (const { description } of sent) description.isKept = true;
      this.inFlight.push(sent.map(({ description }) => description));
      if (this.inFlight.length > MOST_IN_FLIGHT) this.inFlight.shift();
      if (context.fds.onStep) for (const slot of sent) context.fds.step('pass', thread, slot, call.name);
    }
  }

  private receive(context: Context, thread: Thread, call: Call): void {
    if (!call.ok) return;
    const flags = splitArgs(call.args).at(call.name === 'recvmmsg' ? 3 : -1) ?? '';
    const cloexec = hasFlag(unnamed(flags), 'MSG_CMSG_CLOEXEC', 0x40000000) || call.args.includes('MSG_CMSG_CLOEXEC');
    for (const list of rightsIn(call.args)) {
      const sent = this.takeSent(list.map(({ decoration }) => decoration));
      list.forEach(({ fd, decoration = '' }, index) => {
        const description = sent?.[index];
        context.fds.open(thread, fd, {
          kind: description?.kind ?? kindOf(decoration), target: decoration.startsWith('/') ? decoration : (description?.target ?? decoration),
          cloexec, call: call.name, siteWords: 'SCM_RIGHTS', how: 'received', isLowest: call.isWhole && index === 0, ...(description && { description }),
        });
      });
    }
    receivePidfds(context, thread, call);
  }

  /** The oldest message of as many descriptors whose names do not speak against it. */
  private takeSent(decorations: readonly (ByteString | undefined)[]): Description[] | undefined {
    const at = this.inFlight.findIndex((sent) => sent.length === decorations.length && sent.every(({ target }, index) => fits(target, decorations[index])));
    return at < 0 ? undefined : this.inFlight.splice(at, 1)[0];
  }
}

function fits(target: ByteString, decoration: ByteString | undefined): boolean {
  return decoration === undefined || !target.startsWith('/') || !decoration.startsWith('/') || target === decoration;
}

/** Paths are the same in all network namespaces, ports are not. */
function keyOf(address: ByteString, net: number): ByteString {
  return net === 0 || address.startsWith('/') ? address : `${address}\0${net}`;
}

/** [::] takes connections of IPv4 as well, unless it was told not to. */
function wildcardsFor(address: ByteString, port: ByteString): ByteString[] {
  return address.startsWith('[') ? [`[::]${port}`] : [`0.0.0.0${port}`, `[::]${port}`];
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

/** Descriptors of each SCM_RIGHTS message. */
function rightsIn(args: ByteString): ReturnType<typeof fdList>[] {
  const lists: ReturnType<typeof fdList>[] = [];
  for (let at = args.indexOf('cmsg_type='); at >= 0; at = args.indexOf('cmsg_type=', at + 10)) {
    if (!args.startsWith('SCM_RIGHTS', at + 10) && !args.startsWith('0x1 /* SCM_RIGHTS', at + 10) && !args.startsWith('0x1,', at + 10)) continue;
    // Another level has other types of the same number.
    const level = args.slice(args.lastIndexOf('cmsg_level=', at) + 11, at);
    if (!/^(?:SOL_SOCKET|0x1\b|1\b)/.test(level)) continue;
    const from = args.indexOf('cmsg_data=', at);
    const next = args.indexOf('cmsg_type=', at + 10);
    if (from < 0 || (next >= 0 && from > next)) continue;
    const list = fdList(args.slice(from + 10, endOfList(args, from + 10)));
    if (list.length > 0) lists.push(list);
  }
  return lists;
}

/** Behind the bracket that ends the list: decorations have brackets too. */
function endOfList(args: ByteString, from: number): number {
  let depth = 0;
  for (let i = from; i < args.length; i++) {
    const c = args.charCodeAt(i);
    if (c === 91) depth++;
    else if (c === 93 && --depth === 0) return i + 1;
  }
  return args.length;
}

/** Two ends: `[3, 4]`, the last argument but for the flags. */
function pair(context: Context, thread: Thread, call: Call): void {
  if (!call.ok) return;
  const args = splitArgs(call.args).map(unnamed);
  const [first, second] = fdList(args.find((arg) => arg.startsWith('[')) ?? '');
  if (!first || !second) return;
  const isPipe = call.name !== 'socketpair';
  const flags = isPipe ? (call.name === 'pipe2' ? (args[1] ?? '') : '') : (args[1] ?? '');
  const cloexec = hasFlag(flags, isPipe ? 'O_CLOEXEC' : 'SOCK_CLOEXEC', O_CLOEXEC);
  const kind = isPipe ? 'pipe' : 'socket';
  const [one, other] = [first, second].map(({ fd, decoration = '' }, index) =>
    context.fds.open(thread, fd, { kind, target: decoration, decoration, cloexec, call: call.name, siteWords: isPipe ? '' : socketpairWords(args), isLowest: call.isWhole && index === 0 }).description,
  );
  one!.peer = other;
  other!.peer = one;
  // Each is spoken of as long as the other is there.
  one!.isKept = true;
  other!.isKept = true;
}

function socketpairWords(args: readonly ByteString[]): ByteString {
  return args.slice(0, 2).map((arg) => arg.replace(/\|SOCK_(?:CLOEXEC|NONBLOCK)/g, '')).join(' ');
}

function accept(context: Context, thread: Thread, call: Call): void {
  const { fd, decoration } = fdOf(call.args);
  const listener = context.slot(thread, fd, decoration);
  if (!call.ok) return;
  // The flags come last, behind what may be a path.
  const flags = call.name === 'accept4' ? call.args.slice(call.args.lastIndexOf(', ') + 2) : '';
  const peer = addressOf(call.args);
  const address = listener?.description.listening ?? listener?.description.bound;
  const slot = context.fds.open(thread, call.value, {
    kind: 'socket', target: peer ?? fdOf(call.result).decoration ?? '', cloexec: hasFlag(unnamed(flags), 'SOCK_CLOEXEC', O_CLOEXEC), call: call.name,
    siteWords: address === undefined ? '' : `on ${context.shown(address)}`, isLowest: call.isWhole, decoration: fdOf(call.result).decoration,
  });
  slot.description.accepted = true;
}

function connect(context: Context, thread: Thread, call: Call): void {
  const { fd, decoration } = fdOf(call.args);
  const slot = context.slot(thread, fd, decoration);
  const address = addressOf(call.args);
  if (slot && address !== undefined && (call.ok || call.errno === 'EINPROGRESS')) slot.description.target = address;
}

function setsockopt(context: Context, thread: Thread, call: Call): void {
  if (!call.ok || !/SO_REUSE(?:PORT|ADDR), \[1\]/.test(call.args)) return;
  const { fd, decoration } = fdOf(call.args);
  const slot = context.slot(thread, fd, decoration);
  if (slot) slot.description[call.args.includes('SO_REUSEPORT') ? 'reusePort' : 'reuseAddress'] = true;
}

function getsockopt(context: Context, thread: Thread, call: Call): void {
  if (!call.ok) return;
  const { fd, decoration } = fdOf(call.args);
  context.slot(thread, fd, decoration);
  const made = fdOf(PEER_PIDFD.exec(call.args)?.[1] ?? '');
  if (made.fd >= 0) context.fds.open(thread, made.fd, { kind: 'pidfd', target: made.decoration ?? '', cloexec: true, call: call.name, siteWords: 'SO_PEERPIDFD', isLowest: call.isWhole });
}
