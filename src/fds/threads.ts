/** Threads with an fd table of their own (unshare(CLONE_FILES)): /proc/PID/fd shows the leader's only. */
import type { Evidence } from '../evidence/types.ts';
import type { CoverageLog } from '../kernel/coverage.ts';
import { errnoWords } from '../kernel/coverage.ts';
import { parseStat } from '../kernel/proc/stat.ts';
import { decodeText } from '../kernel/text.ts';
import type { Snapshot } from '../kernel/types.ts';

export interface ThreadTable {
  pid: number;
  tid: number;
  comm: string;
  open: number | null;
  table: 'shared' | 'own';
  /** Of a table of its own: what is open in it. */
  fds?: { fd: number; target: string }[];
}

/** Beyond this many descriptors tables of equal size are taken for one: comparing names would cost more than the look itself. */
const MOST_COMPARED = 4096;

export function readThreads(evidence: Evidence, snapshot: Snapshot, coverage: CoverageLog): ThreadTable[] {
  const threads: ThreadTable[] = [];
  for (const { process } of snapshot.tables) {
    const listed = evidence.list(`/proc/${process.pid}/task`);
    if (!listed.value) {
      coverage.note({ source: 'threads', status: 'absent', detail: errnoWords(listed.errno ?? 'EIO'), needed: true });
      continue;
    }
    const leader = namesOf(evidence, `/proc/${process.pid}/task/${process.pid}/fd`);
    for (const name of listed.value) threads.push(threadTable(evidence, process.pid, Number(name), leader));
    coverage.note({ source: 'threads', status: 'ok', seen: listed.value.length, total: listed.value.length, needed: true });
  }
  return threads;
}

type Names = Map<number, string> | undefined;

function namesOf(evidence: Evidence, directory: string): Names {
  const listed = evidence.list(directory).value;
  if (!listed) return undefined;
  return new Map(listed.map((fd) => [Number(fd), evidence.readlink(`${directory}/${fd}`).value ?? '']));
}

function threadTable(evidence: Evidence, pid: number, tid: number, leader: Names): ThreadTable {
  const base = `/proc/${pid}/task/${tid}`;
  const comm = decodeText(parseStat(evidence.read(`${base}/stat`).value ?? '')?.comm ?? '').text;
  const listed = evidence.list(`${base}/fd`).value;
  const common = { pid, tid, comm, open: listed?.length ?? null };
  if (tid === pid || !listed || !leader) return { ...common, table: 'shared' };
  const sameNumbers = listed.length === leader.size && listed.every((fd) => leader.has(Number(fd)));
  if (sameNumbers && listed.length > MOST_COMPARED) return { ...common, table: 'shared' };
  const own = namesOf(evidence, `${base}/fd`)!;
  const same = sameNumbers && [...own].every(([fd, link]) => leader.get(fd) === link);
  if (same) return { ...common, table: 'shared' };
  // A busy process opens and closes between two reads: only what differs twice is another table.
  const leaderAgain = namesOf(evidence, `/proc/${pid}/task/${pid}/fd`);
  const ownAgain = namesOf(evidence, `${base}/fd`);
  const differs = leaderAgain && ownAgain && [...ownAgain].some(([fd, link]) => own.get(fd) === link && leader.get(fd) !== link && leaderAgain.get(fd) !== link);
  const lacks = leaderAgain && ownAgain && [...leaderAgain].some(([fd, link]) => leader.get(fd) === link && own.get(fd) !== link && ownAgain.get(fd) !== link);
  if (!differs && !lacks) return { ...common, table: 'shared' };
  return { ...common, table: 'own', fds: [...own].map(([fd, link]) => ({ fd, target: decodeText(link).text })) };
}
