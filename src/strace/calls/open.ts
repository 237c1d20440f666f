/** Calls that make one descriptor of something that has a name, or needs none. */
import type { ByteString } from '../../evidence/types.ts';
import { fdOf, firstString, hasFlag, splitArgs, unnamed } from '../parse/args.ts';
import { kindOf } from '../tables/kind-of.ts';
import type { Thread } from '../tables/types.ts';
import type { Call, Context, Handler } from './call.ts';
import { eventsCloexec } from './fanotify.ts';

export const O_CLOEXEC = 0x80000;

/** Makes a descriptor of the result. */
function made(context: Context, thread: Thread, { name, result, value, isWhole }: Call, kind: string, target: ByteString, cloexec: boolean | null, siteWords?: ByteString): void {
  const { decoration } = fdOf(result);
  const isPath = decoration?.startsWith('/') ?? false;
  context.fds.open(thread, value, {
    kind: decoration === undefined || kind !== 'file' ? kind : kindOf(decoration),
    target: isPath ? decoration! : target,
    cloexec,
    call: name,
    isLowest: isWhole,
    decoration,
    ...(siteWords !== undefined && { siteWords }),
  });
}

function byPath(context: Context, thread: Thread, call: Call): void {
  if (!call.ok) return;
  const path = firstString(call.args);
  const target = joined(context, thread, call, path?.value ?? '');
  made(context, thread, call, target.startsWith('/dev/') ? 'device' : 'file', target, isCloexec(call, path));
}

