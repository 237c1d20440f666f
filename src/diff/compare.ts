/** What is different between two reports of one command. */
import type { CoverageStatus, Finding, Severity } from '../report/index.ts';
import type { Counted } from './counts.ts';
import { processesOf } from './descriptors.ts';
import { withoutNames } from './pseudonyms.ts';
import type { SavedReport } from './saved-report.ts';

export interface GroupChange {
  kind: string;
  key: string;
  a: number;
  b: number;
  delta: number;
}

export interface NumberChange {
  name: string;
  /** null: unlimited, not known, or not told. */
  a: number | null;
  b: number | null;
  delta: number | null;
}

export interface PairedFinding {
  before: Finding;
  now: Finding;
}

export interface FindingChanges {
  added: Finding[];
  gone: Finding[];
  paired: PairedFinding[];
}

/**
 * Largest change first, then the largest group.
 * @param nameless when names differ though the things do not
 */
export function compareGroups(a: readonly Counted[], b: readonly Counted[], nameless: boolean): GroupChange[] {
  const idOf = (kind: string, key: string): string => `${kind}\0${key}`;
  const changes = new Map<string, GroupChange>();
  const known = new Set(a.map(({ kind, key }) => idOf(kind, key)));
  // What is called alike on both sides is no pseudonym: /dev/null, a state.
  const common = new Set(b.map(({ kind, key }) => idOf(kind, key)).filter((id) => known.has(id)));
  for (const [side, groups] of [['a', a], ['b', b]] as const) {
    for (const { kind, key: name, count } of groups) {
      const key = nameless && !common.has(idOf(kind, name)) ? withoutNames(name) : name;
      const id = idOf(kind, key);
      const change = changes.get(id) ?? { kind, key, a: 0, b: 0, delta: 0 };
      change[side] += count;
      change.delta = change.b - change.a;
      changes.set(id, change);
    }
  }
  const compareText = (x: string, y: string): number => (x < y ? -1 : x > y ? 1 : 0);
  return [...changes.values()].sort(
    (x, y) => Math.abs(y.delta) - Math.abs(x.delta) || y.delta - x.delta || y.b - x.b || compareText(x.kind, y.kind) || compareText(x.key, y.key),
  );
}

/** Numbers of either side by name; `delta` is B minus A, null where one of them is not known. */
export function compareNumbers(a: ReadonlyMap<string, number | null>, b: ReadonlyMap<string, number | null>): NumberChange[] {
  return [...new Set([...a.keys(), ...b.keys()])].map((name) => {
    const [before, now] = [a.get(name) ?? null, b.get(name) ?? null];
    return { name, a: before, b: now, delta: before === null || now === null ? null : now - before };
  });
}

/**
 * By fingerprint, which is equal for the same fault of the same thing tomorrow. Several of one fingerprint are paired one to
 * one, those with the same subject first: one more of them is new.
 */
export function compareFindings(a: readonly Finding[], b: readonly Finding[]): FindingChanges {
  const left = new Set(a);
  const added = new Set(b);
  const paired: PairedFinding[] = [];
  const pair = (isSame: (before: Finding, now: Finding) => boolean): void => {
    for (const now of b) {
      const before = added.has(now) && [...left].find((candidate) => candidate.fingerprint === now.fingerprint && isSame(candidate, now));
      if (!before) continue;
      left.delete(before);
      added.delete(now);
      paired.push({ before, now });
    }
  };
  pair((before, now) => before.subject.key === now.subject.key && before.severity === now.severity);
  pair((before, now) => before.subject.key === now.subject.key);
  pair((before, now) => before.severity === now.severity);
  pair(() => true);
  return { added: [...added], gone: [...left], paired };
}

const rank: Record<Severity, number> = { critical: 0, warning: 1, info: 2 };

/** Is the severity in B higher than it was in A, or what a finding counts as left open twice as much? */
export function isWorse({ before, now }: PairedFinding): boolean {
  return rank[now.severity] < rank[before.severity] || (now.severity !== 'info' && leftOpen(now) >= 2 * leftOpen(before) && leftOpen(before) > 0);
}

/** `open when it ended`, `open at the end of the log`; 0 where a finding has no such number. */
function leftOpen({ evidence }: Finding): number {
  const value = evidence.find(({ name }) => name.startsWith('open '))?.value;
  return typeof value === 'number' ? value : 0;
}

export interface CoverageChange {
  source: string;
  /** null: it was not asked there. */
  a: CoverageStatus | null;
  b: CoverageStatus | null;
}

/** Sources that answered better on one side than on the other. */
export function compareCoverage(a: SavedReport['coverage'], b: SavedReport['coverage']): CoverageChange[] {
  const statuses = (coverage: SavedReport['coverage']): Map<string, CoverageStatus> => new Map(coverage.map(({ source, status }) => [source, status]));
  const [before, now] = [statuses(a), statuses(b)];
  return [...new Set([...before.keys(), ...now.keys()])]
    .map((source) => ({ source, a: before.get(source) ?? null, b: now.get(source) ?? null }))
    .filter((change) => change.a !== change.b && [change.a, change.b].some((status) => status !== null && status !== 'ok'));
}

/** Whether both are about the same thing, as far as reports tell. */
export function sameTarget(a: SavedReport, b: SavedReport, nameless: boolean): boolean {
  if (a.target === null || b.target === null) return a.target === b.target && (nameless || a.host.hostname === b.host.hostname);
  if (nameless) return [...processesOf(a.data)].some((process) => processesOf(b.data).has(process));
  // A service that was restarted has other pids and the same name.
  const plain = (label: string): string => label.replace(/ \((?:pid \d+|\d+ processes)\)$/, '');
  return a.host.hostname === b.host.hostname && (plain(a.target.label) === plain(b.target.label) || (a.target.spec === b.target.spec && !/^\d+$/.test(a.target.spec)));
}
