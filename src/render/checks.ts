/** A report as a list of checks, for formats that know nothing else: what was looked for and not found is one, too. */
import { atOrAbove } from '../report/rule.ts';
import type { Coverage, Finding, Report } from '../report/types.ts';
import { headline } from './headline.ts';
import type { RenderOptions } from './types.ts';

export type Check =
  | { result: 'passed'; name: string; notes: Finding[] }
  | { result: 'failed'; name: string; finding: Finding }
  /** Could not look. */
  | { result: 'error'; name: string; coverage: Coverage };

/** One for each rule that found nothing, one for each finding that fails the run, one for each source that was needed and not read. Never none. */
export function checksOf(report: Report, { checked = [], failOn = 'critical' }: Pick<RenderOptions, 'checked' | 'failOn'>): Check[] {
  const fails = report.findings.filter(({ severity }) => failOn !== 'never' && atOrAbove(severity, failOn));
  const notes = report.findings.filter((finding) => !fails.includes(finding));
  const ids = [...new Set([...checked, ...notes.map(({ id }) => id)])].filter((id) => !fails.some((finding) => finding.id === id)).sort();
  const missing = report.coverage.filter(({ needed, status }) => needed && status !== 'ok');
  const checks: Check[] = [
    ...fails.map((finding): Check => ({ result: 'failed', name: finding.id, finding })),
    ...missing.map((coverage): Check => ({ result: 'error', name: coverage.source, coverage })),
    ...ids.map((name): Check => ({ result: 'passed', name, notes: notes.filter(({ id }) => id === name) })),
  ];
  // A run of which nothing is said must not be taken for one that passed.
  return checks.length > 0 ? checks : [{ result: 'passed', name: `${report.command}: ${headline(report).text}`, notes: [] }];
}

export interface Place {
  file: string;
  line: number;
  column?: number;
}

const PLACE = /^(.+?):(\d+)(?::(\d+))?$/s;

/** Where in the user's own code it is, by the evidence called `site`: below the working directory only. */
export function placeOf(finding: Finding, cwd: string): Place | undefined {
  const site = finding.evidence.find(({ name, value }) => name === 'site' && typeof value === 'string');
  const [, file, line, column] = PLACE.exec(String(site?.value ?? '').replace(/^file:\/\//, '')) ?? [];
  if (file === undefined || Number(line) < 1) return undefined;
  const relative = file.startsWith(`${cwd}/`) ? file.slice(cwd.length + 1) : file;
  if (relative.startsWith('/') || relative.split('/').includes('..')) return undefined;
  return { file: relative, line: Number(line), ...(column !== undefined && Number(column) > 0 && { column: Number(column) }) };
}

/** Words of a coverage line that is a gap. */
export function gapWords({ source, status, detail, fix }: Coverage): string {
  return `could not look: ${source} (${status}${detail === undefined ? '' : `: ${detail}`})${fix === undefined ? '' : `; fix: ${fix}`}`;
}

/** What belongs to a finding, in lines. */
export function factLines({ because, evidence, remedy }: Finding): string[] {
  return [
    `why: ${because}`,
    ...evidence.map(({ name, value, unit, limit, source }) => `${name}: ${String(value)}${unit === undefined ? '' : ` ${unit}`}${limit === undefined ? '' : ` (limit ${limit})`}, ${source}`),
    ...remedy.map(({ text, command }) => `do: ${text}${command === undefined ? '' : `: ${command}`}`),
  ];
}
