/** Several looks at all threads: who has not run from one to the next. */
import type { ByteString, Evidence } from '../evidence/types.ts';
import { parseThreadStatus, type ThreadStatus } from '../kernel/proc/switches.ts';

/** More threads than these are looked at less often: each look costs the target a lock for some microseconds. */
const MANY_THREADS = 1000;
const BETWEEN_MS = 1000;
export const MOST_THREADS = 5000;

export interface Seen extends ThreadStatus {
  pid: number;
  tid: number;
  /** It has not run for at least so long, ms; 0 when it was seen so once only. */
  sinceMs: number;
  /** Not since the first look, and there were several. */
  allAlong: boolean;
}

export interface Looks {
  /** As at the last look. */
  threads: Seen[];
  /** Of the processes at the last look; more than `threads` when not all were asked. */
  total: number;
  windowMs: number;
}

interface One {
  tids: Map<string, ThreadStatus>;
  total: number;
  from: number;
  to: number;
}

/** Looks for `windowMs`; an aborted signal ends it. */
export async function lookRepeatedly(evidence: Evidence, pids: readonly number[], windowMs: number, signal: AbortSignal): Promise<Looks> {
  const first = lookOnce(evidence, pids);
  const looks = [first];
  const steps = windowMs === 0 ? 0 : first.tids.size > MANY_THREADS ? 1 : Math.max(1, Math.ceil(windowMs / BETWEEN_MS));
  for (let step = 0; step < steps && !signal.aborted; step++) {
    await evidence.sleep(windowMs / steps);
    looks.push(lookOnce(evidence, pids));
  }
  const last = looks.at(-1)!;
  const threads = [...last.tids].map(([key, now]): Seen => {
    const same = looks[looks.findLastIndex((look) => !isSame(look.tids.get(key), now)) + 1] ?? last;
    const [pid = 0, tid = 0] = key.split(' ').map(Number);
    return { ...now, pid, tid, sinceMs: Math.max(0, last.from - same.to), allAlong: same === first && same !== last };
  });
  return { threads, total: last.total, windowMs: Math.max(0, last.from - first.to) };
}

/** What a thread did not run in between has not changed. */
export function isSame(before: ThreadStatus | undefined, now: ThreadStatus): boolean {
  return before !== undefined && before.mark === now.mark && before.state === now.state && now.state !== 'R';
}

export function readThread(evidence: Evidence, pid: number, tid: number): ThreadStatus | null {
  const text: ByteString = evidence.read(`/proc/${pid}/task/${tid}/status`).value ?? '';
  return parseThreadStatus(text);
}

function lookOnce(evidence: Evidence, pids: readonly number[]): One {
  const tids = new Map<string, ThreadStatus>();
  const from = evidence.now();
  let total = 0;
  for (const pid of pids) {
    for (const tid of evidence.tasks?.tidsOf(pid).value ?? []) {
      total++;
      if (tids.size >= MOST_THREADS) continue;
      const status = readThread(evidence, pid, tid);
      if (status && status.state !== 'Z' && status.state !== 'X') tids.set(`${pid} ${tid}`, status);
    }
  }
  return { tids, total, from, to: evidence.now() };
}
