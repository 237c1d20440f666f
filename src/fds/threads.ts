/** Threads with an fd table of their own (unshare(CLONE_FILES)): /proc/PID/fd shows the leader's only. */
import type { Evidence } from '../evidence/types.ts';
import type { CoverageLog } from '../kernel/coverage.ts';
import { errnoWords, statusOf } from '../kernel/coverage.ts';
import type { TargetOptions } from '../kernel/look-at.ts';
import { parseStat } from '../kernel/proc/stat.ts';
import { decodeText } from '../kernel/text.ts';
import type { Snapshot } from '../kernel/types.ts';

/** --threads, beside what says whom to look at. */
export interface ThreadOptions extends TargetOptions {
  threads: boolean;
}

export interface ThreadTable {
  pid: number;
  tid: number;
  comm: string;
  open: number | null;
  table: 'shared' | 'own';
  /** Of a table of its own: what is open in it. */
  fds?: { fd: number; target: string }[];
}

/** Names are compared for at most this many descriptors in all: beyond, tables of the same numbers are taken for one. */
const MOST_COMPARED = 200_000;

/** The table of every thread of every process of the snapshot. Threads that could not be read have `open` null and a line in `coverage`. */
export function readThreads(evidence: Evidence, snapshot: Snapshot, coverage: CoverageLog): ThreadTable[] {
  const threads: ThreadTable[] = [];
  const budget: Budget = { left: MOST_COMPARED, cut: false };
  for (const { process } of snapshot.tables) {
    const listed = evidence.list(`/proc/${process.pid}/task`);
    if (!listed.value) {
      const errno = listed.errno ?? 'EIO';
      coverage.note({ source: 'threads', status: statusOf(errno), detail: errnoWords(errno), needed: true });
      continue;
    }
    const leader = namesOf(evidence, `/proc/${process.pid}/task/${process.pid}/fd`, budget);
    const read = listed.value.map((name) => threadTable(evidence, process.pid, Number(name), leader, budget));
    const found = read.filter((table) => table !== 'gone');
    threads.push(...found);
    noteCoverage(evidence, found, budget, coverage);
  }
  return threads;
}

function noteCoverage(evidence: Evidence, found: readonly ThreadTable[], budget: Budget, coverage: CoverageLog): void {
  const unread = found.find((thread) => thread.open === null);
  const errno = unread && (evidence.list(fdsOf(unread)).errno ?? 'EIO');
  const seen = found.filter((thread) => thread.open !== null).length;
  coverage.note({
    source: 'threads',
    status: errno !== undefined ? statusOf(errno) : budget.cut ? 'partial' : 'ok',
    seen,
    total: found.length,
    needed: true,
    ...(errno !== undefined && { detail: errnoWords(errno) }),
    ...(errno === undefined && budget.cut && { detail: 'of the last tables only the numbers were compared: there are too many' }),
  });
}

interface Budget {
  left: number;
  /** Some tables were not compared by name. */
  cut: boolean;
}

type Names = Map<number, string> | undefined;

function fdsOf({ pid, tid }: Pick<ThreadTable, 'pid' | 'tid'>): string {
  return `/proc/${pid}/task/${tid}/fd`;
}

function namesOf(evidence: Evidence, directory: string, budget: Budget): Names {
  const listed = evidence.list(directory).value;
  if (!listed) return undefined;
  budget.left -= listed.length;
  return new Map(listed.map((fd) => [Number(fd), evidence.readlink(`${directory}/${fd}`).value ?? '']));
}

function threadTable(evidence: Evidence, pid: number, tid: number, leader: Names, budget: Budget): ThreadTable | 'gone' {
  const comm = decodeText(parseStat(evidence.read(`/proc/${pid}/task/${tid}/stat`).value ?? '')?.comm ?? '').text;
  const directory = fdsOf({ pid, tid });
  const listed = evidence.list(directory);
  if (listed.errno === 'ENOENT' || listed.errno === 'ESRCH') return 'gone';
  const shared: ThreadTable = { pid, tid, comm, open: listed.value?.length ?? null, table: 'shared' };
  if (tid === pid || !listed.value || !leader) return shared;
  const sameNumbers = listed.value.length === leader.size && listed.value.every((fd) => leader.has(Number(fd)));
  if (sameNumbers && budget.left < listed.value.length) {
    budget.cut = true;
    return shared;
  }
  const own = namesOf(evidence, directory, budget);
  if (!own || (sameNumbers && [...own].every(([fd, link]) => leader.get(fd) === link))) return shared;
  // A busy process opens and closes between two reads: only what differs twice is another table.
  const leaderAgain = namesOf(evidence, fdsOf({ pid, tid: pid }), budget);
  const ownAgain = namesOf(evidence, directory, budget);
  if (!leaderAgain || !ownAgain) return shared;
  const differs = [...ownAgain].some(([fd, link]) => own.get(fd) === link && leader.get(fd) !== link && leaderAgain.get(fd) !== link);
  const lacks = [...leaderAgain].some(([fd, link]) => leader.get(fd) === link && own.get(fd) !== link && ownAgain.get(fd) !== link);
  if (!differs && !lacks) return shared;
  return { ...shared, table: 'own', fds: [...own].map(([fd, link]) => ({ fd, target: decodeText(link).text })) };
}
