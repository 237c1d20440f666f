import type { Confidence, Coverage, Finding, Report, Severity } from '../report/types.ts';
import type { Tone } from './document.ts';
import { plural } from '../report/words.ts';

const SEVERITY_ORDER: Record<Severity, number> = { critical: 0, warning: 1, info: 2 };
const CONFIDENCE_ORDER: Record<Confidence, number> = { certain: 0, likely: 1, hint: 2 };

export const SEVERITY_WORD: Record<Severity, string> = { critical: 'CRITICAL', warning: 'WARNING', info: 'INFO' };

/** The one sentence of a report. `text` is raw: the format escapes it. `finding` is the one it speaks of. */
export interface Headline {
  word: string;
  tone: Tone;
  text: string;
  finding?: Finding;
}

/** Findings, worst first: by severity, then by confidence, else in the order given. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  return findings.toSorted(
    (a, b) => SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity] || CONFIDENCE_ORDER[a.confidence] - CONFIDENCE_ORDER[b.confidence],
  );
}

/** Commands of which it says less, or more, that nothing was found. */
const NOTHING: Readonly<Record<string, string>> = {
  // Of two reports only what became worse is told: either may have faults enough.
  diff: 'nothing new, and nothing worse than before',
  // It takes what others judge later.
  record: 'recorded, and not judged',
  gate: 'every rule that was asked holds',
};

/** Of `gate --record`. */
function isNote(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'recorded' in data;
}

/** What of the coverage keeps the verdict open, in words: `could not look: /proc/42/fd (denied: EACCES) and 2 more sources`. */
function unanswered(coverage: readonly Coverage[]): string {
  const missing = coverage.filter((line) => line.status !== 'ok');
  const needed = missing.filter((line) => line.needed);
  const lines = needed.length > 0 ? needed : missing;
  const [first] = lines;
  if (first === undefined) return 'could not look';
  const lead = lines.every((line) => line.status === 'partial') ? 'could look only in part' : 'could not look';
  const reason = first.detail === undefined ? first.status : `${first.status}: ${first.detail}`;
  const more = lines.length > 1 ? ` and ${plural('more source', lines.length - 1)}` : '';
  return `${lead}: ${first.source} (${reason})${more}`;
}

function ofFinding(report: Report, finding: Finding): Headline {
  const more = report.findings.length > 1 ? `, and ${plural('more finding', report.findings.length - 1)}` : '';
  const open = report.verdict === 'inconclusive' ? `; inconclusive: ${unanswered(report.coverage)}` : '';
  return {
    word: SEVERITY_WORD[finding.severity],
    tone: finding.severity,
    text: `${finding.title} (${finding.confidence})${more}${open}`,
    finding,
  };
}

/**
 * The verdict in one sentence: the worst finding from `warning` up (from `info` when that failed the run), else
 * INCONCLUSIVE with what could not be read, else OK, which says so when a source that was not needed is missing.
 */
export function headline(report: Report): Headline {
  const [worst] = worstFirst(report.findings);
  if (worst !== undefined && (worst.severity !== 'info' || report.verdict === 'fail')) return ofFinding(report, worst);
  const notes = report.findings.length > 0 ? `; ${plural('note', report.findings.length)}` : '';
  if (report.verdict === 'inconclusive') {
    return { word: 'INCONCLUSIVE', tone: 'warning', text: `${unanswered(report.coverage)}${notes}` };
  }
  if (report.verdict === 'fail') {
    const asked = report.coverage.find(({ source, status }) => source === 'target' && status === 'absent')?.detail;
    return { word: 'FAIL', tone: 'critical', text: asked ?? 'failed, and no finding says why' };
  }
  const unread = report.coverage.filter((line) => line.status !== 'ok').length;
  const limits = unread > 0 ? ` in what could be read (${plural('source', unread)} not fully read)` : '';
  const nothing = isNote(report.data) ? 'the reload is noted, and nothing was asked' : (NOTHING[report.command] ?? 'nothing wrong found');
  return { word: 'OK', tone: 'good', text: `${nothing}${limits}${notes}` };
}
