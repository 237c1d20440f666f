/** Runs the built reloadctl and reads its JSON, as a script would. */
import { expect } from 'vitest';
import type { FdRow } from '../../../src/fds/attributes.ts';
import type { FdsData } from '../../../src/fds/data.ts';
import type { Coverage, Finding, Report } from '../../../src/report/types.ts';
import { type RunOptions, type RunResult, reloadctl } from '../../live/support/program.ts';

export interface Looked {
  run: RunResult;
  report: Report<FdsData>;
  findings: Finding[];
}

/** The whole of stdout as one JSON report; fails when anything else is there. */
export function reportOf(run: RunResult): Report<FdsData> {
  expect(run.stdout, `stdout of a run that said: ${run.stderr}`).toMatch(/^\{.*\}\n$/s);
  return JSON.parse(run.stdout) as Report<FdsData>;
}

/** `reloadctl fds ARGS --json`. */
export async function look(args: (string | number)[], options: RunOptions = {}): Promise<Looked> {
  const run = await reloadctl(['fds', ...args.map(String), '--json'], options);
  const report = reportOf(run);
  return { run, report, findings: report.findings };
}

/** The first finding of this id; fails without one. */
export function findingOf(looked: Pick<Looked, 'findings'>, id: string): Finding {
  const found = looked.findings.find((finding) => finding.id === id);
  expect(found, `${id} among ${looked.findings.map((finding) => finding.id).join(', ') || 'no finding'}`).toBeDefined();
  return found!;
}

/** Value of one line of evidence; fails without it. */
export function evidenceOf(finding: Finding, name: string): string | number | boolean {
  const found = finding.evidence.find((item) => item.name === name);
  expect(found, `evidence ${name} among ${finding.evidence.map((item) => item.name).join(', ')}`).toBeDefined();
  return found!.value;
}

/** Findings above `info`: what a healthy process must not have. */
export function alarmsOf(looked: Pick<Looked, 'findings'>): string[] {
  const alarms = looked.findings.filter((finding) => finding.severity !== 'info');
  return alarms.map((finding) => `${finding.severity} ${finding.id}: ${finding.title}`);
}

export function coverageOf(looked: Pick<Looked, 'report'>, source: string): Coverage {
  const found = looked.report.coverage.find((line) => line.source === source);
  expect(found, `coverage of ${source} among ${looked.report.coverage.map((line) => line.source).join(', ')}`).toBeDefined();
  return found!;
}

/** Sum of the groups' counts, by kind. */
export function countByKind(data: FdsData): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind, count } of data.groups) counts[kind] = (counts[kind] ?? 0) + count;
  return counts;
}

/** Count of the one group of this key. */
export function countOf(data: FdsData, key: string | RegExp): number {
  const groups = data.groups.filter((group) => (typeof key === 'string' ? group.key === key : key.test(group.key)));
  expect(groups, `one group ${key} among ${data.groups.map((group) => group.key).join(' | ')}`).toHaveLength(1);
  return groups[0]!.count;
}

/** Row of one descriptor of a report made with --list. */
export function rowOf(data: FdsData, fd: number): FdRow {
  const row = data.fds?.find((one) => one.fd === fd);
  expect(row, `descriptor ${fd}`).toBeDefined();
  return row!;
}
