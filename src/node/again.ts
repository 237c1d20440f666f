/** A second look at what was suspicious, by /proc only: nobody is in the target any more. */
import type { Evidence } from '../evidence/types.ts';
import { parseFdInfo } from '../kernel/proc/fdinfo.ts';
import { scanInet } from '../kernel/proc/net-inet.ts';
import type { Handle, NodeLook } from './model.ts';

/** A program that works reads, closes or writes in that time, ms. */
const WAIT_MS = 2000;
const MOST = 500;

/** Undefined when nothing was. The answer names those that are as they were. */
export async function lookAgain(evidence: Evidence, pid: number, handles: readonly Handle[], signal: AbortSignal): Promise<NodeLook['again']> {
  const suspicious = handles.filter(isSuspicious).slice(0, MOST);
  if (suspicious.length === 0 || signal.aborted) return undefined;
  const before = marksOf(evidence, pid, suspicious);
  const started = evidence.now();
  await evidence.sleep(WAIT_MS);
  const after = marksOf(evidence, pid, suspicious);
  const still = new Set([...before].filter(([key, mark]) => after.get(key) === mark).map(([key]) => key));
  return { afterMs: Math.round(evidence.now() - started), still };
}

function isSuspicious({ kind, state, http, fd, flowing }: Handle): boolean {
  if (fd === undefined) return false;
  return kind === 'file-handle' || state === 'CLOSE_WAIT' || http?.unread === true || (kind === 'file-stream' && flowing !== true);
}

/** By `pid:fd`: what of a descriptor changes when it is used. */
function marksOf(evidence: Evidence, pid: number, handles: readonly Handle[]): Map<string, string> {
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
