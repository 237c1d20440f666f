/** Calls that make, change and end processes. */
import type { ByteString } from '../../evidence/types.ts';
import { fdOf, firstString, hasFlag, member, numberOf, splitArgs, unnamed } from '../parse/args.ts';
import type { ForkOptions } from '../tables/model.ts';
import type { Thread } from '../tables/types.ts';
import type { Call, Context, Handler } from './call.ts';

const CLONE_FILES = 0x400;
const CLONE_PIDFD = 0x1000;
const CLONE_THREAD = 0x10000;
const CLONE_NEWNET = 0x40000000;

/** Calls that make a thread or process. */
export const FORKS = new Set(['clone', 'clone2', 'clone3', 'fork', 'vfork']);

/** What a fork shares, as its arguments say; the first half is enough. */
export function forkOptions(name: string, args: ByteString): ForkOptions {
  if (name === 'fork' || name === 'vfork') return { sharesFiles: false, isThread: false };
  const flags = cloneFlags(args);
  return { sharesFiles: hasFlag(flags, 'CLONE_FILES', CLONE_FILES), isThread: hasFlag(flags, 'CLONE_THREAD', CLONE_THREAD) };
}

function cloneFlags(args: ByteString): ByteString {
  return /flags=([^,}]*)/.exec(args)?.[1] ?? args;
}

/** What a fork makes beside the child, which others see to: the pidfd of CLONE_PIDFD. */
export function pidfdOfFork(context: Context, thread: Thread, call: Call, child: number): void {
  if (!call.ok || (call.name !== 'clone' && call.name !== 'clone3') || !hasFlag(cloneFlags(call.args), 'CLONE_PIDFD', CLONE_PIDFD)) return;
  const printed = /=> \{.*?pidfd=\[(.*?)\][,}]/.exec(call.args) ?? /(?:parent_tid|parent_tidptr|pidfd)=\[(.*?)\](?:,|$)/.exec(call.args);
  const { fd } = fdOf(printed?.[1] ?? '');
  if (!(fd >= 0)) return;
  // The child has no copy: the number is made after the table was copied.
  const slot = context.fds.open(thread, fd, { kind: 'pidfd', target: '', cloexec: true, call: call.name, siteWords: 'CLONE_PIDFD', isLowest: false });
  slot.description.pid = child;
}

function exec(context: Context, thread: Thread, call: Call): void {
  if (!call.ok) return;
  const path = firstString(call.args)?.value ?? '';
  // execveat has a folder in front.
  const [argv = '', env] = splitArgs(call.args).map(unnamed).slice(call.name === 'execve' ? 1 : 2);
  // Printed with -v only.
  context.model.exec(thread, path, { argv, env: env?.startsWith('["') ? env : undefined }, call.line);
}

/** A child that is born in a network namespace of its own. */
export function netOfFork(context: Context, call: Call, child: Thread | undefined): void {
  if (child && call.ok && (call.name === 'clone' || call.name === 'clone3') && hasFlag(cloneFlags(call.args), 'CLONE_NEWNET', CLONE_NEWNET)) context.model.leaveNet(child);
}

/** setns(3</run/netns/a>, CLONE_NEWNET), or with 0 any namespace. */
function setns(context: Context, thread: Thread, call: Call): void {
  const [, type = ''] = splitArgs(call.args).map(unnamed);
  if (call.ok && (hasFlag(type, 'CLONE_NEWNET', CLONE_NEWNET) || type === '0')) context.model.leaveNet(thread);
}

function unshare(context: Context, thread: Thread, call: Call): void {
  if (call.ok && hasFlag(unnamed(call.args), 'CLONE_NEWNET', CLONE_NEWNET)) context.model.leaveNet(thread);
  if (call.ok && hasFlag(unnamed(call.args), 'CLONE_FILES', CLONE_FILES)) context.model.unshare(thread);
}

/** prlimit64(0, RLIMIT_NOFILE, NULL, {rlim_cur=1024, rlim_max=..}), getrlimit, setrlimit. */
function limit(context: Context, thread: Thread, call: Call): void {
  if (!call.ok || !/RLIMIT_NOFILE|^(?:\d+, )?(?:resource=)?(?:0x)?7,/.test(call.args)) return;
  const other = call.name === 'prlimit64' ? Number.parseInt(unnamed(call.args), 10) : 0;
  const target = other === 0 ? thread : context.model.threads.get(other);
  // What is set comes first, what was before second: what is set holds.
  const soft = member(call.args, 'rlim_cur');
  if (!target || soft === undefined) return;
  const value = numberOf(soft);
  const shown = Number.isFinite(value) ? value : null;
  for (const user of target.table.users) if (user.pid === target.pid) user.limit = shown;
}

/** A log without pids tells the pid here. */
function ownPid(_context: Context, thread: Thread, call: Call): void {
  if (thread.tid === 0 && thread.pid === 0 && call.ok) thread.pid = call.value;
}

export const processHandlers: Record<string, Handler> = {
  execve: exec, execveat: exec, unshare, setns,
  prlimit64: limit, getrlimit: limit, setrlimit: limit, ugetrlimit: limit,
  getpid: ownPid, set_tid_address: ownPid,
};
