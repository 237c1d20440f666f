/** Would the signal arrive, and what would it do? From the masks of all threads, at several looks. */
import type { Evidence } from '../evidence/types.ts';
import { type CoverageLog, errnoWords, statusOf } from '../kernel/coverage.ts';
import { parseSyscall } from '../kernel/proc/syscall.ts';
import { defaultAction, hasSignal, parseSignals, signalName, type SignalMasks } from '../kernel/proc/signals.ts';
import { parseStatus } from '../kernel/proc/status.ts';
import type { Delivery } from './model.ts';

/** A signal is blocked for a moment while a handler or a critical section runs: only what stays blocked is told. */
const LOOKS = 3;
const BETWEEN_MS = 100;
/** Who takes it only between two pieces of work (sigtimedwait, ppoll) has it blocked for most of the time. */
const PATIENCE_MS = 2500;
const GAP_MS = 25;
const MANY_THREADS = 16;
const GAP_OF_MANY_MS = 250;
const MOST_THREADS = 256;
/** rt_sigtimedwait by machine; arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h. */
const SIGWAIT = new Set([128, 137]);
const SIGNALFD = 'anon_inode:[signalfd]';

interface ThreadMasks {
  tid: number;
  masks: SignalMasks;
}

/** Numbers of the signals that a Go program asks for; undefined where that cannot be told. */
export type AskGo = (evidence: Evidence, pid: number) => Promise<ReadonlySet<number> | undefined>;

export interface Asking {
  number: number;
  /** Absent: nobody can tell. */
  askGo?: AskGo;
  /** Ask what any signal could need: for `record`. */
  everything?: boolean;
  signal: AbortSignal;
}

/** Undefined when the masks could not be read: the coverage says why. */
export async function readDelivery(evidence: Evidence, pid: number, { number, askGo, everything = false, signal }: Asking, coverage: CoverageLog): Promise<Delivery | undefined> {
  const path = `/proc/${pid}/status`;
  const status = evidence.read(path);
  const own = parseSignals(status.value ?? '');
  if (!own) {
    const detail = status.errno === undefined ? `${path} has no signal masks` : `${path}: ${errnoWords(status.errno)}`;
    coverage.note({ source: 'signal masks', status: status.errno === undefined ? 'unsupported' : statusOf(status.errno), detail, needed: true });
    return undefined;
  }
  coverage.note({ source: 'signal masks', status: 'ok', needed: true });
  let blockedLooks = 0;
  let looks = 0;
  let threads = readThreads(evidence, pid);
  // A tape has as many looks as were recorded.
  const until = evidence.origin === 'live' && !everything ? evidence.now() + PATIENCE_MS : 0;
  for (;;) {
    looks++;
    const everywhere = (threads.seen.length > 0 ? threads.seen : [{ masks: own }]).reduce((mask, { masks }) => mask & masks.blocked, ~0n);
    const isBlocked = hasSignal(everywhere, number);
    if (isBlocked) blockedLooks++;
    if (!isBlocked && !(everything && everywhere !== 0n)) break;
    if ((looks >= LOOKS && evidence.now() >= until) || signal.aborted) break;
    await evidence.sleep(looks < LOOKS ? BETWEEN_MS : threads.total > MANY_THREADS ? GAP_OF_MANY_MS : GAP_MS);
    threads = readThreads(evidence, pid);
  }
  const caught = hasSignal(own.caught, number);
  const ignored = hasSignal(own.ignored, number);
  const reader = (caught || ignored) && !everything ? undefined : await readerOf(evidence, pid, number, threads.seen);
  // What is not blocked is delivered before any signalfd could have it.
  const readBy = reader && 'fd' in reader && blockedLooks < looks ? undefined : reader;
  const nsPids = parseStatus(status.value ?? '')?.nsPids ?? [];
  const runtime = caught || everything ? (await evidence.inotify?.watcherProgram(pid))?.value?.runtime : undefined;
  const isGo = runtime === 'go';
  const asked = isGo && caught ? await askGo?.(evidence, pid) : undefined;
  return {
    number,
    name: signalName(number),
    caught,
    ignored,
    blockedLooks,
    looks,
    threads: threads.total,
    threadsUnread: threads.seen.length < threads.total,
    ...(readBy && { readBy }),
    isInit: pid === 1 || nsPids.at(-1) === 1,
    isGo,
    ...(asked && { asked: asked.has(number) }),
    action: defaultAction(number),
  };
}

function readThreads(evidence: Evidence, pid: number): { seen: ThreadMasks[]; total: number } {
  const tids = (evidence.list(`/proc/${pid}/task`).value ?? []).map(Number);
  const seen = tids.slice(0, MOST_THREADS).flatMap((tid): ThreadMasks[] => {
    const masks = parseSignals(evidence.read(`/proc/${pid}/task/${tid}/status`).value ?? '');
    return masks ? [{ tid, masks }] : [];
  });
  return { seen, total: tids.length };
}

/** What is blocked may be read by a signalfd; a thread in sigwait has it unblocked for as long as it waits. */
async function readerOf(evidence: Evidence, pid: number, number: number, threads: readonly ThreadMasks[]): Promise<Delivery['readBy']> {
  const fds = evidence.users?.findLinks(pid, [SIGNALFD]).value ?? [];
  for (const fd of fds) {
    const mask = /^sigmask:\s*([0-9a-f]{1,32})$/m.exec(evidence.read(`/proc/${pid}/fdinfo/${fd}`).value ?? '')?.[1];
    if (mask !== undefined && hasSignal(BigInt(`0x${mask}`), number)) return { fd };
  }
  const waiting = threads.filter(({ masks }) => !hasSignal(masks.blocked, number));
  const answers = await evidence.readSlow(waiting.map(({ tid }) => `/proc/${pid}/task/${tid}/syscall`));
  for (const [index, { value = '' }] of answers.entries()) {
    const call = parseSyscall(value);
    if (call !== null && call !== 'running' && SIGWAIT.has(call.number)) return { tid: waiting[index]!.tid };
  }
  return undefined;
}
