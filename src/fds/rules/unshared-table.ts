import { sizeOf } from '../../kernel/plain-fds.ts';
import { processesLabel, servicesOf } from '../../kernel/services.ts';
import { snapshotRule, subjectOf } from '../../kernel/snapshot-rule.ts';
import type { FdTable, OwnTable, Process } from '../../kernel/types.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { count, percent, plural } from '../../report/words.ts';

const ID = 'fd/unshared-table';
/** As of fd/near-limit, which judges the table of the leader only. */
const WARNING_RATIO = 0.8;
/** A limit below standard input, output and error is a sandbox and no fault. */
const SANDBOX_LIMIT = 3;

interface Unshared {
  process: Process;
  /** Descriptors of the leader's table. */
  shown: number;
  threads: OwnTable[];
  largest: OwnTable;
}

/** Threads whose descriptors no table of the process shows: what is counted there, and what is found, is not the whole truth. */
export const unsharedTable = snapshotRule(ID, (snapshot) =>
  servicesOf(snapshot.tables).flatMap(({ tables }) => {
    const found = tables.flatMap(unsharedIn).sort((a, b) => ratioOf(b) - ratioOf(a) || b.largest.open - a.largest.open);
    return found.length === 0 ? [] : [findingOf(found)];
  }),
);

function unsharedIn(table: FdTable): Unshared[] {
  const { process, threads = [] } = table;
  const [largest] = threads.toSorted((a, b) => b.open - a.open || a.tid - b.tid);
  return largest ? [{ process, shown: sizeOf(table), threads, largest }] : [];
}

/** Each table has the whole limit for itself. */
function ratioOf({ process, largest }: Unshared): number {
  const { soft } = process.limit;
  return soft === null || soft < SANDBOX_LIMIT ? 0 : largest.open / soft;
}

function findingOf(found: readonly Unshared[]): Finding {
  const worst = found[0]!;
  const { process, shown, largest } = worst;
  const ratio = ratioOf(worst);
  const near = ratio >= WARNING_RATIO;
  const threads = found.reduce((sum, one) => sum + one.threads.length, 0);
  const who = processesLabel(found.map((one) => one.process));
  const has = threads === 1 ? 'has a descriptor table of its own' : 'have descriptor tables of their own';
  const most = `${count(largest.open)} open in the largest${near ? `, ${percent(ratio)} of the limit` : ''}`;
  const soft = process.limit.soft === null ? {} : { limit: process.limit.soft };
  return {
    id: ID,
    severity: near ? 'warning' : 'info',
    confidence: 'certain',
    because: 'the numbers open in the thread and in the process were listed several times in turn, and the same ones differed each time',
    title: `${plural('thread', threads)} of ${who} ${has}: ${most}, beside the ${count(shown)} that the process shows`,
    subject: subjectOf('process', 'descriptor tables of threads', process),
    evidence: [
      { name: 'threads with a table of their own', value: threads, source: `/proc/${process.pid}/task` },
      { name: 'open in the largest', value: largest.open, ...soft, source: `/proc/${process.pid}/task/${largest.tid}/fd` },
      { name: 'open in the table of the process', value: shown, ...soft, source: `/proc/${process.pid}/fd` },
    ],
    remedy: [
      {
        text: 'see what these threads hold: no other part of this report looks into their tables',
        command: `reloadctl fds ${process.pid} --threads`,
        risk: 'none',
      },
      {
        text: 'unshare(CLONE_FILES) copies all that is open: close in the thread what it does not need; until then no peer sees an end',
        risk: 'restart',
      },
    ],
    fingerprint: fingerprint(ID, 'process'),
  };
}
