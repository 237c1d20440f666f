/** A second look at what was suspicious: by /proc, when nobody is in the target any more, or inside where we may stay. */
import type { Evidence } from '../evidence/types.ts';
import { parseFdInfo } from '../kernel/proc/fdinfo.ts';
import { scanInet } from '../kernel/proc/net-inet.ts';
import type { Attachment } from './attach/index.ts';
import type { Handle, NodeLook, OrphanFd } from './model.ts';
import type { ThreadList } from './read/index.ts';

/** A program that works reads, closes or writes in that time, ms. */
const WAIT_MS = 2000;
const MOST = 500;
/** Fewer are no leak by any measure. */
export const MANY_ORPHANS = 16;

type Suspicious = Pick<Handle, 'fd' | 'state'>;

/**
 * A second look inside the process, at streams that nobody read at first. A process that was signalled has its inspector open for
 * less than a second: there is no such look, unless it is watched.
 */
export async function unreadAgain({ how }: Pick<Attachment, 'how'>, { unreadAgain: ask }: Pick<ThreadList, 'unreadAgain'>, pid: number, signal: AbortSignal): Promise<NodeLook['unread']> {
  if (how === 'signal' || !ask || signal.aborted) return undefined;
  const started = performance.now();
  await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  const still = await ask();
  return { afterMs: Math.round(performance.now() - started), still: new Set(still.map((fd) => `${pid}:${fd}`)) };
}

/** Undefined when nothing was. The answer names those that are as they were. */
export async function lookAgain(evidence: Evidence, pid: number, handles: readonly Handle[], orphans: readonly OrphanFd[], signal: AbortSignal): Promise<NodeLook['again']> {
  const suspicious: Suspicious[] = [...handles.filter(isSuspicious), ...(orphans.length < MANY_ORPHANS ? [] : orphans)].slice(0, MOST);
  if (suspicious.length === 0 || signal.aborted) return undefined;
  const before = marksOf(evidence, pid, suspicious);
  const started = evidence.now();
  await evidence.sleep(WAIT_MS);
  const after = marksOf(evidence, pid, suspicious);
  const sent = sentSince(evidence, pid, suspicious.filter((one) => one.state === 'CLOSE_WAIT'));
  const still = new Set([...before].filter(([key, mark]) => after.get(key) === mark && !sent.has(key)).map(([key]) => key));
  return { afterMs: Math.round(evidence.now() - started), still };
}

function isSuspicious({ kind, state, fd }: Handle): boolean {
  return fd !== undefined && (kind === 'file-handle' || state === 'CLOSE_WAIT');
}

/** By `pid:fd`: sockets that were written to in that time. Of our own network namespace only; where it may not be asked, none. */
function sentSince(evidence: Evidence, pid: number, sockets: readonly Suspicious[]): Set<string> {
  const answer = sockets.length === 0 ? undefined : evidence.sockDiag('tcp').value;
  const recent = new Set((answer ?? []).filter(({ lastSentMs = Number.POSITIVE_INFINITY }) => lastSentMs < WAIT_MS).map(({ inode }) => `socket:[${inode}]`));
  return new Set(sockets.filter(({ fd }) => recent.has(evidence.readlink(`/proc/${pid}/fd/${fd}`).value ?? '')).map(({ fd }) => `${pid}:${fd}`));
}

/** By `pid:fd`: what of a descriptor changes when it is used. */
function marksOf(evidence: Evidence, pid: number, handles: readonly Suspicious[]): Map<string, string> {
  const rows = new Map<string, string>();
  for (const protocol of ['tcp', 'tcp6'] as const) {
    scanInet(evidence.read(`/proc/${pid}/net/${protocol}`).value ?? '', protocol, ({ inode, state, receiveQueue }) => void rows.set(inode, `${state} ${receiveQueue}`));
  }
  const marks = new Map<string, string>();
  for (const { fd } of handles) {
    const link = evidence.readlink(`/proc/${pid}/fd/${fd}`).value;
    if (link === undefined) continue;
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    const rest = inode === undefined ? parseFdInfo(evidence.read(`/proc/${pid}/fdinfo/${fd}`).value ?? '')?.pos : rows.get(inode);
    marks.set(`${pid}:${fd}`, `${link} ${rest ?? ''}`);
  }
  return marks;
}
