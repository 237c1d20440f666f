/** `data` of a comparison. */
import type { Finding, Host, Severity } from '../report/index.ts';
import type { Target } from '../report/types.ts';
import { type CoverageChange, compareCoverage, compareFindings, compareGroups, compareNumbers, type FindingChanges, type GroupChange, isWorse, type NumberChange, sameTarget } from './compare.ts';
import { type Counts, countsOf } from './counts.ts';
import { compareDescriptors, type DescriptorChanges } from './descriptors.ts';
import type { Side } from './load.ts';

export interface SideRow {
  file: string;
  isTape: boolean;
  startedAt: string;
  host: Host;
  target: Target | null;
}

export interface FindingRow {
  id: string;
  severity: Severity;
  title: string;
  fingerprint: string;
  /** In A, where that differs. */
  severityBefore?: Severity;
}

export interface DiffData {
  /** What both are reports of. */
  command: string;
  a: SideRow;
  b: SideRow;
  sameTarget: boolean;
  /** Names on the tapes are pseudonyms: paths are compared by their shape, addresses not at all. */
  nameless: boolean;
  /** Those that changed first, by the size of the change. */
  groups: GroupChange[];
  numbers: NumberChange[];
  findings: { new: FindingRow[]; gone: FindingRow[]; same: FindingRow[] };
  coverage: CoverageChange[];
  /** null: one of them does not list its descriptors. */
  descriptors: DescriptorChanges | null;
}

export interface Comparison {
  data: DiffData;
  findings: FindingChanges;
}

/** Throws UserError (exit 2) for a report whose `data` is not what its command makes. */
export function compare(a: Side, b: Side): Comparison {
  const nameless = a.redacted || b.redacted;
  const [before, now] = [countsIn(a), countsIn(b)];
  const findings = compareFindings(a.report.findings, b.report.findings);
  const isFds = a.report.command === 'fds';
  const descriptors = isFds ? compareDescriptors({ data: a.report.data, wrong: a.wrong }, { data: b.report.data, wrong: b.wrong }, nameless) : null;
  return {
    findings,
    data: {
      command: a.report.command,
      a: rowOf(a),
      b: rowOf(b),
      sameTarget: sameTarget(a.report, b.report, nameless),
      nameless,
      groups: compareGroups(before.groups, now.groups, nameless),
      numbers: compareNumbers(before.numbers, now.numbers),
      findings: {
        new: findings.added.map(briefly),
        gone: findings.gone.map(briefly),
        same: findings.paired.map(({ before: was, now: is }) => ({ ...briefly(is), ...(was.severity !== is.severity && { severityBefore: was.severity }) })),
      },
      coverage: compareCoverage(a.report.coverage, b.report.coverage),
      descriptors,
    },
  };
}

/** What B has and A has not, or has less badly. */
export function worseThanBefore({ added, paired }: FindingChanges): Finding[] {
  return [...added, ...paired.filter(isWorse).map(({ now }) => now)];
}

function countsIn({ report, wrong }: Side): Counts {
  const counts = countsOf(report.command, report.data);
  if ('what' in counts) throw wrong(counts);
  return counts;
}

function rowOf({ file, isTape, report: { startedAt, host, target } }: Side): SideRow {
  return { file, isTape, startedAt, host: { kernel: host.kernel, hostname: host.hostname }, target: target && { spec: target.spec, label: target.label, pids: target.pids } };
}

function briefly({ id, severity, title, fingerprint }: Finding): FindingRow {
  return { id, severity, title, fingerprint };
}
