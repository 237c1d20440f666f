/** Calls on sockets and pipes: ends are made, named, listen, accept, pass descriptors on. */
import type { ByteString } from '../../evidence/types.ts';
import { fdList, fdOf, hasFlag, splitArgs, unnamed } from '../parse/args.ts';
import type { Thread } from '../tables/types.ts';
import { addressOf } from './addresses.ts';
import { Binds } from './binds.ts';
import type { Call, Context, Handler } from './call.ts';
import { Listeners } from './listeners.ts';
import { O_CLOEXEC } from './open.ts';
import { Rights } from './rights.ts';

/** Asks for a pidfd of the peer (include/uapi/asm-generic/socket.h). */
export const PEER_PIDFD = /SOL_SOCKET, (?:optname=)?(?:SO_PEERPIDFD|0x4d\b[^,]*), (?:optval=)?\[(.*?)\](?:,|$)/;
/** What sockets of all processes share. */
export class Sockets {
  readonly binds = new Binds();
  readonly listeners = new Listeners();
  private readonly rights = new Rights();

  readonly handlers: Record<string, Handler> = {
    pipe: pair, pipe2: pair, socketpair: pair,
    accept, accept4: accept,
    bind: (context, thread, call) => this.binds.bind(context, thread, call),
    listen: (context, thread, call) => this.listeners.listen(context, thread, call),
    connect,
    setsockopt,
    getsockopt,
    sendmsg: (context, thread, call) => this.rights.send(context, thread, call),
    sendmmsg: (context, thread, call) => this.rights.send(context, thread, call),
    recvmsg: (context, thread, call) => this.rights.receive(context, thread, call),
    recvmmsg: (context, thread, call) => this.rights.receive(context, thread, call),
  };
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
