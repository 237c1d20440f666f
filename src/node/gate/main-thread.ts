/**
 * Where the main thread is, by /proc only. Node opens its inspector there: in a system call that it does not come back from the
 * signal waits, and the port opens whenever that is over, when nobody may be there any more.
 */
import type { Evidence } from '../../evidence/types.ts';
import { callName } from '../../kernel/proc/call-names.ts';
import { parseSyscall, type SystemCall, waitsOn } from '../../kernel/proc/syscall.ts';
import { decodeText } from '../../kernel/text.ts';
import type { BlockingCall } from '../model.ts';

export interface MainThread {
  /** Equal as long as the thread has not run: switches of context, and the call with its arguments. */
  mark: string;
  /** Absent: it runs, or is where a signal, or V8, wakes it up: at its own epoll, at a lock. */
  call?: BlockingCall;
  /** Of a call: a signal would interrupt it. */
  isSleeping?: boolean;
  /** It waits at an epoll, as a loop does that turns. */
  atEpoll?: true;
  /** It waits for another thread: at a lock, in Atomics.wait(), or stopped by a debugger. */
  lock?: true;
}

/** Longer than a loop may stand still, ms. */
const WATCH_MS = 1050;
const POLL_MS = 20;
const BETWEEN_MS = 3;
const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

/** What it is in at this moment. Class A questions; the descriptors of its epolls are asked for only where it has children. */
export function mainThread(evidence: Evidence, pid: number): MainThread {
  const own = `/proc/${pid}/task/${pid}`;
  const status = evidence.read(`${own}/status`).value ?? '';
  const switches = [...status.matchAll(/^(?:non)?voluntary_ctxt_switches:\t(\d+)$/gm)].map(([, count]) => count).join(' ');
  const text = evidence.read(`${own}/syscall`).value;
  const found = text === undefined ? undefined : parseSyscall(text);
  if (found === 'running' || /^State:\tR/m.test(status)) return { mark: switches };
  const isSleeping = /^State:\tS/m.test(status);
  if (!found) return { ...withoutNumber(evidence, own, switches), isSleeping };
  const name = callName(found.number, MACHINE);
  const mark = `${switches} ${text}`;
  if (name === 'futex') return { mark, lock: true };
  const epoll = epollOf(found);
  if (epoll !== undefined) {
    const children = waitsForChildren(evidence, pid, epoll);
    return { mark, isSleeping, atEpoll: true, ...(children !== undefined && { call: { name, target: children } }) };
  }
  const waits = waitsOn(found, MACHINE);
  const fd = waits && 'fd' in waits ? waits.fd : undefined;
  const link = fd === undefined ? undefined : evidence.readlink(`/proc/${pid}/fd/${fd}`).value;
  return { mark, isSleeping, call: { name, ...(link !== undefined && { target: `${decodeText(link).text} (descriptor ${fd})` }) } };
}

/** The call that the main thread stays in for longer than a second without having run at all; undefined as soon as it runs. */
export async function stuckCall(evidence: Evidence, pid: number, signal: AbortSignal): Promise<(BlockingCall & { forMs: number }) | undefined> {
  const { call, mark } = mainThread(evidence, pid);
  if (!call) return undefined;
  const started = performance.now();
  while (performance.now() - started < WATCH_MS && !signal.aborted) {
    await evidence.sleep(POLL_MS);
    const now = mainThread(evidence, pid);
    if (!now.call || now.mark !== mark) return undefined;
  }
  return { ...call, forMs: Math.round(performance.now() - started) };
}

/**
 * Waits for a moment in which no call of it can be interrupted: a signal ends a sleeping read() with EINTR, which fs.readSync()
 * throws. Returns the call when there was no such moment for a second.
 */
export async function untilUninterrupted(evidence: Evidence, pid: number, signal: AbortSignal): Promise<BlockingCall | undefined> {
  for (const started = performance.now(); ; ) {
    const { call, isSleeping } = mainThread(evidence, pid);
    if (!call || !isSleeping) return undefined;
    if (performance.now() - started > WATCH_MS || signal.aborted) return call;
    await evidence.sleep(BETWEEN_MS);
  }
}

/** Does its loop turn? Seen at its epoll within a second. Deno opens its inspector there, and nowhere else. */
export async function turns(evidence: Evidence, pid: number, signal: AbortSignal): Promise<boolean> {
  for (const started = performance.now(); ; ) {
    if (mainThread(evidence, pid).atEpoll) return true;
    if (performance.now() - started > WATCH_MS || signal.aborted) return false;
    await evidence.sleep(BETWEEN_MS);
  }
}

/** Where the number may not be read (ptrace_scope), the name of the kernel function often may. */
function withoutNumber(evidence: Evidence, own: string, switches: string): MainThread {
  const name = decodeText(evidence.read(`${own}/wchan`).value?.trim() ?? '').text;
  const mark = `${switches} ${name}`;
  if (name.includes('futex')) return { mark, lock: true };
  if (/epoll|ep_poll/.test(name)) return { mark, atEpoll: true };
  return name === '' || name === '0' ? { mark } : { mark, call: { name } };
}

/** execSync() turns a loop of its own, at an epoll of its own, until the child has ended. The real one is the first that is in use and that no other thread waits at. */
function waitsForChildren(evidence: Evidence, pid: number, epoll: number): string | undefined {
  const children = evidence.read(`/proc/${pid}/task/${pid}/children`).value?.trim() ?? '';
  if (children === '') return undefined;
  const others = new Set(epollsOfThreads(evidence, pid).map(({ fd }) => fd));
  const epolls = (evidence.list(`/proc/${pid}/fd`).value ?? []).map(Number).filter((fd) => fd < epoll && !others.has(fd)).sort((a, b) => a - b);
  const before = epolls.filter((fd) => evidence.readlink(`/proc/${pid}/fd/${fd}`).value === 'anon_inode:[eventpoll]');
  // Node has one that stays empty. The main loop's is empty, too, until it turns for the first time.
  if (before.length < 2 && !before.some((fd) => watchedBy(evidence, pid, fd).length > 0)) return undefined;
  return `a child process (${children.split(' ').slice(0, 3).join(', ')}), as execSync() and spawnSync() do`;
}

/** Epolls that threads beside the main one wait at now. Empty where their calls may not be read. */
export function epollsOfThreads(evidence: Evidence, pid: number): { tid: string; fd: number }[] {
  return (evidence.list(`/proc/${pid}/task`).value ?? []).slice(0, 64).flatMap((tid) => {
    if (tid === String(pid)) return [];
    const found = parseSyscall(evidence.read(`/proc/${pid}/task/${tid}/syscall`).value ?? '');
    const fd = found && found !== 'running' ? epollOf(found) : undefined;
    return fd === undefined ? [] : [{ tid, fd }];
  });
}

function epollOf({ number, args }: SystemCall): number | undefined {
  return callName(number, MACHINE).startsWith('epoll_') ? Number(BigInt.asIntN(32, args[0] ?? -1n)) : undefined;
}

/** Descriptors that an epoll watches, fs/eventpoll.c ep_show_fdinfo. */
export function watchedBy(evidence: Evidence, pid: number, fd: number): number[] {
  return [...(evidence.read(`/proc/${pid}/fdinfo/${fd}`).value ?? '').matchAll(/^tfd: +(\d+) /gm)].map(([, watched]) => Number(watched));
}
