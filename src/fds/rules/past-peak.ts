import { highestNumber, sizeOf } from '../../kernel/plain-fds.ts';
import { processesLabel, servicesOf } from '../../kernel/services.ts';
import { snapshotRule, subjectOf, watchRemedy } from '../../kernel/snapshot-rule.ts';
import type { FdTable, Process } from '../../kernel/types.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { count } from '../../report/words.ts';

const ID = 'fd/past-peak';
const SMALLEST_TABLE = 1024;
/** Capacity per open descriptor; doubling alone explains 2, and a busy hour some more. */
const SPARE_FACTOR = 8;
const FEW_OPEN = 64;

interface Peak {
  process: Process;
  open: number;
}

/** The table of a process grows by doubling and never shrinks, so a large empty one tells of a past peak. */
export const pastPeak = snapshotRule(ID, (snapshot) =>
  servicesOf(snapshot.tables).flatMap(({ tables }) => {
    const peaks = tables.flatMap((table) => peakOf(table) ?? []);
    peaks.sort((a, b) => b.process.fdSize - a.process.fdSize || a.open - b.open);
    return peaks.length === 0 ? [] : [findingOf(peaks)];
  }),
);

function peakOf(table: FdTable): Peak | undefined {
  const { process, errno } = table;
  const open = errno === undefined ? sizeOf(table) : process.open;
  if (open === null || process.fdSize < SMALLEST_TABLE || process.fdSize < SPARE_FACTOR * Math.max(open, FEW_OPEN)) return undefined;
  // A number that is in use now explains the size without any peak.
  return highestNumber(table) >= process.fdSize / 2 ? undefined : { process, open };
}

function findingOf(peaks: readonly Peak[]): Finding {
  const { process, open } = peaks[0]!;
  const who = processesLabel(peaks.map((peak) => peak.process));
  const once = process.fdSize / 2;
  return {
    id: ID,
    severity: 'info',
    confidence: 'likely',
    because: 'the kernel never shrinks the table of a process; a single descriptor moved to a high number would leave the same trace',
    title: `${who} has ${count(open)} descriptors open, but once had more than ${count(once)}, or one numbered as high`,
    subject: subjectOf('process', 'descriptor table', process),
    evidence: [
      { name: 'capacity of the table (FDSize)', value: process.fdSize, source: `/proc/${process.pid}/status` },
      { name: 'open descriptors', value: open, source: `/proc/${process.pid}/fd` },
    ],
    remedy: [watchRemedy(process, 'watch it through the next busy hour: a burst that came near the limit will come again')],
    fingerprint: fingerprint(ID, 'process'),
  };
}