/** @param path undefined where only its address is told */
function isCloexec({ name, args }: Call, path: { end: number } | undefined): boolean {
  if (name === 'creat') return false;
  const flags = path ? args.slice(args.indexOf(',', path.end) + 2) : (splitArgs(args)[name === 'open' ? 1 : 2] ?? '');
  if (flags.includes('O_CLOEXEC')) return true;
  // Words of other flags: no numbers to look into.
  if (flags.charCodeAt(0) === 79) return false;
  // openat2: {flags=0x80000, resolve=..}
  return hasFlag(flags.replace(/^(?:\{?flags=|how=\{flags=)/, '').replace(/[,}][\s\S]*$/, ''), 'O_CLOEXEC', O_CLOEXEC);
}

/** A path relative to an open folder that is known. */
function joined(context: Context, thread: Thread, call: Call, path: ByteString): ByteString {
  if (path.charCodeAt(0) === 47 || call.name === 'open' || call.name === 'creat') return path;
  const { fd, decoration } = fdOf(call.args.startsWith('AT_FDCWD<') ? `0${call.args.slice(8)}` : call.args);
  const folder = decoration ?? (fd >= 0 ? thread.table.slots.get(fd)?.description.target : undefined);
  if (fd >= 0 && decoration === undefined) context.slot(thread, fd);
  return folder?.startsWith('/') ? `${folder === '/' ? '' : folder}/${path}` : path;
}

/** Descriptors without a path. `flags`: which argument has them; `always`, `never`: what they cannot change. */
interface Plain {
  kind: string;
  flags?: { at: number; word: string; bit: number };
  cloexec?: boolean;
  /** Argument with a name. */
  named?: boolean;
}

const plain: Record<string, Plain> = {
  epoll_create: { kind: 'epoll', cloexec: false },
  epoll_create1: { kind: 'epoll', flags: { at: 0, word: 'EPOLL_CLOEXEC', bit: O_CLOEXEC } },
  eventfd: { kind: 'eventfd', cloexec: false },
  eventfd2: { kind: 'eventfd', flags: { at: 1, word: 'EFD_CLOEXEC', bit: O_CLOEXEC } },
  timerfd_create: { kind: 'timerfd', flags: { at: 1, word: 'TFD_CLOEXEC', bit: O_CLOEXEC } },
  inotify_init: { kind: 'inotify', cloexec: false },
  inotify_init1: { kind: 'inotify', flags: { at: 0, word: 'IN_CLOEXEC', bit: O_CLOEXEC } },
  fanotify_init: { kind: 'fanotify', flags: { at: 0, word: 'FAN_CLOEXEC', bit: 1 } },
  memfd_create: { kind: 'memfd', named: true, flags: { at: 1, word: 'MFD_CLOEXEC', bit: 1 } },
  memfd_secret: { kind: 'memfd', flags: { at: 0, word: 'O_CLOEXEC', bit: O_CLOEXEC } },
  userfaultfd: { kind: 'userfaultfd', flags: { at: 0, word: 'O_CLOEXEC', bit: O_CLOEXEC } },
  perf_event_open: { kind: 'perf', flags: { at: 4, word: 'PERF_FLAG_FD_CLOEXEC', bit: 8 } },
  io_uring_setup: { kind: 'io_uring', cloexec: true },
  landlock_create_ruleset: { kind: 'landlock', cloexec: true },
  fsopen: { kind: 'fs-context', named: true, flags: { at: 1, word: 'FSOPEN_CLOEXEC', bit: 1 } },
  fspick: { kind: 'fs-context', named: true, flags: { at: 2, word: 'FSPICK_CLOEXEC', bit: 1 } },
  fsmount: { kind: 'mount', flags: { at: 1, word: 'FSMOUNT_CLOEXEC', bit: 1 } },
  open_tree: { kind: 'file', named: true, flags: { at: 2, word: 'OPEN_TREE_CLOEXEC', bit: O_CLOEXEC } },
  mq_open: { kind: 'mqueue', named: true, cloexec: true },
  open_by_handle_at: { kind: 'file', flags: { at: 2, word: 'O_CLOEXEC', bit: O_CLOEXEC } },
  socket: { kind: 'socket', flags: { at: 1, word: 'SOCK_CLOEXEC', bit: O_CLOEXEC } },
  pidfd_open: { kind: 'pidfd', cloexec: true },
};

function openPlain(context: Context, thread: Thread, call: Call): void {
  if (!call.ok || (call.name === 'landlock_create_ruleset' && asksLandlock(call.args))) return;
  const { kind, flags, cloexec, named } = plain[call.name]!;
  if (kind === 'io_uring') context.note('io_uring');
  const args = flags || named ? splitArgs(call.args).map(unnamed) : [];
  const isCloexec = flags ? hasFlag(args[flags.at] ?? '', flags.word, flags.bit) : (cloexec ?? null);
  const target = named ? (firstString(call.args)?.value ?? '') : '';
  made(context, thread, call, kind, kind === 'memfd' ? `/memfd:${target}` : target, isCloexec, kind === 'socket' ? socketWords(args) : undefined);
}

/** Any flag asks for a version or a list of errata, and makes nothing (LANDLOCK_CREATE_RULESET_*, include/uapi/linux/landlock.h). */
function asksLandlock(args: ByteString): boolean {
  return !/^(?:0|0x0)$/.test(unnamed(splitArgs(args)[2] ?? '0'));
}

/** `AF_INET SOCK_STREAM`, without the flags. */
function socketWords(args: readonly ByteString[]): ByteString {
  return args.slice(0, 2).map((arg) => arg.replace(/\|SOCK_(?:CLOEXEC|NONBLOCK)/g, '')).join(' ');
}

/** A descriptor to set it on: then none is made. */
function signalfd(context: Context, thread: Thread, call: Call): void {
  if (!call.ok || fdOf(call.args).fd !== -1) return;
  const flags = call.name === 'signalfd4' ? (splitArgs(call.args).at(-1) ?? '') : '';
  made(context, thread, call, 'signalfd', '', hasFlag(unnamed(flags), 'SFD_CLOEXEC', O_CLOEXEC));
}

const BPF_FDS = /^(?:cmd=)?BPF_(?:MAP_CREATE|PROG_LOAD|OBJ_GET\b|LINK_CREATE|BTF_LOAD|\w*GET_FD_BY_ID|RAW_TRACEPOINT_OPEN|ITER_CREATE|ENABLE_STATS|TOKEN_CREATE)/;
/** The same by number (-X raw). */
const BPF_NUMBERS = new Set([0, 5, 7, 13, 14, 17, 18, 19, 28, 30, 32, 33, 36]);

function bpf(context: Context, thread: Thread, call: Call): void {
  if (!call.ok) return;
  const raw = /^(?:cmd=)?(0x[0-9a-f]+|\d+)/.exec(call.args);
  if (raw ? BPF_NUMBERS.has(Number(raw[1])) : BPF_FDS.test(call.args)) made(context, thread, call, 'bpf', '', true, splitArgs(call.args)[0] ?? '');
}

function seccomp(context: Context, thread: Thread, call: Call): void {
  if (call.ok && call.value > 0 && /SECCOMP_FILTER_FLAG_NEW_LISTENER/.test(call.args)) made(context, thread, call, 'seccomp', '', true);
}

function pidfdOpen(context: Context, thread: Thread, call: Call): void {
  if (!call.ok) return;
  openPlain(context, thread, call);
  thread.table.slots.get(call.value)!.description.pid = Number.parseInt(unnamed(call.args), 10);
}

function fanotifyInit(context: Context, thread: Thread, call: Call): void {
  if (!call.ok) return;
  openPlain(context, thread, call);
  thread.table.slots.get(call.value)!.description.eventsCloexec = eventsCloexec(call.args);
  if (!/FAN_REPORT_\w*FID/.test(call.args)) context.note('fanotify made');
}

function pidfdGetfd(context: Context, thread: Thread, call: Call): void {
  if (!call.ok) return;
  const [pidfd, wanted] = splitArgs(call.args).map((arg) => fdOf(arg));
  const pid = thread.table.slots.get(pidfd?.fd ?? -1)?.description.pid;
  const from = pid === undefined ? undefined : context.model.threads.get(pid)?.table.slots.get(wanted?.fd ?? -1);
  const { decoration = '' } = fdOf(call.result);
  context.fds.open(thread, call.value, {
    kind: from?.description.kind ?? kindOf(decoration), target: from?.description.target ?? decoration, cloexec: true, call: call.name, how: 'received', isLowest: call.isWhole,
    ...(from && { description: from.description }),
  });
}

/** These return pids, which -Y decorates by the names of their programs. */
const RETURNS_PID = /^(?:get(?:p?pid|tid|pgrp|pgid|sid)|setsid|wait\w*|fcntl\w*|set_tid_address)$/;

/** A result with a decoration, of a call this program does not know: a descriptor all the same. */
export function openUnknown(context: Context, thread: Thread, call: Call): void {
  const { decoration } = fdOf(call.result);
  if (call.ok && decoration !== undefined && !RETURNS_PID.test(call.name)) made(context, thread, call, kindOf(decoration), decoration, null);
}

export const openHandlers: Record<string, Handler> = {
  open: byPath,
  openat: byPath,
  openat2: byPath,
  creat: byPath,
  ...Object.fromEntries(Object.keys(plain).map((name) => [name, openPlain])),
  signalfd,
  signalfd4: signalfd,
  bpf,
  seccomp,
  fanotify_init: fanotifyInit,
  pidfd_open: pidfdOpen,
  pidfd_getfd: pidfdGetfd,
};
