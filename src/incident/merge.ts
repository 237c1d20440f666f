/** Findings and coverage of several parts as those of one report. */
import { compareFindings, type Coverage, type CoverageStatus, type Finding } from '../report/index.ts';

/** Worst first; what two parts found in the same thing is told once. */
export function mergeFindings(lists: readonly (readonly Finding[])[]): Finding[] {
  const known = new Map<string, Finding>();
  for (const finding of lists.flat()) {
    const { id, fingerprint, subject } = finding;
    const name = JSON.stringify([id, fingerprint, subject.pid, subject.key]);
    const before = known.get(name);
    if (!before || compareFindings(finding, before) < 0) known.set(name, finding);
  }
  return [...known.values()].sort(compareFindings);
}

const SEVERITY: Record<CoverageStatus, number> = { ok: 0, unsupported: 1, absent: 2, partial: 3, denied: 4, timeout: 5 };

/** One line per source: several parts read the same, and the one that got least counts. */
export function mergeCoverage(lists: readonly (readonly Coverage[])[]): Coverage[] {
  const known = new Map<string, Coverage>();
  for (const entry of lists.flat()) {
    const before = known.get(entry.source);
    if (!before) known.set(entry.source, entry);
    else if (SEVERITY[entry.status] > SEVERITY[before.status]) known.set(entry.source, { ...entry, needed: entry.needed || before.needed });
    else if (entry.needed && !before.needed && entry.status !== 'ok') known.set(entry.source, { ...before, needed: true });
  }
  return [...known.values()];
}

/** What must be read for the question of a report: the descriptors, and that the target is there to its end. */
const NEEDED = new Set(['fd table', 'processes', 'target']);

/**
 * A part of which something could not be read leaves a gap that is told; whether the report as a whole is inconclusive is
 * decided by what every process has.
 */
export function lessNeeded(entries: readonly Coverage[]): Coverage[] {
  return entries.map((entry) => (entry.needed && !NEEDED.has(entry.source) ? { ...entry, needed: false } : entry));
}
